"""What a person may do with the jobs, from the command line or the status page."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock, SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Delivery, Job, Transition
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.operations.audit import AuditLog
from calciscope.service.settings.service import ServiceSettings


@dataclass(frozen=True)
class Operator:
    """A person's hand on the journal.

    What it does changes states, which the audit log follows; in the service itself it also holds
    who asked for it. The command line, beside a running service, must not write that log.

    Attributes:
        journal: of the service; may be open beside it in another process.
        data: the service's data folder.
        settings: where results can go, and where rules send them.
        clock: for ages.
        audit: log of who asked for what; None outside the service.
    """

    journal: Journal
    data: DataFolder
    settings: ServiceSettings
    clock: Clock
    audit: AuditLog | None = None

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self.clock.now()

    def listed(self, states: Sequence[JobState], limit: int) -> list[Job]:
        """Jobs in any of these states, or all; the newest first."""
        return self.journal.jobs.listed(states, limit)

    def job(self, job_id: int) -> tuple[Job, list[Transition], list[Delivery]]:
        """A job with its way so far; raises StaleStateError where there is none."""
        job = self.journal.jobs.get(job_id)
        return job, self.journal.jobs.transitions(job_id), self.journal.deliveries.of_job(job_id)

    def retry(self, job_id: int, who: str) -> None:
        """Begin a job anew, or send its failed deliveries again.

        What waits for a destination that is in the settings no more goes where its rule says now.

        Raises:
            StaleStateError: there is no such job, it is at work and nothing of it has failed, or
                no rule says any more where its result goes.
        """
        job = self.journal.jobs.get(job_id)
        if job.state is JobState.DONE:
            redirected = self._redirect(job)
            if self.journal.deliveries.retry(job_id) or redirected:
                self._note("delivery_retried", job_id, who)
                return
        self.journal.jobs.retry(job_id)
        self._note("job_retried", job_id, who)

    def retry_delivery(self, job_id: int, destination: str, who: str) -> None:
        """Try one delivery again at once.

        Raises:
            StaleStateError: it has gone out already, there is none, or no rule says any more where
                it goes.
        """
        known = any(each.name == destination for each in self.settings.destinations)
        job = self.journal.jobs.get(job_id)
        if not (
            self.journal.deliveries.retry(job_id, destination) if known else self._redirect(job)
        ):
            raise StaleStateError(f"nothing of job {job_id} waits for {destination}")
        self._note("delivery_retried", job_id, who)

    def forget(self, job_id: int, who: str) -> None:
        """Forget the study of a job; its results here go too.

        Raises:
            StaleStateError: there is no such job, or its study is being analyzed.
        """
        job = self.journal.jobs.get(job_id)
        results = [self.data.result(each.id) for each in self.journal.jobs.of_study(job.study_uid)]
        self.journal.removal.forget(job_id)
        for folder in results:
            shutil.rmtree(folder, ignore_errors=True)
        self._note("study_forgotten", job_id, who)

    def _redirect(self, job: Job) -> int:
        known = [each.name for each in self.settings.destinations]
        gone = [
            each.destination
            for each in self.journal.deliveries.of_job(job.id)
            if each.state in (DeliveryState.PENDING, DeliveryState.FAILED)
            and each.destination not in known
        ]
        if not gone:
            return 0
        rule = self.settings.rule(job.rule or "")
        if rule is None or rule.ignore:
            # Dropped, the result would count as delivered and reach nobody.
            raise StaleStateError(
                f"job {job.id} waits for {gone[0]}, and its rule {job.rule} is gone as well: "
                "nothing says where the result is to go; put the rule or the destination back"
            )
        return self.journal.deliveries.redirect(job.id, known, rule.destinations)

    def _note(self, event: str, job_id: int, who: str) -> None:
        if self.audit is not None:
            self.audit.record(event, job=job_id, who=who)


def operator_of(settings: ServiceSettings, write: bool = False) -> Operator:
    """The operator of a service that may be running, or not.

    Raises:
        JournalError: the service has never run, or its journal is damaged.
    """
    data = DataFolder(settings.data)
    clock = SystemClock()
    journal = Journal(data.journal, clock, read_only=not write, must_exist=True)
    return Operator(journal, data, settings, clock)
