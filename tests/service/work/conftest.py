"""Requests whose first file says what is to happen to their worker, and waiting for that."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calciscope.service.settings.work import Work
from calciscope.service.work.executor import Executor
from calciscope.service.work.outcome import Outcome
from calciscope.service.work.processes import ProcessExecutor
from calciscope.service.work.request import RunOptions, WorkRequest

ROOT = Path(__file__).resolve().parents[3]

MakeRequest = Callable[..., WorkRequest]
MakeExecutor = Callable[..., ProcessExecutor]
PATIENCE_SECONDS = 300.0


def until(true: Callable[[], object]) -> None:
    """Wait for other processes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def outcomes(executor: Executor, number: int = 1) -> dict[int, Outcome]:
    """The next so many outcomes."""
    found: dict[int, Outcome] = {}

    def collected() -> bool:
        found.update(executor.collect())
        return len(found) >= number

    until(collected)
    return found


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes find the stand-ins."""
    paths = [str(ROOT), str(ROOT / "inference"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    # Processes of Dask take the path over from this one.
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture
def make_request(tmp_path: Path) -> MakeRequest:
    """A request with an order for `stand_in.Obedient`."""

    def make(job_id: int, order: str = "") -> WorkRequest:
        folder = tmp_path / f"job-{job_id}"
        folder.mkdir()
        (folder / "a.dcm").write_text(order)
        return WorkRequest(
            job_id, "1.2.3", 1, "key", (("000001.dcm", str(folder / "a.dcm")),),
            str(folder / "results"), RunOptions(),
        )  # fmt: skip

    return make


@pytest.fixture
def make_executor(tmp_path: Path, stand_ins: None) -> Iterator[MakeExecutor]:
    """Executors whose workers obey."""
    made: list[ProcessExecutor] = []

    def make(
        runner: str = "tests.service.work.stand_in:Obedient", **work: object
    ) -> ProcessExecutor:
        executor = ProcessExecutor(Work.model_validate(work), (RunOptions(),), tmp_path, runner)
        made.append(executor)
        return executor

    yield make
    for each in made:
        each.stop(0.0)
