"""Two services never run on one data folder."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calciscope.errors import ServiceError
from calciscope.service.operations.lock import ServiceLock

HOLD = """
import sys, pathlib
from calciscope.service.operations.lock import ServiceLock
ServiceLock(pathlib.Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_second_service_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    told = rf"process {os.getpid()}\) runs on .*; stop it, or"
    with ServiceLock(path), pytest.raises(ServiceError, match=told):
        ServiceLock(path).acquire()
    with ServiceLock(path):
        pass


def test_killed_service_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ServiceError, match=f"process {holder.pid}"):
            ServiceLock(path).acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with ServiceLock(path):
        pass


def test_worker_that_outlives_the_service_holds_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    lock = ServiceLock(path)
    lock.acquire()
    event = multiprocessing.get_context("spawn").Event()
    worker = multiprocessing.get_context("spawn").Process(target=event.wait, args=(60,))
    worker.start()
    lock.release()
    try:
        with ServiceLock(path):
            pass
    finally:
        event.set()
        worker.join()
        worker.close()


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be opened"):
        ServiceLock(tmp_path / "absent" / "service.lock").acquire()


def test_releasing_twice_does_no_harm(tmp_path: Path) -> None:
    lock = ServiceLock(tmp_path / "service.lock")
    lock.acquire()
    lock.release()
    lock.release()
