"""Worker processes: what one study does to its worker, no other study feels."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from tests.service.work.conftest import PATIENCE_SECONDS, MakeExecutor, MakeRequest, outcomes, until
from tests.service.work.stand_in import BROKEN, OBEDIENT

from calciscope.errors import ServiceError
from calciscope.service.work.child import Child
from calciscope.service.work.outcome import OutcomeKind


def test_a_study_is_analyzed_and_its_worker_serves_on(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor()
    executor.start()
    [pid] = executor.pids
    for job in (1, 2):
        until(executor.free)
        request = make_request(job)
        executor.submit(request)
        outcome = outcomes(executor)[job]
        assert outcome.kind is OutcomeKind.DONE
        assert outcome.times_s["read"] == 0.1
        assert (request.output_folder / "findings.json").is_file()
    assert executor.pids == [pid]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("exit", "ended by itself (status 3)"),
        ("kill", "was killed"),
        ("garble", "an answer that is not understood"),
    ],
)
def test_a_crash_fails_one_study_and_another_worker_takes_over(
    make_executor: MakeExecutor, make_request: MakeRequest, order: str, words: str
) -> None:
    executor = make_executor(workers=2)
    executor.start()
    executor.submit(make_request(1, order))
    executor.submit(make_request(2))
    found = outcomes(executor, 2)
    assert (found[1].kind, found[1].code) == (OutcomeKind.FAILED, "crash")
    assert words in found[1].reason
    assert found[2].kind is OutcomeKind.DONE
    until(lambda: executor.free() == 2)
    executor.submit(make_request(3))
    assert outcomes(executor)[3].kind is OutcomeKind.DONE


def test_a_study_that_eats_memory_is_ended(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor(memory_gib=0.3)
    executor.start()
    executor.submit(make_request(1, "eat"))
    outcome = outcomes(executor)[1]
    assert (outcome.kind, outcome.code) == (OutcomeKind.FAILED, "memory")
    assert "work.memory_gib" in outcome.reason


def test_a_study_that_takes_too_long_is_ended_and_its_worker_is_gone(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor(timeout_seconds=0.3)
    executor.start()
    [pid] = executor.pids
    executor.submit(make_request(1, "hang"))
    outcome = outcomes(executor)[1]
    assert (outcome.kind, outcome.code) == (OutcomeKind.FAILED, "timeout")
    assert not psutil.pid_exists(pid)
    until(executor.free)


def test_a_worker_that_dies_while_idle_costs_no_study(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor()
    executor.start()
    [pid] = executor.pids
    os.kill(pid, signal.SIGKILL)
    # Wholly gone, with all its threads; looked at without taking its status from its parent.
    gone = os.WEXITED | os.WNOHANG | os.WNOWAIT
    until(lambda: os.waitid(os.P_PID, pid, gone) is not None)
    executor.submit(make_request(1))
    assert outcomes(executor)[1].kind is OutcomeKind.DONE


def test_a_worker_that_does_not_come_up_again_is_told_until_it_does(
    make_executor: MakeExecutor, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = make_executor(workers=2)
    executor.start()
    assert executor.trouble() == ""

    def no_memory(*_: object) -> Child:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr("calciscope.service.work.slot.Child", no_memory)
        executor.submit(make_request(1, "exit"))
        until(executor.trouble)
        assert executor.trouble() == (
            "1 of 2 workers cannot be started anew: a worker cannot be started"
            " (Cannot allocate memory); look at memory and disk"
        )
        assert executor.free() == 1
    until(lambda: executor.free() == 2)
    assert executor.trouble() == ""


def test_refusals_and_failures_come_through(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor()
    executor.start()
    for job, order, kind in (
        (1, "refuse", "refused"),
        (2, "fail", "failed"),
        (3, "raise", "failed"),
    ):
        until(executor.free)
        executor.submit(make_request(job, order))
        assert outcomes(executor)[job].kind == kind


def test_a_missing_model_is_told_at_the_start(make_executor: MakeExecutor) -> None:
    with pytest.raises(ServiceError, match="ct-calcification 9 is not here; install it"):
        make_executor(BROKEN).start()


def test_a_runner_that_is_not_there_is_told_at_the_start(make_executor: MakeExecutor) -> None:
    with pytest.raises(ServiceError, match="there is no runner"):
        make_executor("tests.service.work.stand_in:Absent").start()


def test_more_than_there_is_room_for_is_not_taken(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor()
    executor.start()
    executor.submit(make_request(1, "hang"))
    assert executor.free() == 0
    with pytest.raises(ServiceError, match="no worker is idle"):
        executor.submit(make_request(2))


def test_stopping_lets_a_study_finish(
    make_executor: MakeExecutor, make_request: MakeRequest, tmp_path: Path
) -> None:
    executor = make_executor()
    executor.start()
    executor.submit(make_request(1, f"wait for {tmp_path / 'go'}"))
    until(lambda: list((tmp_path / "job-1").glob("begun-*")))
    threading.Timer(0.2, (tmp_path / "go").touch).start()
    executor.stop(PATIENCE_SECONDS)
    assert [job for job, _ in executor.collect()] == [1]
    assert executor.pids == []


def test_stopping_ends_a_study_that_does_not_finish(
    make_executor: MakeExecutor, make_request: MakeRequest, tmp_path: Path
) -> None:
    executor = make_executor()
    executor.start()
    [pid] = executor.pids
    executor.submit(make_request(1, "hang"))
    until(lambda: list((tmp_path / "job-1").glob("begun-*")))
    executor.stop(0.1)
    assert executor.collect() == []
    assert not psutil.pid_exists(pid)


def test_listeners_are_told_of_outcomes(
    make_executor: MakeExecutor, make_request: MakeRequest
) -> None:
    executor = make_executor()
    executor.start()
    told = threading.Event()
    executor.listen(told.set)
    executor.submit(make_request(1))
    assert told.wait(PATIENCE_SECONDS)


PARENT = """
import sys, time
from pathlib import Path
from calciscope.service.settings.work import Work
from calciscope.service.work.processes import ProcessExecutor
from calciscope.service.work.request import WorkRequest
executor = ProcessExecutor(Work(), (), Path(sys.argv[1]), sys.argv[2])
executor.start()
executor.submit(WorkRequest.from_json(sys.argv[3]))
sys.stdout.write(f"{executor.pids[0]}\\n")
sys.stdout.flush()
time.sleep(600)
"""


def test_no_worker_outlives_a_service_that_is_killed(
    make_request: MakeRequest, stand_ins: None, tmp_path: Path
) -> None:
    request = make_request(1, f"wait for {tmp_path / 'go'}")
    arguments = [str(tmp_path), OBEDIENT, request.to_json()]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        until(lambda: list((tmp_path / "job-1").glob("begun-*")))
        parent.kill()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    (tmp_path / "go").touch()
    assert not request.output_folder.exists()


@pytest.mark.parametrize("step", ["answer", "memory"])
def test_trouble_in_looking_after_a_worker_ends_neither_its_place_nor_the_service(
    make_executor: MakeExecutor, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:  # fmt: skip
    executor = make_executor()
    executor.start()

    def no_descriptors(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    until(executor.free)
    with monkeypatch.context() as patched:
        if step == "answer":
            patched.setattr(Child, "answer", no_descriptors)
        else:
            patched.setattr(psutil, "Process", no_descriptors)
        executor.submit(make_request(1))
        found = outcomes(executor)[1]
    assert (found.kind, found.code) == (
        (OutcomeKind.FAILED, "crash") if step == "answer" else (OutcomeKind.DONE, "")
    )
    until(executor.free)
    executor.submit(make_request(2))
    assert outcomes(executor)[2].kind is OutcomeKind.DONE
