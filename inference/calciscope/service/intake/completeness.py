"""When a study is whole: the assembler moves jobs from intake over waiting to ready.

Nothing in DICOM says that a study is complete. It is taken to be after a time without a new
instance; sooner when as many have come as were promised; later, up to a limit, while promised
instances or slices between others are missing. All times are by the clock that never jumps and
begin anew with the service.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock
from calciscope.service.intake.obstacles import counted, missing_instances, missing_slices
from calciscope.service.intake.rules import chosen_series, matching_rule
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job, SeriesRecord
from calciscope.service.journal.states import JobState
from calciscope.service.observers import Meter
from calciscope.service.settings.rules import Rule
from calciscope.service.settings.service import ServiceSettings

LOGGER = logging.getLogger(__name__)

_PAGE = 200
_UNDECIDED = (JobState.INTAKE, JobState.WAITING)


@dataclass
class _Watched:
    """What was seen of a job, by the clock that never jumps.

    Attributes:
        instances: when it was last looked at.
        first: when it was first seen.
        changed: when it last grew.
        obstacles: sentences on missing slices, once they have been looked for.
    """

    instances: int
    first: float
    changed: float
    obstacles: list[str] | None = None


class Assembler:
    """Decides for each open job whether its study is whole, and what becomes of it.

    Args:
        journal: of the jobs.
        settings: rules, and when a study is whole.
        clock: of the service.
        meter: told of refusals and of the time from the last instance to the decision.
    """

    def __init__(
        self, journal: Journal, settings: ServiceSettings, clock: Clock, meter: Meter
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._meter = meter
        self._watched: dict[int, _Watched] = {}

    def tick(self) -> bool:
        """Look at every open job once; gives False, as time has to go by in between."""
        seen = set()
        for job in self._open_jobs():
            seen.add(job.id)
            try:
                self._look_at(job)
            except StaleStateError:
                # Somebody else has moved or forgotten it; the next turn sees it as it is.
                LOGGER.info("job %d: changed meanwhile", job.id)
        for job_id in self._watched.keys() - seen:
            del self._watched[job_id]
        return False

    def _open_jobs(self) -> Iterator[Job]:
        before: int | None = None
        while page := self._journal.jobs.listed(_UNDECIDED, limit=_PAGE, before_id=before):
            yield from page
            before = page[-1].id

    def _look_at(self, job: Job) -> None:
        now = self._clock.monotonic()
        watched = self._watched.get(job.id)
        grown = watched is None or watched.instances != job.instances
        if watched is None:
            watched = self._watched[job.id] = _Watched(job.instances, now, now)
        elif grown:
            watched.instances, watched.changed, watched.obstacles = job.instances, now, None
        if grown and job.state is JobState.INTAKE:
            job = self._taken(job, self._journal.jobs.series(job))
        times = self._settings.completeness
        sure = counted(job) or job.code == "retry"
        quiet = now - watched.changed >= (times.counted_seconds if sure else times.quiet_seconds)
        at_limit = now - watched.first >= times.limit_seconds
        if quiet or at_limit:
            self._decide(job, watched, at_limit)

    def _taken(self, job: Job, series: list[SeriesRecord]) -> Job:
        """The job, taken by the rule that fits what has come so far."""
        rule = matching_rule(self._settings.rules, series)
        if rule is None or rule.ignore or rule.name == job.rule:
            return job
        self._journal.jobs.take(job.id, rule.name, rule.priority)
        return self._journal.jobs.get(job.id)

    def _decide(self, job: Job, watched: _Watched, at_limit: bool) -> None:
        """The study is quiet or its time is up: it is ready, refused, or waits with a reason."""
        series = self._journal.jobs.series(job)
        rule = matching_rule(self._settings.rules, series)
        refusal = self._refusal(job, rule, series)
        if rule is None or refusal is not None:
            code, reason = refusal or _NO_RULE
            self._refuse(job, code, reason)
            return
        obstacles = self._obstacles(job, watched, chosen_series(rule, series))
        # What came last may fit another rule than what came first.
        job = self._taken(job, series)
        if obstacles and not at_limit:
            self._wait(job, obstacles)
        elif obstacles and self._settings.completeness.at_limit == "refuse":
            waited = _words(self._settings.completeness.limit_seconds)
            self._refuse(
                job,
                "incomplete",
                f"{'; '.join(obstacles)}, and no more after {waited}; send what is missing, or"
                " retry to analyze what is there",
            )
        elif self._journal.jobs.make_ready(job.id, watched.instances):
            self._meter.stage("completeness", self._clock.monotonic() - watched.first)

    def _refusal(
        self, job: Job, rule: Rule | None, series: list[SeriesRecord]
    ) -> tuple[str, str] | None:
        """Code and reason of a refusal that no waiting changes."""
        most = self._settings.intake.study_instances
        if job.instances > most:
            return "too_many", (
                f"the study has {job.instances} instances, more than the {most} of"
                " intake.study_instances; send the series that are to be analyzed alone"
            )
        if rule is None:
            return _NO_RULE
        if rule.ignore:
            return "ignored", f"rule {rule.name} ignores such studies"
        if not chosen_series(rule, series):
            return (
                "no_series",
                f"none of the {len(series)} series is one that rule {rule.name} takes",
            )
        return None

    def _obstacles(self, job: Job, watched: _Watched, chosen: list[SeriesRecord]) -> list[str]:
        if job.code == "retry":
            # Whoever retries has read the reason, and wants what is there analyzed.
            return []
        if counted(job):
            return []
        if watched.obstacles is None:
            instances = self._journal.jobs.instances(job)
            watched.obstacles = missing_slices(chosen, instances)
        return missing_instances(job, chosen) + watched.obstacles

    def _wait(self, job: Job, obstacles: list[str]) -> None:
        """Say on the status page what is waited for, once."""
        reason = f"waits for more: {'; '.join(obstacles)}"
        if job.reason != reason:
            self._journal.jobs.move(
                job.id, (JobState.WAITING,), JobState.WAITING, reason=reason, code="waits"
            )

    def _refuse(self, job: Job, code: str, reason: str) -> None:
        self._journal.jobs.move(job.id, _UNDECIDED, JobState.REFUSED, reason=reason, code=code)
        if code != "ignored":
            self._meter.failed("completeness", code)
            LOGGER.warning("job %d: refused, %s", job.id, code)


_NO_RULE = ("no_rule", "no rule of the settings fits any of its series; calciscope watch --check"
            " with the folder of the study says why")  # fmt: skip


def _words(seconds: float) -> str:
    """A length of time for people."""
    if seconds >= 120:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds:.0f} seconds"
