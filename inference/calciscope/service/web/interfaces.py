"""What the page needs of the rest of the service."""

from collections.abc import Callable
from typing import Protocol


class Operator(Protocol):
    """Carries out what a person asks for; `who` is written down.

    All raise StaleStateError where the job is no longer in a state that allows it.
    """

    def retry(self, job_id: int, who: str) -> None:
        """Begin a job anew."""

    def forget(self, job_id: int, who: str) -> None:
        """Forget the study of a job, with all its files."""

    def retry_delivery(self, job_id: int, destination: str, who: str) -> None:
        """Send the results of a job to one destination at once."""


class Health(Protocol):
    """Whether the service does its work.

    Attributes:
        ready: whether it takes studies in.
        reasons: why not, or what else waits for a person; a sentence each.
    """

    @property
    def ready(self) -> bool: ...

    @property
    def reasons(self) -> tuple[str, ...]: ...


HealthCheck = Callable[[], Health]
MetricsText = Callable[[], bytes]
"""All metrics in the text format of Prometheus."""
