"""What a runner is, and making one by its name. Nothing heavy is imported for stand-ins."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol

from calciscope.errors import ServiceError
from calciscope.service.work.outcome import Outcome
from calciscope.service.work.request import RunOptions, WorkRequest

STUDY_RUNNER = "calciscope.service.work.runner:StudyRunner"
"""The factory of the real one, as workers are told it."""


class Runner(Protocol):
    """What a worker does with requests; stand-ins of tests have these two methods."""

    def warm_up(self, options: Sequence[RunOptions]) -> None:
        """Load what these options need; raises CalciscopeError where it is not usable."""

    def run(self, request: WorkRequest) -> Outcome:
        """Carry one request out; its results lie in its output folder when it is done."""


def make_runner(dotted: str) -> Runner:
    """The runner that a factory gives.

    Args:
        dotted: `package.module:name` of the factory, which takes no arguments; from the program,
            never from settings.

    Raises:
        ServiceError: there is no such factory.
    """
    module, _, name = dotted.partition(":")
    try:
        factory: Callable[[], Runner] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ServiceError(f"there is no runner {dotted} ({error}); check its name") from error
    return factory()
