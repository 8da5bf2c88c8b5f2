"""The page of one study, as its template wants it."""

from dataclasses import dataclass
from itertools import pairwise

from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.overview import Overview
from calciscope.service.journal.records import Job, SeriesRecord, Transition
from calciscope.service.journal.states import JobState
from calciscope.service.web.list_view import Row, row
from calciscope.service.web.names import one_line
from calciscope.service.web.times import Moment, exact, moment
from calciscope.service.web.words import STATES, Look, code_words

REPORT = "report.html"
STEPS = 200
"""Longest timeline; of more steps the last ones are shown."""


@dataclass(frozen=True)
class Step:
    """A change of state.

    Attributes:
        note: why, in words; may be empty.
        lasted: how long the state went on; empty for the one that goes on still.
    """

    look: Look
    at: Moment
    note: str
    lasted: str


@dataclass(frozen=True)
class Series:
    """A series as it arrived."""

    description: str
    modality: str
    images: str
    uid: str


@dataclass(frozen=True)
class Revision:
    """Another revision of the same study."""

    job: Job
    look: Look
    at: Moment


@dataclass(frozen=True)
class StudyView:
    """A job with everything around it.

    Attributes:
        row: what the list says too.
        newer: the number of the job of the newest revision, where this is not it.
        duplicates: instances that came again.
        attempts: those that did not succeed, in words; empty without any.
        has_report: whether it can be opened.
    """

    row: Row
    steps: tuple[Step, ...]
    series: tuple[Series, ...]
    revisions: tuple[Revision, ...]
    newer: int | None
    last_received: Moment
    duplicates: int
    attempts: str
    has_report: bool


def study_view(
    journal: Journal, data: DataFolder, job_id: int, now: float, patients: bool
) -> StudyView:
    """Look at a job; raises StaleStateError where there is none."""
    job = journal.jobs.get(job_id)
    revisions = journal.jobs.of_study(job.study_uid)
    newest = max((each.id for each in revisions), default=job.id)
    tries = [f"{job.attempts} failed"] if job.attempts else []
    tries += [f"{job.interruptions} cut off"] if job.interruptions else []
    return StudyView(
        row=row(job, journal.deliveries.of_job(job_id), now, patients),
        steps=_steps(journal.jobs.transitions(job_id)[-STEPS:], now),
        series=tuple(_series(each) for each in journal.jobs.series(job)),
        revisions=tuple(
            Revision(each, STATES[each.state], moment(each.created, now)) for each in revisions
        ),
        newer=newest if newest != job.id else None,
        last_received=moment(job.last_received, now),
        duplicates=Overview(journal.database).duplicates(job.study_id),
        attempts=", ".join(tries),
        has_report=job.has_result and (data.result(job_id) / REPORT).is_file(),
    )


def _steps(transitions: list[Transition], now: float) -> tuple[Step, ...]:
    lengths = [exact(later.at - earlier.at) for earlier, later in pairwise(transitions)]
    return tuple(
        Step(STATES[JobState(each.after)], moment(each.at, now), code_words(each.code), lasted)
        for each, lasted in zip(transitions, [*lengths, ""], strict=False)
    )


def _series(series: SeriesRecord) -> Series:
    missing = series.expected is not None and series.instances < series.expected
    return Series(
        one_line(series.attributes.get("SeriesDescription", "")),
        one_line(series.attributes.get("Modality", ""), 16),
        f"{series.instances:,} of {series.expected:,}" if missing else f"{series.instances:,}",
        one_line(series.series_uid, 64),
    )
