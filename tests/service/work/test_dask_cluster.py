"""The same requests on a Dask cluster of two workers, one of which is killed over a study."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service.work.conftest import MakeRequest, outcomes, until
from tests.service.work.stand_in import BROKEN, OBEDIENT

from calciscope.errors import ServiceError
from calciscope.service.settings.work import Work
from calciscope.service.work.outcome import OutcomeKind
from calciscope.service.work.request import RunOptions

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
from calciscope.service.work.dask_cluster import DaskExecutor  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    # Dask itself leaves sockets and loops to the garbage collector when a worker is killed.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def scheduler(stand_ins: None, tmp_path: Path) -> Iterator[str]:
    """Address of a cluster of two workers of one thread each."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
        local_directory=str(tmp_path / "dask"), memory_limit=None,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


MakeCluster = Callable[..., DaskExecutor]


@pytest.fixture
def make_cluster(scheduler: str) -> Iterator[MakeCluster]:
    """Executors on that cluster."""
    made: list[DaskExecutor] = []

    def make(runner: str = OBEDIENT, timeout_seconds: float = 600.0) -> DaskExecutor:
        work = Work.model_validate(
            {
                "executor": "dask",
                "dask": {"scheduler": scheduler},
                "timeout_seconds": timeout_seconds,
            }
        )
        made.append(DaskExecutor(work, [RunOptions()], runner))
        return made[-1]

    yield make
    for each in made:
        each.stop(0.0)


def test_a_worker_killed_over_a_study_loses_nothing(
    make_cluster: MakeCluster, make_request: MakeRequest, tmp_path: Path
) -> None:
    executor = make_cluster()
    executor.start()
    assert executor.free() == 2
    requests = [make_request(job, f"wait for {tmp_path / 'go'}") for job in (1, 2)]
    for request in requests:
        executor.submit(request)
    assert executor.free() == 0
    begun = [tmp_path / f"job-{job}" for job in (1, 2)]
    until(lambda: all(list(folder.glob("begun-*")) for folder in begun))
    [first] = begun[0].glob("begun-*")
    os.kill(int(first.name.removeprefix("begun-")), signal.SIGKILL)
    until(lambda: len(list(begun[0].glob("begun-*"))) == 2)
    (tmp_path / "go").touch()
    found = outcomes(executor, 2)
    assert {outcome.kind for outcome in found.values()} == {OutcomeKind.DONE}
    assert all((request.output_folder / "findings.json").is_file() for request in requests)
    until(lambda: executor.free() == 2)


def test_a_study_that_kills_every_worker_fails_alone(
    make_cluster: MakeCluster, make_request: MakeRequest
) -> None:
    executor = make_cluster()
    executor.start()
    executor.submit(make_request(1, "exit"))
    found = outcomes(executor, 1)
    assert (found[1].kind, found[1].code) == (OutcomeKind.FAILED, "crash")
    until(executor.free)
    executor.submit(make_request(2))
    assert outcomes(executor, 1)[2].kind is OutcomeKind.DONE


def test_a_study_that_takes_too_long_is_ended_and_its_worker_serves_on(
    make_cluster: MakeCluster, make_request: MakeRequest
) -> None:
    executor = make_cluster(timeout_seconds=0.5)
    executor.start()
    executor.submit(make_request(1, "hang"))
    found = outcomes(executor, 1)
    assert (found[1].kind, found[1].code) == (OutcomeKind.FAILED, "timeout")
    until(lambda: executor.free() == 2)


def test_stopping_keeps_what_ended_in_time(
    make_cluster: MakeCluster, make_request: MakeRequest, tmp_path: Path
) -> None:
    executor = make_cluster()
    executor.start()
    executor.submit(make_request(1))
    executor.submit(make_request(2, "hang"))
    until(lambda: (tmp_path / "job-1" / "results").exists())
    executor.stop(3.0)
    assert [(job, outcome.kind) for job, outcome in executor.collect()] == [(1, OutcomeKind.DONE)]
    assert executor.collect() == []


def test_a_scheduler_that_was_started_anew_gets_the_runner_again(
    make_cluster: MakeCluster, make_request: MakeRequest, scheduler: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    executor = make_cluster()
    executor.start()
    # As after a restart: the client is connected again, to workers that never saw the runner.
    with distributed.Client(scheduler, set_as_default=False) as other:
        other.unregister_worker_plugin("calciscope")
    monkeypatch.setattr(executor, "_scheduler_id", "Scheduler-of-before")
    executor.submit(make_request(1))
    assert outcomes(executor, 1)[1].kind is OutcomeKind.DONE


def test_a_cluster_that_went_away_is_told(
    make_cluster: MakeCluster, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calciscope.service.work.dask_cluster.CONNECT_SECONDS", 0.2)
    executor = make_cluster()
    executor.start()
    assert executor.free() == 2
    assert executor.trouble() == ""
    with distributed.Client(scheduler, set_as_default=False) as other:
        other.shutdown()
    until(lambda: executor.free() == 0)
    assert scheduler in executor.trouble()


def test_a_missing_model_is_told_at_the_start(make_cluster: MakeCluster) -> None:
    with pytest.raises(ServiceError, match="ct-calcification 9 is not here; install it"):
        make_cluster(BROKEN).start()


def test_a_scheduler_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calciscope.service.work.dask_cluster.CONNECT_SECONDS", 0.2)
    work = Work.model_validate({"executor": "dask", "dask": {"scheduler": "tcp://127.0.0.1:9"}})
    with pytest.raises(ServiceError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        DaskExecutor(work, []).start()
