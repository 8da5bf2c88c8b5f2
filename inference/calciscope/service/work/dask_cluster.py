"""The same requests on a Dask distributed cluster, whose machines share the data folder.

When a worker dies, the scheduler gives its study to another one. Results are written under a
passing name and renamed, so that it does no harm if the first one turns out to be alive.
"""

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import asdict, dataclass

from distributed import Client, Future, KilledWorker

from calciscope.errors import CalciscopeError, ServiceError
from calciscope.service.clock import Clock, SystemClock
from calciscope.service.settings.work import Work
from calciscope.service.work.dask_worker import ResidentRunner, analyze, warm_up
from calciscope.service.work.executor import no_listener
from calciscope.service.work.outcome import Outcome, failed, outcome_of
from calciscope.service.work.request import RunOptions, WorkRequest
from calciscope.service.work.runners import STUDY_RUNNER

LOGGER = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 10.0
WARM_UP_SECONDS = 600.0
RECONNECT_SECONDS = 30.0
LOST = "the cluster lost this study (its scheduler stopped or was cut off); it is tried again"


@dataclass
class _Task:
    job_id: int
    future: "Future[str]"
    begun: float


class DaskExecutor:
    """A Dask cluster; see `executor.Executor`.

    Memory is limited by the cluster's own nannies (`dask worker --memory-limit`), and a worker
    should have one thread (`--nthreads 1`), as it analyzes one study at a time.

    Args:
        work: address of the scheduler, and time of a study.
        options: whose models are loaded before the first study.
        runner: factory of what the workers run.
        clock: for times and waits.
    """

    def __init__(
        self,
        work: Work,
        options: Sequence[RunOptions],
        runner: str = STUDY_RUNNER,
        clock: Clock | None = None,
    ) -> None:
        if work.dask is None:
            raise ServiceError("the settings name no Dask scheduler; add work.dask.scheduler")
        self._cluster = work.dask
        self._timeout_seconds = work.timeout_seconds
        self._plugin = (runner, json.dumps([asdict(each) for each in options]))
        self._clock = clock or SystemClock()
        self._tell: Callable[[], None] = no_listener
        self._client: Client | None = None
        self._tasks: list[_Task] = []
        self._kept: list[tuple[int, Outcome]] = []
        self._next_try = 0.0
        self._trouble = ""
        # Of the scheduler whose workers have the runner.
        self._scheduler_id = ""

    def start(self) -> None:
        """Connect, and load the models in every worker that is there.

        Raises:
            ServiceError: the scheduler does not answer, it has no workers, or a worker cannot load
                the models.
        """
        client = self._connect()
        workers = list(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            self._close()
            raise ServiceError(self._no_workers())
        try:
            for each in [client.submit(warm_up, workers=[w], pure=False) for w in workers]:
                each.result(timeout=WARM_UP_SECONDS)
        except Exception as error:
            self._close()
            sentence = str(error) if isinstance(error, CalciscopeError) else repr(error)
            raise ServiceError(f"a worker of the Dask cluster is not usable: {sentence}") from error

    def listen(self, tell: Callable[[], None]) -> None:
        """Call `tell` when there is something to collect."""
        self._tell = tell

    def free(self) -> int:
        """How many studies the cluster could begin at once; none while it is out of reach."""
        client = self._living_client()
        threads = None
        if client is not None:
            with suppress(OSError, TimeoutError):
                threads = int(sum(client.nthreads().values()))
        self._trouble = "" if threads else self._no_workers() if threads == 0 else self._silent()
        if threads is None:
            return 0
        return max(min(self._cluster.parallel, threads) - len(self._tasks), 0)

    def trouble(self) -> str:
        """Why the cluster could begin nothing when it was last asked."""
        return self._trouble

    def submit(self, request: WorkRequest) -> None:
        """Give a request to the cluster.

        Raises:
            ServiceError: it is out of reach.
        """
        client = self._living_client()
        if client is None:
            raise ServiceError(LOST)
        try:
            self._see_to_runner(client)
        except (OSError, TimeoutError) as error:
            raise ServiceError(LOST) from error
        key = f"calciscope-{request.job_id}-{secrets.token_hex(6)}"
        future = client.submit(analyze, request.to_json(), key=key, pure=False)
        future.add_done_callback(lambda _: self._tell())
        self._tasks.append(_Task(request.job_id, future, self._clock.monotonic()))

    def collect(self) -> list[tuple[int, Outcome]]:
        """Outcomes since the last call."""
        ended, self._kept = self._kept, []
        left = []
        for task in self._tasks:
            outcome = self._ended(task)
            if outcome is None:
                left.append(task)
            else:
                ended.append((task.job_id, outcome))
        self._tasks = left
        return ended

    def stop(self, grace_seconds: float) -> None:
        """Let studies finish for a while; then end the workers that are still at them."""
        deadline = self._clock.monotonic() + grace_seconds
        for task in self._tasks:
            with suppress(Exception):
                task.future.result(timeout=max(deadline - self._clock.monotonic(), 0.01))
        # What has ended is fetched now, while there is a connection, and collected later.
        self._kept = self.collect()
        for task in self._tasks:
            self._abort(task)
        self._tasks = []
        self._close()

    def _no_workers(self) -> str:
        return (
            f"the Dask cluster at {self._cluster.scheduler} has no workers; start some with"
            f" dask worker {self._cluster.scheduler} --nthreads 1"
        )

    def _silent(self) -> str:
        return (
            f"the Dask scheduler at {self._cluster.scheduler} does not answer; start it, or"
            " mend work.dask.scheduler"
        )

    def _ended(self, task: _Task) -> Outcome | None:
        """What became of a task; None while it runs."""
        status = task.future.status
        if status == "pending":
            if self._clock.monotonic() - task.begun <= self._timeout_seconds:
                return None
            self._abort(task)
            return failed(
                f"the analysis took longer than {self._timeout_seconds:g} s; raise"
                " work.timeout_seconds if the machines are slow",
                "timeout",
            )
        try:
            return Outcome.from_json(task.future.result(timeout=ANSWER_SECONDS))
        except KilledWorker:
            return failed(
                "each worker of the cluster that was given this study died of it; others go on",
                "crash",
            )
        except TimeoutError:
            # The worker died after it had answered; the scheduler has the answer made again.
            return None
        except (CancelledError, OSError):
            return failed(LOST, "cluster")
        except Exception as error:
            return outcome_of(error)

    def _abort(self, task: _Task) -> None:
        """Take a task back, and end the worker that is at it: a thread cannot be ended alone."""
        client = self._client
        if client is None:
            return
        key = task.future.key
        with suppress(Exception):
            at_it = [worker for worker, keys in client.processing().items() if key in keys]
            task.future.cancel()
            if at_it:
                client.restart_workers(at_it, timeout=ANSWER_SECONDS, raise_for_error=False)
                return
        LOGGER.warning("job %d was taken back, its worker was not found", task.job_id)

    def _connect(self) -> Client:
        """Connect to the scheduler and see that its workers have the runner."""
        try:
            client = Client(self._cluster.scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ServiceError(self._silent()) from error
        self._client = client
        try:
            self._see_to_runner(client)
        except (OSError, TimeoutError) as error:
            self._close()
            raise ServiceError(
                f"the Dask scheduler at {self._cluster.scheduler} broke off; look at its log"
            ) from error
        return client

    def _see_to_runner(self, client: Client) -> None:
        """Give the workers the runner; anew where another scheduler answers at the address.

        A client connects again by itself when its scheduler is started anew, which knows nothing
        of the runner: every study would fail until the service is started anew as well.
        """
        scheduler = str(client.scheduler_info(n_workers=0)["id"])
        if scheduler != self._scheduler_id:
            client.register_plugin(ResidentRunner(*self._plugin))
            self._scheduler_id = scheduler

    def _living_client(self) -> Client | None:
        """The connection; made anew every so often where it broke."""
        if self._client is not None and self._client.status == "running":
            return self._client
        now = self._clock.monotonic()
        if now < self._next_try:
            return None
        self._next_try = now + RECONNECT_SECONDS
        self._close()
        try:
            return self._connect()
        except ServiceError:
            LOGGER.warning("the Dask scheduler does not answer; tried again later")
            return None

    def _close(self) -> None:
        client, self._client = self._client, None
        self._scheduler_id = ""
        if client is not None:
            with suppress(Exception):
                client.close(timeout=ANSWER_SECONDS)
