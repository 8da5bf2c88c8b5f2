"""Who carries requests out: the interface that worker processes and clusters share."""

from collections.abc import Callable
from typing import Protocol

from calciscope.service.work.outcome import Outcome
from calciscope.service.work.request import WorkRequest


class Executor(Protocol):
    """Takes requests and gives outcomes, in whatever order they come."""

    def start(self) -> None:
        """Begin.

        Raises:
            ServiceError: it cannot work: models are missing, a cluster does not answer.
        """

    def listen(self, tell: Callable[[], None]) -> None:
        """Call `tell`, from any thread, when there is something to collect or a worker is free."""

    def free(self) -> int:
        """How many requests may be submitted now."""

    def trouble(self) -> str:
        """Why studies wait although workers should be there; empty while all is well."""

    def submit(self, request: WorkRequest) -> None:
        """Begin a request; only while `free` is not 0."""

    def collect(self) -> list[tuple[int, Outcome]]:
        """Outcomes since the last call, each with the number of its job."""

    def stop(self, grace_seconds: float) -> None:
        """Wait so long for what is running, then end it; outcomes can still be collected.

        What gives no outcome by then never will, and writes nothing more.
        """


def no_listener() -> None:
    """Tell nobody."""
