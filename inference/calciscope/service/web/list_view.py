"""The list of studies, as its template wants it."""

from collections.abc import Sequence
from dataclasses import dataclass

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.overview import Overview
from calciscope.service.journal.records import Delivery, Job
from calciscope.service.journal.states import RETRIED, JobState
from calciscope.service.web.names import one_line, person
from calciscope.service.web.query import ATTENTION, GROUPS, ROWS, Query
from calciscope.service.web.times import Moment, moment
from calciscope.service.web.words import (
    STATES,
    Look,
    delivery_look,
    delivery_sentence,
    job_look,
    job_sentence,
)

PIPELINE = (
    JobState.INTAKE,
    JobState.WAITING,
    JobState.READY,
    JobState.RUNNING,
    JobState.DONE,
    JobState.DELIVERED,
)
"""The way of a study, from left to right."""

ASIDE = (JobState.REFUSED, JobState.FAILED)


@dataclass(frozen=True)
class Sent:
    """A delivery."""

    destination: str
    look: Look
    sentence: str
    attempts: int
    changed: Moment
    can_retry: bool


@dataclass(frozen=True)
class Row:
    """A job.

    Attributes:
        name, patient_id: of the patient; empty where they are not to be shown.
        description: of the study.
        images: such as "12 of 240".
        thumbnail: whether there may be a picture.
    """

    job: Job
    look: Look
    name: str
    patient_id: str
    description: str
    sentence: str
    images: str
    received: Moment
    changed: Moment
    sent: tuple[Sent, ...]
    thumbnail: bool
    can_retry: bool
    can_forget: bool

    @property
    def title(self) -> str:
        """What a person knows the study by."""
        return self.name or self.patient_id or self.description or f"Study of job {self.job.id}"


@dataclass(frozen=True)
class Tile:
    """A filter with the number of jobs behind it."""

    show: str
    look: Look
    count: int
    chosen: bool


@dataclass(frozen=True)
class ListView:
    """A page of the list.

    Attributes:
        everything, open, attention: the wide filters.
        pipeline, aside: a filter for each state.
        first, last: numbers of the rows shown, from 1.
        total: rows that fit the filters.
        ever: whether the journal holds anything at all.
    """

    query: Query
    everything: Tile
    open: Tile
    attention: Tile
    pipeline: tuple[Tile, ...]
    aside: tuple[Tile, ...]
    rows: tuple[Row, ...]
    first: int
    last: int
    total: int
    pages: int

    @property
    def ever(self) -> bool:
        """Whether the journal holds anything at all."""
        return self.everything.count > 0


def list_view(journal: Journal, query: Query, now: float, patients: bool) -> ListView:
    """Look at the journal.

    Args:
        journal: of the service.
        query: what is asked for; a page behind the last one gives the last.
        now: seconds since 1970.
        patients: whether Patient Name and ID are shown, and searched.
    """
    overview = Overview(journal.database)
    wanted = query.wanted(now, patients)
    found = overview.find(wanted, ROWS, (query.page - 1) * ROWS)
    pages = max(1, -(-found.total // ROWS))
    if query.page > pages:
        query = query.at(pages)
        found = overview.find(wanted, ROWS, (pages - 1) * ROWS)
    jobs = journal.jobs.several(found.job_ids)
    deliveries = journal.deliveries.of_jobs(found.job_ids)
    counts = journal.jobs.counts()
    attention = overview.find(Query(ATTENTION).wanted(now, patients), 0).total
    states = {
        state: Tile(state.value, STATES[state], counts[state], query.show == state.value)
        for state in JobState
    }
    first = (query.page - 1) * ROWS
    opened = sum(counts[state] for state in GROUPS["open"])
    return ListView(
        query,
        Tile("", Look("All", "mute"), sum(counts.values()), not query.show),
        Tile("open", Look("In progress", "work"), opened, query.show == "open"),
        Tile(ATTENTION, Look("Needs attention", "bad"), attention, query.show == ATTENTION),
        tuple(states[state] for state in PIPELINE),
        tuple(states[state] for state in ASIDE),
        tuple(row(job, deliveries.get(job.id, ()), now, patients) for job in jobs),
        min(first + 1, found.total),
        first + len(jobs),
        found.total,
        pages,
    )


def row(job: Job, deliveries: Sequence[Delivery], now: float, patients: bool) -> Row:
    """One job as it is shown."""
    whole = job.expected is None or job.instances >= job.expected
    return Row(
        job=job,
        look=job_look(job, deliveries),
        name=person(job.patient_name) if patients else "",
        patient_id=one_line(job.patient_id, 64) if patients else "",
        description=one_line(job.description),
        sentence=job_sentence(job, deliveries, now),
        images=f"{job.instances:,}" if whole else f"{job.instances:,} of {job.expected:,}",
        received=moment(job.first_received, now),
        changed=moment(job.changed, now),
        sent=tuple(sent(each, now) for each in deliveries),
        thumbnail=job.has_result,
        can_retry=job.state in RETRIED,
        can_forget=job.state != JobState.RUNNING,
    )


def sent(delivery: Delivery, now: float) -> Sent:
    """One delivery as it is shown."""
    look = delivery_look(delivery)
    return Sent(
        delivery.destination,
        look,
        delivery_sentence(delivery, now),
        delivery.attempts,
        moment(delivery.changed, now),
        look.tone in ("warn", "bad"),
    )
