"""The usual way of a job through the journal, in steps."""

from collections.abc import Callable

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Delivery, NewInstance, Registered

Arrive = Callable[..., int]


def come_again(
    journal: Journal, digest: str = "1.1", study: str = "1.2.3", file: str = "other.dcm",
    size: int = 10,
) -> Registered:  # fmt: skip
    """Instance 1.1 comes once more, from elsewhere."""
    new = NewInstance("1.1", f"{study}.1", study, file, size, digest, "receiver A")
    return journal.arrivals.register([new])[0]


def make_ready(journal: Journal, job_id: int) -> None:
    """A rule takes a job, and it is complete."""
    journal.jobs.take(job_id, "legs", 0)
    assert journal.jobs.make_ready(job_id, journal.jobs.get(job_id).instances)


def begin(journal: Journal, job_id: int) -> None:
    """A job is being analyzed."""
    make_ready(journal, job_id)
    claimed = journal.jobs.claim()
    assert claimed is not None
    assert claimed.id == job_id


def run(journal: Journal, job_id: int, *destinations: str) -> None:
    """A job that is ready is analyzed."""
    assert journal.jobs.claim() is not None
    journal.jobs.finish(job_id, "key", destinations)


def run_through(journal: Journal, job_id: int, *destinations: str) -> None:
    """A job that has just come is analyzed."""
    make_ready(journal, job_id)
    run(journal, job_id, *destinations)


def send(journal: Journal, destination: str = "pacs") -> Delivery:
    """What is due to a destination is being sent."""
    claimed = journal.deliveries.claim(destination)
    assert claimed is not None
    return claimed
