"""Live, ready, and why not."""

import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from calciscope.service.journal.journal import Journal
from calciscope.service.observers import OpenGate
from calciscope.service.operations.health import Health, Turning, Verdict
from calciscope.service.operations.notify import Notifier, Watchdog

Arrive = Callable[..., int]


@dataclass
class FakeLoop:
    name: str = "work"
    healthy: bool = True
    alive: bool = True
    turn_seconds: float = 0.0


class ClosedGate:
    @property
    def closed(self) -> str:
        return "the disk is full"


def test_all_is_well(journal: Journal) -> None:
    health = Health(journal, [FakeLoop()], OpenGate(), others=[("receiver", lambda: True)])
    assert health.live() == health.ready() == Verdict(True, ())


@pytest.mark.parametrize(
    ("loop", "live", "told"),
    [
        (FakeLoop(healthy=False), True, "work failed in its last turn and tries again"),
        (FakeLoop(healthy=False, alive=False), False, "work has ended; restart"),
        (FakeLoop(turn_seconds=7_200.0), False, "work has been busy for 120 minutes"),
        (FakeLoop(turn_seconds=1_800.0), True, ""),
    ],
)
def test_loop_that_is_not_well(journal: Journal, loop: Turning, live: bool, told: str) -> None:
    health = Health(journal, [FakeLoop("other"), loop], OpenGate())
    assert health.live().ready is live
    assert health.ready().ready is not bool(told)
    assert [told in reason for reason in health.ready().reasons] == ([True] if told else [])


def test_closed_gate_and_broken_receiver_keep_studies_out(journal: Journal) -> None:
    health = Health(journal, [], ClosedGate(), others=[("receiver", lambda: False)])
    assert health.live().ready
    assert health.ready() == Verdict(
        False, ("receiver does not work; see the log", "the disk is full")
    )


def test_workers_that_do_not_come_up_are_told(journal: Journal) -> None:
    trouble = ["2 of 2 workers cannot be started anew"]
    health = Health(journal, [], OpenGate(), troubles=[lambda: "", lambda: trouble[0]])
    assert health.ready() == Verdict(False, ("2 of 2 workers cannot be started anew",))
    trouble[0] = ""
    assert health.ready() == Verdict(True, ())


def test_journal_that_does_not_answer(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, int]:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal.deliveries, "open_count", fail)
    assert Health(journal, [], OpenGate()).ready() == Verdict(
        False, ("the journal does not answer; see the log",)
    )


def test_deliveries_to_a_destination_that_is_gone_are_told(
    journal: Journal, arrive: Arrive
) -> None:
    job = arrive()
    journal.jobs.take(job, "legs", 0)
    journal.jobs.make_ready(job, 1)
    journal.jobs.claim()
    journal.jobs.finish(job, "key", ["pacs", "share"])
    verdict = Health(journal, [], OpenGate(), destinations=["share"]).ready()
    assert verdict.ready
    (reason,) = verdict.reasons
    assert reason.startswith("1 deliveries wait for 'pacs'")


@pytest.fixture
def manager(tmp_path: Path) -> "socket.socket":
    """What listens as systemd does."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.setblocking(False)
    return listening


def test_watchdog_speaks_only_while_the_service_lives(
    manager: socket.socket, tmp_path: Path
) -> None:
    verdicts = [Verdict(True, ()), Verdict(False, ("work hangs",))]
    notifier = Notifier(str(tmp_path / "notify"))
    watchdog = Watchdog(notifier, lambda: verdicts[0], lambda: Verdict(False, ("disk\nfull",)))
    with manager:
        notifier.ready()
        watchdog.tick()
        verdicts.reverse()
        watchdog.tick()
        notifier.stopping()
        told = [manager.recv(500).decode() for _ in range(3)]
        with pytest.raises(BlockingIOError):
            manager.recv(500)
    assert told == ["READY=1", "WATCHDOG=1\nSTATUS=disk full", "STOPPING=1"]


def test_nobody_listens(tmp_path: Path) -> None:
    Notifier(None).ready()
    Notifier(str(tmp_path / "absent")).ready()
    Notifier("@calciscope-test-absent").ready()
