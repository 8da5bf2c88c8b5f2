"""A made-up hospital: a journal with studies in every state, and an operator who does as told."""

from dataclasses import dataclass, field

from calciscope.errors import StaleStateError
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance
from calciscope.service.journal.states import JobState

HOSTILE = "</a></table><script>document.title='taken'</script>\u202egnp^<svg/onload'alert(1)'>"
"""A Patient Name that wants to be a page."""


@dataclass(frozen=True)
class Well:
    """Health of the service."""

    ready: bool = True
    reasons: tuple[str, ...] = ()


@dataclass
class JournalOperator:
    """Does in the journal what a person asks for, and remembers who asked."""

    journal: Journal
    asked: list[tuple[str, int, str]] = field(default_factory=list)

    def retry(self, job_id: int, who: str) -> None:
        self.journal.jobs.retry(job_id)
        self.asked.append(("retry", job_id, who))

    def forget(self, job_id: int, who: str) -> None:
        self.journal.removal.forget(job_id)
        self.asked.append(("forget", job_id, who))

    def retry_delivery(self, job_id: int, destination: str, who: str) -> None:
        if not self.journal.deliveries.retry(job_id, destination):
            raise StaleStateError(f"job {job_id} has nothing to send to {destination}")
        self.asked.append((f"send {destination}", job_id, who))


@dataclass(frozen=True)
class Hospital:
    """Sends studies into a journal and moves them on."""

    journal: Journal

    def send(
        self,
        study: str,
        instances: int = 3,
        first: int = 1,
        expected: int | None = None,
        name: str = "Muster^Maria",
        patient_id: str = "4711",
        description: str = "CT lower legs",
    ) -> int:
        """Instances of a study arrive; gives its job."""
        new = [
            NewInstance(
                sop_uid=f"{study}.1.{number}",
                series_uid=f"{study}.1",
                study_uid=study,
                file=f"{study}.{number}.dcm",
                size=524_288,
                digest=f"{study}.{number}",
                source="receiver CT1",
                attributes={"Modality": "CT", "SeriesDescription": "Legs 1.0 B30"},
                expected_in_study=expected,
                patient_name=name,
                patient_id=patient_id,
                description=description,
            )
            for number in range(first, first + instances)
        ]
        return self.journal.arrivals.register(new)[0].job_id

    def bring(self, job_id: int, state: JobState, destinations: tuple[str, ...] = ("PACS",)) -> int:
        """Move a job on to a state by the usual way; gives it again."""
        jobs = self.journal.jobs
        if state == JobState.INTAKE:
            return job_id
        jobs.take(job_id, "legs", 0)
        if state == JobState.WAITING:
            return job_id
        if state == JobState.REFUSED:
            jobs.move(
                job_id, (JobState.WAITING,), state, code="incomplete",
                reason="41 of 240 images have not arrived within 90 minutes",
            )  # fmt: skip
            return job_id
        jobs.make_ready(job_id, jobs.get(job_id).instances)
        if state == JobState.READY:
            return job_id
        jobs.move(job_id, (JobState.READY,), JobState.RUNNING)
        if state == JobState.FAILED:
            jobs.fail_attempt(
                job_id, reason="the worker needed more than 8 GiB of memory", code="memory",
                again_at=None,
            )  # fmt: skip
        if state in (JobState.DONE, JobState.DELIVERED):
            jobs.finish(job_id, f"key {job_id}", destinations)
        if state == JobState.DELIVERED:
            for destination in destinations:
                self.deliver(job_id, destination)
        return job_id

    def deliver(self, job_id: int, destination: str = "PACS") -> None:
        """A destination takes the results of a job."""
        self.journal.deliveries.succeed(self._sending(job_id, destination))

    def trouble(
        self, job_id: int, destination: str = "PACS", reason: str = "no answer",
        again_at: float | None = None,
    ) -> None:  # fmt: skip
        """A destination does not take them; it is tried again, or given up."""
        self.journal.deliveries.fail_attempt(
            self._sending(job_id, destination), reason=reason, code="refused", again_at=again_at
        )

    def _sending(self, job_id: int, destination: str) -> int:
        """As a claim leaves it, whatever else may be due before."""
        with self.journal.database.writing() as connection:
            row = connection.execute(
                "UPDATE deliveries SET state = 'sending' WHERE job_id = ? AND destination = ?"
                " RETURNING id",
                (job_id, destination),
            ).fetchone()
        return int(row["id"])


def make_result(data: DataFolder, job_id: int, report: str = "<h1>Report</h1>") -> None:
    """The result folder of a job."""
    folder = data.result(job_id)
    (folder / "dicom").mkdir(parents=True)
    (folder / "report.html").write_text(report, encoding="utf-8")
    (folder / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
