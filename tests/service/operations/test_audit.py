"""The chain of the audit log: whoever alters it is found out."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.service.conftest import HandClock

from calciscope.errors import ServiceError
from calciscope.service.operations import audit
from calciscope.service.operations.audit import FIRST, AuditLog, verify

Lines = list[bytes]


@pytest.fixture
def path(tmp_path: Path, clock: HandClock) -> Path:
    """A log of four lines."""
    log = AuditLog(tmp_path / "audit.jsonl", clock)
    for number in range(4):
        log.record("state", f"j:{number}", job=number, after="ready")
    log.close()
    return tmp_path / "audit.jsonl"


def test_lines_are_chained(path: Path, clock: HandClock) -> None:
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [record["n"] for record in records] == [1, 2, 3, 4]
    assert [record["previous"] for record in records[1:]] == [r["hash"] for r in records[:-1]]
    assert records[0]["previous"] == FIRST
    assert records[0]["at"] == clock.now()
    assert verify(path) == audit.Verdict(4, records[-1]["hash"], "")
    assert path.stat().st_mode & 0o777 == 0o600


def test_log_goes_on_where_it_ended(path: Path) -> None:
    log = AuditLog(path)
    assert (log.head.number, log.head.position) == (4, "j:3")
    log.record("started")
    assert (log.head.number, log.head.position) == (5, "j:3")
    log.close()
    assert verify(path).problem == ""
    assert verify(path).lines == 5


def _altered(lines: Lines) -> Lines:
    return [lines[0], lines[1].replace(b'"job": 1', b'"job": 9'), *lines[2:]]


def _rehashed(lines: Lines) -> Lines:
    record = json.loads(lines[1])
    record["job"] = 9
    del record["hash"]
    record["hash"] = audit._digest(record)
    return [lines[0], json.dumps(record).encode() + b"\n", *lines[2:]]


@pytest.mark.parametrize(
    ("tamper", "sound"),
    [
        (_altered, 1),
        (_rehashed, 2),
        (lambda lines: [lines[0], *lines[2:]], 1),
        (lambda lines: lines[1:], 0),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 1),
        (lambda lines: [*lines, b"{}\n"], 4),
        (lambda lines: [*lines, b"[" * 100_000 + b"\n"], 4),
        (lambda lines: [*lines[:3], lines[3][:-9]], 3),
        (lambda lines: [lines[0], b"\xff\n", *lines[1:]], 1),
    ],
)
def test_tampering_is_found_at_its_line(
    path: Path, tamper: Callable[[Lines], Lines], sound: int
) -> None:
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))
    verdict = verify(path)
    assert verdict.lines == sound
    assert f"line {sound + 1} " in verdict.problem


def test_lines_cut_off_at_the_end_show_by_the_head_noted_elsewhere(path: Path) -> None:
    noted = verify(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    now = verify(path)
    assert now.problem == ""
    assert (now.lines, now.head) != (noted.lines, noted.head)


@pytest.mark.parametrize("rest", [b'{"n": 5, "at', b"\0" * 300, b"{}"])
def test_half_a_line_is_cut_and_said_so(path: Path, rest: bytes) -> None:
    with path.open("ab") as file:
        file.write(rest)
    log = AuditLog(path)
    log.close()
    assert verify(path).problem == ""
    last = json.loads(path.read_bytes().splitlines()[-1])
    assert (last["n"], last["event"], last["bytes"]) == (5, "half_a_line_cut", len(rest))
    assert last["position"] == "j:3"


def test_every_kill_within_a_line_is_mended(path: Path) -> None:
    content = path.read_bytes()
    whole = content.splitlines(keepends=True)
    start = sum(map(len, whole[:-1]))
    for length in range(start, len(content), 5):
        path.write_bytes(content[:length])
        AuditLog(path).close()
        verdict = verify(path)
        assert (verdict.problem, verdict.lines) == ("", 3 if length == start else 4)


def test_log_that_does_not_end_as_one_is_left_alone(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"something else\n")
    before = path.read_bytes()
    with pytest.raises(ServiceError, match="it was altered; keep it aside"):
        AuditLog(path)
    assert path.read_bytes() == before


def test_huge_foreign_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"x" * (audit._LONGEST_LINE + 10))
    with pytest.raises(ServiceError, match="it was altered"):
        AuditLog(path)
    assert path.stat().st_size == audit._LONGEST_LINE + 10


def test_full_disk_leaves_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(path)

    def write_half(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "_write_all", write_half)
        with pytest.raises(OSError, match="No space"):
            log.record("state", "j:4", job=4)
    assert (log.head.number, log.head.position) == (4, "j:3")
    log.record("state", "j:4", job=4)
    log.close()
    assert (verify(path).problem, verify(path).lines) == ("", 5)


def test_facts_do_not_take_the_place_of_the_chain(path: Path) -> None:
    log = AuditLog(path)
    with pytest.raises(ValueError, match="'hash' is the log's own"):
        log.record("state", **{"hash": "x"})
    log.close()
