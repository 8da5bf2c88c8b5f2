"""The audit log: append-only lines of JSON, each chained to the one before by its hash.

A line that is altered, taken out or put in between breaks the chain, which `verify` finds. Lines
cut off at the end are found by comparing with a head (number and hash) that was noted elsewhere:
the service logs it once a day. Jobs are named by number and pseudonym, never by a UID.
"""

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from calciscope.errors import ServiceError
from calciscope.service.clock import Clock, SystemClock

Fact = str | int | float | bool
FIRST = "0" * 64
"""What the first line is chained to."""

_LONGEST_LINE = 1 << 20
_OWN = frozenset({"n", "at", "event", "position", "previous", "hash"})


@dataclass(frozen=True)
class Head:
    """The last line of the log.

    Attributes:
        number: of the line, from 1; 0 for an empty log.
        hash: of the line.
        position: what the log has covered, as `AuditLog.record` was told.
    """

    number: int = 0
    hash: str = FIRST
    position: str = ""


@dataclass(frozen=True)
class Verdict:
    """What `verify` found.

    Attributes:
        lines: that are sound, from the first on.
        head: hash of the last of them.
        problem: a sentence about the first line that is not; empty when all are.
    """

    lines: int
    head: str
    problem: str


class AuditLog:
    """Writes the log; one line is whole on disk before the next begins.

    Args:
        path: of the log; made, for its owner alone, where it is not there.
        clock: of the times written down.

    Raises:
        ServiceError: the last line is no line of an audit log.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            cut = self._cut_half_a_line()
            self.head = self._last()
        except BaseException:
            self.close()
            raise
        if cut:
            self.record("half_a_line_cut", bytes=cut)

    def record(self, event: str, position: str | None = None, **facts: Fact) -> None:
        """Append a line.

        Args:
            event: a short name.
            position: what the log covers from now on, for whoever follows something; None leaves
                it as it is.
            facts: nothing that names a patient.
        """
        self.record_all([(event, position, facts)])

    def record_all(self, entries: list[tuple[str, str | None, dict[str, Fact]]]) -> None:
        """Append lines, and see them to the disk: all, or after an error whole ones from the first.

        Args:
            entries: event, position and facts of each, as for `record`.
        """
        with self._lock:
            head, lines = self.head, []
            for event, position, facts in entries:
                if _OWN & facts.keys():
                    raise ValueError(f"{sorted(_OWN & facts.keys())[0]!r} is the log's own")
                record = {
                    "n": head.number + 1,
                    "at": round(self._clock.now(), 3),
                    "event": event,
                    "position": head.position if position is None else position,
                    **facts,
                    "previous": head.hash,
                }
                digest = _digest(record)
                lines.append(json.dumps({**record, "hash": digest}).encode() + b"\n")
                head = Head(head.number + 1, digest, str(record["position"]))
            before = os.lseek(self._descriptor, 0, os.SEEK_END)
            try:
                _write_all(self._descriptor, b"".join(lines))
                os.fsync(self._descriptor)
            except OSError:
                # A full disk: half a line must not stand before the next one.
                os.ftruncate(self._descriptor, before)
                raise
            self.head = head

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _cut_half_a_line(self) -> int:
        """Take away what a kill or a power cut left after the last line break; gives the bytes."""
        size = os.lseek(self._descriptor, 0, os.SEEK_END)
        tail = self._tail(size)
        if not tail or tail.endswith(b"\n"):
            return 0
        whole = tail.rfind(b"\n") + 1
        if not whole and len(tail) < size:
            raise self._foreign()
        os.ftruncate(self._descriptor, size - len(tail) + whole)
        return len(tail) - whole

    def _last(self) -> Head:
        tail = self._tail(os.lseek(self._descriptor, 0, os.SEEK_END)).removesuffix(b"\n")
        if not tail:
            return Head()
        record = _sound(tail[tail.rfind(b"\n") + 1 :])
        if record is None:
            raise self._foreign()
        return Head(int(record["n"]), str(record["hash"]), str(record["position"]))

    def _tail(self, size: int) -> bytes:
        length = min(size, _LONGEST_LINE)
        return os.pread(self._descriptor, length, size - length)

    def _foreign(self) -> ServiceError:
        return ServiceError(
            f"{self._path} does not end with a line of an audit log: it was altered; keep it aside"
            " for whoever looks into that, and start again: a new one is begun"
        )


def verify(path: Path) -> Verdict:
    """Follow the chain from the first line to the last."""
    number, previous = 0, FIRST
    with path.open("rb") as lines:
        for line in lines:
            record = _sound(line.removesuffix(b"\n")) if line.endswith(b"\n") else None
            place = f"{path}, line {number + 1}"
            if record is None:
                return Verdict(number, previous, f"{place} is altered or cut off")
            if (record["n"], record["previous"]) != (number + 1, previous):
                return Verdict(
                    number, previous, f"{place} does not follow the line before: lines were taken"
                    " out, put in or exchanged here",
                )  # fmt: skip
            number, previous = number + 1, str(record["hash"])
    return Verdict(number, previous, "")


def _sound(line: bytes) -> dict[str, Fact] | None:
    """A line as a record, if it has all it must have and its hash is its own."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not record.keys() >= _OWN or type(record["n"]) is not int:
        return None
    digest = record.pop("hash")
    return {**record, "hash": digest} if digest == _digest(record) else None


def _digest(record: dict[str, Fact]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
