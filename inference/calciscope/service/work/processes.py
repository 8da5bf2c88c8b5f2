"""Worker processes on this machine: a study that kills its worker fails alone."""

import os
import queue
from collections.abc import Callable, Sequence
from pathlib import Path

from calciscope.errors import ServiceError
from calciscope.service.clock import Clock, SystemClock
from calciscope.service.settings.work import Work
from calciscope.service.work.executor import no_listener
from calciscope.service.work.outcome import Outcome
from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.service.work.runners import STUDY_RUNNER
from calciscope.service.work.slot import Slot


def threads_of_each(work: Work) -> int:
    """CPU threads of one worker."""
    return work.threads or max((os.cpu_count() or 1) // work.workers, 1)


class ProcessExecutor:
    """Worker processes, each with its own models in memory; see `executor.Executor`.

    Args:
        work: how many, and what each may use.
        options: whose models are loaded before the first study.
        logs: folder for what libraries print in the workers; must be there.
        runner: factory of what the workers run.
        clock: for times and waits.
    """

    def __init__(
        self,
        work: Work,
        options: Sequence[RunOptions],
        logs: Path,
        runner: str = STUDY_RUNNER,
        clock: Clock | None = None,
    ) -> None:
        self._outcomes: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
        self._tell: Callable[[], None] = no_listener
        clock = clock or SystemClock()
        self._slots = [
            Slot(
                number, work, options, logs / f"worker-{number}.log", runner, clock,
                self._outcomes.put, lambda: self._tell(),
            )
            for number in range(1, work.workers + 1)
        ]  # fmt: skip

    def start(self) -> None:
        """Start the workers and wait until their models are loaded.

        Raises:
            ServiceError: they cannot be.
        """
        for slot in self._slots:
            slot.start()
        for slot in self._slots:
            if trouble := slot.wait_for_start():
                self.stop(0.0)
                raise ServiceError(trouble)

    def listen(self, tell: Callable[[], None]) -> None:
        """Call `tell` when there is something to collect or a worker is free."""
        self._tell = tell

    def free(self) -> int:
        """How many workers are ready and idle."""
        return sum(slot.idle for slot in self._slots)

    def trouble(self) -> str:
        """How many workers do not come up, and why the first of them does not."""
        found = [slot.trouble for slot in self._slots if slot.trouble]
        if not found:
            return ""
        return f"{len(found)} of {len(self._slots)} workers cannot be started anew: {found[0]}"

    def submit(self, request: WorkRequest) -> None:
        """Give a request to an idle worker.

        Raises:
            ServiceError: there is none.
        """
        for slot in self._slots:
            if slot.take(request):
                return
        raise ServiceError("no worker is idle; ask free() first")

    def collect(self) -> list[tuple[int, Outcome]]:
        """Outcomes since the last call."""
        found = []
        while not self._outcomes.empty():
            found.append(self._outcomes.get())
        return found

    def stop(self, grace_seconds: float) -> None:
        """Let workers finish for a while, then end them."""
        for slot in self._slots:
            slot.stop(grace_seconds)
        for slot in self._slots:
            slot.join()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that run."""
        return [pid for slot in self._slots if (pid := slot.pid)]
