"""SIGKILL while results are sent: the next start goes on where the archive had confirmed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pynetdicom import evt
from tests.service.conftest import HandClock
from tests.service.delivery.conftest import STUDY
from tests.service.delivery.pacs import TITLE, Pacs
from tests.service.delivery.web_server import Reply, Request, WebServer, stow_reply

from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.folder import folder_name
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState

pytestmark = pytest.mark.slow

OBJECTS = 5
PATIENCE_S = 120


@pytest.fixture
def journal(data: DataFolder, clock: HandClock) -> Iterator[Journal]:
    """In the data folder, where the process under test finds it."""
    opened = Journal(data.journal, clock)
    yield opened
    opened.close()


def start(data: DataFolder, destination: dict[str, Any]) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("deliver.py")
    return subprocess.Popen([sys.executable, str(script), str(data.root), json.dumps(destination)])


def finish(process: subprocess.Popen[bytes]) -> int:
    return process.wait(timeout=PATIENCE_S)


def forget_waits(journal: Journal, job: int) -> None:
    """What was cut off may wait for its next attempt; the next start need not."""
    journal.deliveries.retry(job)


@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
def test_killed_at_every_object_and_nothing_is_lost_or_sent_in_vain(
    data: DataFolder, journal: Journal, done: Callable[..., int], moment: str
) -> None:
    job = done("archive")
    running: list[subprocess.Popen[bytes]] = []
    received: list[str] = []

    def kill_at_the_second(event: evt.Event, number: int) -> int:
        """Each process gets one object through, and dies at its second."""
        received.append(str(event.request.AffectedSOPInstanceUID))
        if number % 2 == 0:
            if moment == "before the answer":
                os.kill(running[-1].pid, signal.SIGKILL)
            else:
                threading.Timer(0.001, running[-1].kill).start()
        return 0x0000

    with Pacs(answer=kill_at_the_second).running() as pacs:
        destination = {
            "name": "archive", "kind": "dimse", "host": "127.0.0.1", "port": pacs.port,
            "ae_title": TITLE, "timeout_seconds": PATIENCE_S,
        }  # fmt: skip
        for _ in range(4 * OBJECTS):
            running.append(start(data, destination))
            status = finish(running[-1])
            forget_waits(journal, job)
            if status == 0 and journal.jobs.get(job).state is JobState.DELIVERED:
                break
    kills = sum(process.returncode == -signal.SIGKILL for process in running)
    assert kills >= OBJECTS // 2
    assert journal.jobs.get(job).state is JobState.DELIVERED
    counts = Counter(received)
    assert len(counts) == OBJECTS
    # Only what was under way at a kill came again, under its own UID.
    assert sum(counts.values()) - OBJECTS <= kills
    (delivery,) = journal.deliveries.of_job(job)
    assert set(journal.deliveries.sent(delivery.id).values()) == {"0000"}


def test_killed_during_stow(data: DataFolder, journal: Journal, done: Callable[..., int]) -> None:
    job = done("web")
    running: list[subprocess.Popen[bytes]] = []

    def reply(request: Request) -> Reply:
        stored = dict.fromkeys(request.instances(), 0)
        if len(running) < 3:
            os.kill(running[-1].pid, signal.SIGKILL)
        return stow_reply(200, stored, {})

    with WebServer(reply).running() as server:
        destination = {"name": "web", "kind": "dicomweb", "url": server.url}
        for _ in range(3):
            running.append(start(data, destination))
            finish(running[-1])
    assert [process.returncode for process in running] == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert journal.jobs.get(job).state is JobState.DELIVERED
    assert len({uid for request in server.requests for uid in request.instances()}) == OBJECTS


def test_killed_while_copying_to_a_folder(
    data: DataFolder, journal: Journal, done: Callable[..., int], tmp_path: Path
) -> None:
    job = done("share")
    for number in range(20):
        (data.result(job) / f"large_{number:02d}.nii.gz").write_bytes(bytes(1 << 20))
    target = tmp_path / "share"
    target.mkdir()
    name = folder_name(STUDY, 1)
    random = Random(7)
    wanted = sorted(path.name for path in data.result(job).iterdir())
    killed = 0
    for _ in range(6):
        process = start(data, {"name": "share", "kind": "folder", "path": str(target)})
        # Killed once it has begun to copy, at some moment within the copying.
        while process.poll() is None and not any(target.iterdir()):
            os.sched_yield()
        timer = threading.Timer(random.uniform(0.0, 0.03), process.kill)
        timer.start()
        finish(process)
        timer.cancel()
        killed += process.returncode == -signal.SIGKILL
        if (target / name).exists():
            assert sorted(path.name for path in (target / name).iterdir()) == wanted
    assert killed
    assert finish(start(data, {"name": "share", "kind": "folder", "path": str(target)})) == 0
    assert journal.jobs.get(job).state is JobState.DELIVERED
    assert [path.name for path in target.iterdir()] == [name]
