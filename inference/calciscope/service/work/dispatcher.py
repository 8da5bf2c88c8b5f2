"""Gives ready jobs to the executor, and settles what comes back."""

import logging
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable
from random import Random

from calciscope.errors import JournalError, ServiceError, StaleStateError
from calciscope.service.backoff import delay
from calciscope.service.clock import Clock
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job
from calciscope.service.journal.states import JobState
from calciscope.service.observers import Meter
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.executor import Executor
from calciscope.service.work.full_disk import FullDisk
from calciscope.service.work.outcome import (
    DISK_FULL,
    Outcome,
    OutcomeKind,
    failed,
    outcome_of,
    refused,
)
from calciscope.service.work.preparation import Choose, Models, NotPossible, Preparation, Prepared
from calciscope.service.work.publishing import ResultRecord, copy_result, publish, record_of

LOGGER = logging.getLogger(__name__)


class Dispatcher:
    """Moves jobs from ready over running to done, refused or failed.

    A result that is there already, with the same content key, is used and not made again: of the
    same job after a stop between making and noting it, or of another job with the same instances.

    Args:
        journal: of the service.
        executor: who works.
        settings: of the service.
        data: its data folder.
        clock: for waits between attempts.
        meter: is told stages and failures.
        choose: which series a rule wants, `intake.rules.chosen_series`.
        models: which models are used, a `ModelCatalog`.
        random: of the jitter.
    """

    def __init__(
        self, journal: Journal, executor: Executor, settings: ServiceSettings, data: DataFolder,
        clock: Clock, meter: Meter, choose: Choose, models: Models, random: Random | None = None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._executor = executor
        self._work = settings.work
        self._data = data
        self._clock = clock
        self._meter = meter
        self._preparation = Preparation(settings, journal, data, choose, models)
        self._random = random or Random()
        self._full_disk = FullDisk(self._work.backoff, clock, self._random)
        self._running: dict[int, Prepared] = {}
        # What an error of the journal cut short is done first at the next turn.
        self._claimed: Job | None = None
        self._outcomes: deque[tuple[int, Outcome]] = deque()

    def recover(self) -> list[int]:
        """Before the start: jobs that a stop cut off are ready again, their folders are removed.

        Returns:
            Jobs that were cut off.
        """
        cut_off = self._journal.jobs.recover(self._work.interruptions)
        for leftover in self._data.work.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
        return cut_off

    def start(self) -> None:
        """Start the executor.

        Raises:
            ServiceError: it cannot work.
        """
        self._executor.start()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` when a turn is due."""
        self._executor.listen(wake)

    def tick(self) -> bool:
        """Settle what has come back, then begin what there is room for."""
        settled = self._settle_all()
        begun = False
        while not self._full_disk.rests and (
            self._claimed is not None or self._executor.free() > 0
        ):
            if self._claimed is None:
                self._claimed = self._journal.jobs.claim()
            if self._claimed is None:
                break
            self._begin(self._claimed)
            self._claimed = None
            begun = True
        return settled or begun

    def stop(self, grace_seconds: float) -> None:
        """Let what runs finish for a while, settle it, and give the rest back."""
        self._executor.stop(grace_seconds)
        self._settle_all()
        left = [*self._running, *([self._claimed.id] if self._claimed else [])]
        for job_id in dict.fromkeys(left):
            self._journal.jobs.give_back(job_id)
            LOGGER.info("job %d is given back", job_id)
        for prepared in self._running.values():
            shutil.rmtree(prepared.folder, ignore_errors=True)
        self._running.clear()
        self._claimed = None

    def _settle_all(self) -> bool:
        self._outcomes.extend(self._executor.collect())
        any_at_all = bool(self._outcomes)
        while self._outcomes:
            job_id, outcome = self._outcomes[0]
            prepared = self._running.get(job_id)
            if prepared is not None:
                self._settle(prepared, outcome)
                shutil.rmtree(prepared.folder, ignore_errors=True)
                del self._running[job_id]
            self._outcomes.popleft()
        return any_at_all

    def _begin(self, job: Job) -> None:
        """Begin a claimed job, or settle it at once."""
        try:
            prepared = self._preparation.prepare(job)
        except NotPossible as error:
            self._note(job.id, refused(str(error), error.code))
            return
        except (sqlite3.Error, JournalError):
            raise
        except Exception as error:
            # Whatever a study does to the program, the next one gets its turn.
            self._note(job.id, outcome_of(error))
            return
        if self._has_result(prepared):
            self._finish(prepared, "result used again")
            return
        if prepared.missing:
            reason = (
                f"{prepared.missing} instances of this study have been removed, as retention says;"
                " send the study again, then retry"
            )
            self._note(job.id, failed(reason, "inputs_gone"), last=True)
            return
        try:
            prepared.folder.mkdir(mode=0o700)
            self._executor.submit(prepared.request)
        except (OSError, ServiceError) as error:
            shutil.rmtree(prepared.folder, ignore_errors=True)
            self._note(job.id, outcome_of(error))
            return
        self._running[job.id] = prepared
        LOGGER.info("job %d began", job.id)

    def _has_result(self, prepared: Prepared) -> bool:
        """Whether the results are in the job's result folder, or can be taken from another job."""
        request = prepared.request
        own = record_of(self._data, request.job_id)
        if own is not None and own.content_key == request.content_key:
            return True
        other = self._journal.jobs.result_with(request.content_key)
        if other is None:
            return False
        made = record_of(self._data, other)
        if made is None or made.content_key != request.content_key:
            return False
        record = ResultRecord(
            request.job_id, made.content_key, request.revision, made.times_s, made.peak_ram_mb
        )
        try:
            prepared.folder.mkdir(mode=0o700)
            copy_result(self._data, other, request.output_folder)
            publish(request.output_folder, record, self._data)
        except OSError:
            # Retention may have been quicker; then the results are made anew.
            LOGGER.warning("job %d cannot use the results of job %d", request.job_id, other)
            return False
        finally:
            shutil.rmtree(prepared.folder, ignore_errors=True)
        return True

    def _settle(self, prepared: Prepared, outcome: Outcome) -> None:
        """Write down what became of a job that ran; an error of the journal leaves it to settle."""
        request = prepared.request
        for stage, seconds in outcome.times_s.items():
            self._meter.stage(stage, seconds)
        if outcome.kind is not OutcomeKind.DONE:
            self._note(request.job_id, outcome)
            return
        record = ResultRecord.of(request.job_id, request.content_key, request.revision, outcome)
        # Published already where an error of the journal came between that and noting it.
        if request.output_folder.exists() or record_of(self._data, request.job_id) is None:
            try:
                publish(request.output_folder, record, self._data)
            except OSError as error:
                self._note(request.job_id, outcome_of(error))
                return
        self._finish(prepared, "done")

    def _finish(self, prepared: Prepared, said: str) -> None:
        request = prepared.request
        try:
            self._journal.jobs.finish(
                request.job_id, request.content_key, prepared.rule.destinations
            )
        except StaleStateError:
            LOGGER.warning("job %d is no longer running; its outcome is let go", request.job_id)
            return
        self._full_disk.ended(request.job_id, finished=True)
        LOGGER.info("job %d: %s", request.job_id, said)

    def _note(self, job_id: int, outcome: Outcome, last: bool = False) -> None:
        """Write down a refusal or a failure; `last` where no other attempt would help."""
        self._meter.failed("work", outcome.code)
        try:
            if outcome.code == DISK_FULL:
                self._wait_for_room(job_id, outcome)
                return
            self._full_disk.ended(job_id, finished=False)
            if outcome.kind is OutcomeKind.REFUSED:
                self._journal.jobs.move(
                    job_id, (JobState.RUNNING,), JobState.REFUSED,
                    reason=outcome.reason, code=outcome.code,
                )  # fmt: skip
                LOGGER.info("job %d refused: %s", job_id, outcome.code)
                return
            attempt = self._journal.jobs.get(job_id).attempts + 1
            again_at = None
            if not last and attempt < self._work.attempts:
                wait = delay(self._work.backoff, attempt, self._random)
                again_at = self._clock.now() + wait
            self._journal.jobs.fail_attempt(
                job_id, reason=outcome.reason, code=outcome.code, again_at=again_at
            )
        except StaleStateError:
            LOGGER.warning("job %d is no longer running; its outcome is let go", job_id)
            return
        LOGGER.warning("job %d failed, attempt %d: %s", job_id, attempt, outcome.code)

    def _wait_for_room(self, job_id: int, outcome: Outcome) -> None:
        """The disk is everybody's: no attempt is counted, and nothing is begun for a while."""
        again_at = self._clock.now() + self._full_disk.met_by(job_id)
        self._journal.jobs.move(
            job_id, (JobState.RUNNING,), JobState.READY,
            reason=outcome.reason, code=outcome.code, not_before=again_at,
        )  # fmt: skip
        LOGGER.warning("job %d waits: %s", job_id, outcome.code)
