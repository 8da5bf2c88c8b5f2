"""A place for one worker process, and the thread that looks after it."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from time import perf_counter

from calciscope.errors import ServiceError
from calciscope.service.backoff import delay
from calciscope.service.clock import Clock
from calciscope.service.settings.work import Backoff, Work
from calciscope.service.work.child import CLOSE_SECONDS, Child, ChildGone, ending
from calciscope.service.work.outcome import Outcome, failed
from calciscope.service.work.request import RunOptions, WorkRequest

LOGGER = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""Between two looks at memory and time of a worker; its answer is heard at once."""

WARM_UP_SECONDS = 600.0
RESTARTS = Backoff(first_seconds=1.0, longest_seconds=60.0)
WORN_SHARE = 0.75
"""A worker that keeps more than this share of its memory between studies is started anew."""


class Slot:
    """A place for one worker: starts it, gives it studies, watches it, starts it anew.

    A thread of its own does so, and lives as long as any worker it starts.

    Attributes:
        idle: whether its worker is ready and has nothing to do.

    Args:
        number: from 1.
        work: what the worker may use.
        options: whose models are loaded before the first study.
        log: file for what libraries print in the worker.
        runner: factory of what the worker runs.
        clock: for times and waits.
        put: takes number of the job and outcome.
        tell: is called after each, and when the worker is ready.
    """

    def __init__(
        self, number: int, work: Work, options: Sequence[RunOptions], log: Path, runner: str,
        clock: Clock, put: Callable[[tuple[int, Outcome]], None], tell: Callable[[], None],
    ) -> None:  # fmt: skip
        self._thread = threading.Thread(target=self._run, name=f"worker {number}", daemon=True)
        self._work = work
        self._options = options
        self._log = log
        self._runner = runner
        self._clock = clock
        self._put = put
        self._tell = tell
        self._random = Random()
        self._inbox: queue.SimpleQueue[WorkRequest | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stop_at = 0.0
        self._up = threading.Event()
        self._trouble = ""
        self._child: Child | None = None
        self.idle = False

    @property
    def trouble(self) -> str:
        """Why there is no worker and none comes up; empty while there is one or one is expected."""
        return self._trouble

    @property
    def pid(self) -> int:
        """Process id of the worker; 0 when there is none."""
        child = self._child
        return child.pid if child is not None else 0

    def wait_for_start(self) -> str:
        """Wait until the first worker is ready, or is known not to become so; gives why."""
        self._up.wait()
        return self._trouble

    def take(self, request: WorkRequest) -> bool:
        """Take a request if the worker is idle."""
        with self._lock:
            if not self.idle:
                return False
            self.idle = False
        self._inbox.put(request)
        return True

    def stop(self, grace_seconds: float) -> None:
        """Begin nothing any more, and end what runs after so long."""
        self.idle = False
        self._stop_at = self._clock.monotonic() + grace_seconds
        self._stopping.set()
        self._inbox.put(None)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end after `stop`."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if self._child is None and not self._spawn():
                    continue
                self._be_idle()
                request = self._inbox.get()
                self.idle = False
                if request is not None:
                    self._serve(request)
        finally:
            self._up.set()
            if self._child is not None:
                self._child.close(1.0)
                self._child = None

    def _be_idle(self) -> None:
        self.idle = not self._stopping.is_set()
        self._up.set()
        self._tell()

    def _spawn(self) -> bool:
        """Start a worker; where it does not come up, wait, longer each time."""
        failures = 0
        while not self._stopping.is_set():
            trouble = self._try_to_spawn()
            self._trouble = trouble
            if not trouble:
                return True
            failures += 1
            LOGGER.error("a worker does not come up, attempt %d", failures)
            if not self._up.is_set():
                # At the start of the service: it is told at once what is wrong.
                self._stopping.set()
                return False
            self._stopping.wait(delay(RESTARTS, failures, self._random))
        return False

    def _try_to_spawn(self) -> str:
        """Start a worker and wait for its models; gives what went wrong."""
        try:
            child = Child(self._runner, self._options, self._log)
        except OSError as error:
            return f"a worker cannot be started ({error.strerror}); look at memory and disk"
        except ChildGone:
            return f"a worker ended as it started; see {self._log}"
        deadline = self._clock.monotonic() + WARM_UP_SECONDS
        trouble = f"a worker took longer than {WARM_UP_SECONDS:.0f} s to load its models"
        try:
            while self._clock.monotonic() < deadline and not self._stopping.is_set():
                if child.ready(LOOK_SECONDS):
                    self._child = child
                    return ""
        except ServiceError as error:
            trouble = str(error)
        except ChildGone:
            return f"a worker {ending(child.close(CLOSE_SECONDS))} at its start; see {self._log}"
        except (ValueError, TypeError, KeyError, OSError):
            trouble = (
                f"a worker gave an answer that is not understood at its start; see {self._log}"
            )
        child.kill()
        return trouble

    def _serve(self, request: WorkRequest) -> None:
        """Carry out one request and tell its outcome, unless the service stops before."""
        mark = perf_counter()
        child = self._child
        if child is None or not child.alive():
            # It died between two studies: none is to blame.
            self._bury()
            if not self._spawn():
                return
            child = self._child
        if child is None:
            return
        try:
            child.send(request.to_json())
            outcome = self._watch(child)
        except ChildGone:
            outcome = self._crashed()
        except (ValueError, TypeError, KeyError):
            # Something in the worker writes where only answers belong: it is not to be trusted.
            self._bury()
            outcome = failed("the worker gave an answer that is not understood", "crash")
        except Exception as error:
            # Whatever it is, this thread must go on: nobody starts another one.
            LOGGER.exception("a worker cannot be looked after")
            self._bury()
            outcome = failed(
                f"the worker could not be looked after ({type(error).__name__}); see the log",
                "crash",
            )
        if outcome is None:
            return
        outcome.times_s["work"] = perf_counter() - mark
        self._put((request.job_id, outcome))
        if self._child is not None and self._worn(self._child):
            LOGGER.info("a worker keeps much memory and is started anew")
            self._bury()
        self._tell()

    def _watch(self, child: Child) -> Outcome | None:
        """Wait for an answer within memory and time; None when the service stops before."""
        begun = self._clock.monotonic()
        limit_mib = self._work.memory_gib * 1024
        while True:
            line = child.answer(LOOK_SECONDS)
            if line is not None:
                return Outcome.from_json(line)
            now = self._clock.monotonic()
            used = child.memory_mib()
            trouble: Outcome | None = None
            if used > limit_mib:
                trouble = failed(
                    f"the study needs more memory than the {self._work.memory_gib:g} GiB that a"
                    " worker may use; raise work.memory_gib if the machine has more",
                    "memory",
                )
            elif now - begun > self._work.timeout_seconds:
                trouble = failed(
                    f"the analysis took longer than {self._work.timeout_seconds:g} s; raise"
                    " work.timeout_seconds if the machine is slow",
                    "timeout",
                )
            if trouble is not None or (self._stopping.is_set() and now >= self._stop_at):
                self._child = None
                child.kill()
                return trouble

    def _crashed(self) -> Outcome:
        if self._child is not None:
            self._child.wait(CLOSE_SECONDS)
        status = self._bury(CLOSE_SECONDS)
        return failed(
            f"the worker {ending(status)} during the analysis of this study; others go on", "crash"
        )

    def _bury(self, seconds: float = 0.0) -> int:
        child, self._child = self._child, None
        return 0 if child is None else child.close(seconds)

    def _worn(self, child: Child) -> bool:
        return child.memory_mib() > WORN_SHARE * self._work.memory_gib * 1024
