"""Every change of state is in the audit log once, whatever happens in between."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import HandClock

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import JobState
from calciscope.service.operations import audit_trail
from calciscope.service.operations.audit import AuditLog, verify
from calciscope.service.operations.audit_trail import AuditTrail, is_another
from calciscope.service.operations.pseudonyms import Pseudonyms

Arrive = Callable[..., int]


def _lines(path: Path) -> list[dict[str, Any]]:
    assert verify(path).problem == ""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _states(path: Path) -> list[tuple[int, str]]:
    return [(line["job"], line["after"]) for line in _lines(path) if line["event"] == "state"]


def _follow(journal: Journal, path: Path, ticks: int = 100) -> None:
    """As the service does between a start and a stop."""
    log = AuditLog(path)
    trail = AuditTrail(journal, log)
    for _ in range(ticks):
        if not trail.tick():
            break
    log.close()


def test_changes_are_written_once_over_restarts(
    journal: Journal, arrive: Arrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "AT_ONCE", 2)
    path = tmp_path / "audit.jsonl"
    jobs = [arrive(study=f"1.{n}", instance=f"1.{n}.1") for n in range(5)]
    _follow(journal, path, ticks=1)
    assert _states(path) == [(jobs[0], "intake"), (jobs[1], "intake")]
    journal.jobs.take(jobs[0], "legs", 0)
    _follow(journal, path)
    _follow(journal, path)
    assert _states(path) == [*((job, "intake") for job in jobs), (jobs[0], "waiting")]


def test_kill_between_two_lines_loses_and_doubles_nothing(
    journal: Journal, arrive: Arrive, tmp_path: Path
) -> None:
    path = tmp_path / "audit.jsonl"
    for n in range(3):
        arrive(study=f"1.{n}", instance=f"1.{n}.1")
    _follow(journal, path)
    content = path.read_bytes()
    expected = _states(path)
    for length in range(0, len(content), 17):
        path.write_bytes(content[:length])
        _follow(journal, path)
        assert _states(path) == expected


def test_forgotten_study_is_on_record(journal: Journal, arrive: Arrive, tmp_path: Path) -> None:
    job = arrive()
    journal.jobs.move(job, (JobState.INTAKE,), JobState.REFUSED, code="no_rule")
    journal.removal.forget(job)
    _follow(journal, tmp_path / "audit.jsonl")
    lines = _lines(tmp_path / "audit.jsonl")
    assert [(line["before"], line["after"], line["code"]) for line in lines[1:]] == [
        ("", "intake", ""),
        ("intake", "refused", "no_rule"),
        ("refused", "forgotten", "by_hand"),
    ]


def test_study_goes_by_its_pseudonym(journal: Journal, arrive: Arrive, tmp_path: Path) -> None:
    uid = "1.2.826.0.1.3680043.8.498.1"
    arrive(study=uid, patient_name="DOE^JOHN", patient_id="4711")
    log = AuditLog(tmp_path / "audit.jsonl")
    AuditTrail(journal, log, Pseudonyms(b"salt")).tick()
    log.close()
    line = _lines(tmp_path / "audit.jsonl")[-1]
    assert line["study"] == Pseudonyms(b"salt").of(uid)
    text = (tmp_path / "audit.jsonl").read_text()
    assert not any(secret in text for secret in (uid, "DOE", "4711"))


def test_journal_begun_anew_is_followed_from_its_start(
    journal: Journal, arrive: Arrive, tmp_path: Path
) -> None:
    path = tmp_path / "audit.jsonl"
    for n in range(3):
        arrive(study=f"1.{n}", instance=f"1.{n}.1")
    _follow(journal, path)
    other = Journal(tmp_path / "other.sqlite")
    _follow(other, path)
    assert [line["event"] for line in _lines(path)] == ["began", *["state"] * 3, "journal_replaced"]
    other.close()


def test_journal_put_back_from_a_copy_is_told_and_followed(
    journal: Journal, arrive: Arrive, tmp_path: Path
) -> None:
    path = tmp_path / "audit.jsonl"
    arrive(study="1.1", instance="1.1.1")
    journal.database.connection().execute(f"VACUUM INTO '{tmp_path / 'copy.sqlite'}'")
    arrive(study="1.2", instance="1.2.1")
    _follow(journal, path)
    copy = Journal(tmp_path / "copy.sqlite")
    _follow(copy, path)
    assert _lines(path)[-1]["event"] == "journal_put_back"
    copy.jobs.take(1, "legs", 0)
    _follow(copy, path)
    assert _states(path)[-1] == (1, "waiting")
    copy.close()


def test_journal_whose_changes_retention_dropped_is_the_same_still(
    journal: Journal, arrive: Arrive, tmp_path: Path, clock: HandClock
) -> None:
    path = tmp_path / "audit.jsonl"
    journal.removal.forget(arrive())
    _follow(journal, path)
    clock.advance(1)
    assert journal.removal.transitions_of_forgotten(clock.now(), up_to=2) == 2
    _follow(journal, path)
    assert [line["event"] for line in _lines(path)] == ["began", "state", "state"]
    again = arrive()
    _follow(journal, path)
    assert _states(path)[2:] == [(again, "intake")]


def test_journal_is_another_where_it_may_lack_what_was_known(
    journal: Journal, arrive: Arrive, tmp_path: Path
) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    assert is_another(journal, log)  # nothing says that it is the first
    arrive(study="1.1", instance="1.1.1")
    assert not is_another(journal, log)  # the log was taken away
    journal.database.connection().execute(f"VACUUM INTO '{tmp_path / 'copy.sqlite'}'")
    arrive(study="1.2", instance="1.2.1")
    AuditTrail(journal, log).tick()
    assert not is_another(journal, log)
    for name in ("copy.sqlite", "new.sqlite"):
        other = Journal(tmp_path / name)
        assert is_another(other, log)
        AuditTrail(other, log)
        assert not is_another(other, log)
        other.close()
    log.close()


def test_head_is_told_once_a_day(
    journal: Journal, tmp_path: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    log = AuditLog(tmp_path / "audit.jsonl", clock)
    trail = AuditTrail(journal, log, clock=clock)
    with caplog.at_level(logging.INFO):
        for hours in (0, 1, 24):
            clock.advance(hours * 3_600)
            trail.tick()
    assert caplog.messages == ["audit log has 1 lines"] * 2
    assert caplog.records[0].__dict__["head"] == log.head.hash
    log.close()
