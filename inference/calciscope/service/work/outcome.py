"""What became of a request."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from calciscope.errors import CalciscopeError, InputError
from calciscope.service.files import FULL

DISK_FULL = "disk_full"
"""Code of an attempt for which the disk had no room, which is no fault of the study."""


class OutcomeKind(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of a request.

    Attributes:
        kind: done; refused, which another attempt would not change; failed.
        reason: in words, for people; empty when done.
        code: a short name for counting, one of a fixed set; never anything of a patient.
        times_s: seconds of each stage.
        peak_ram_mb: largest resident size of the worker.
    """

    kind: OutcomeKind
    reason: str = ""
    code: str = ""
    times_s: dict[str, float] = field(default_factory=dict)
    peak_ram_mb: float = 0.0

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> "Outcome":
        """Read what `to_json` gave."""
        record: dict[str, Any] = json.loads(line)
        record["kind"] = OutcomeKind(record["kind"])
        return cls(**record)


def refused(reason: str, code: str) -> Outcome:
    """A study that cannot be analyzed."""
    return Outcome(OutcomeKind.REFUSED, reason, code)


def failed(reason: str, code: str) -> Outcome:
    """An attempt that went wrong."""
    return Outcome(OutcomeKind.FAILED, reason, code)


def outcome_of(error: Exception) -> Outcome:
    """What an error of the analysis comes to.

    Sentences of errors that Calciscope raises on purpose are passed on. Of any other error only
    its kind and place are told: its message may hold anything from a header. A full disk is told
    as such, whatever became of its error on the way.
    """
    if (full := _full_disk(error)) is not None:
        return failed(
            f"the disk is full ({full.strerror}); make room where the data folder lies", DISK_FULL
        )
    if isinstance(error, InputError):
        return refused(str(error), _code(error))
    if isinstance(error, CalciscopeError):
        return failed(str(error), _code(error))
    if isinstance(error, MemoryError):
        return failed("memory does not suffice for this study; raise work.memory_gib", "memory")
    if isinstance(error, OSError):
        cause = error.strerror or type(error).__name__
        return failed(f"the file system failed ({cause}); look at disk and permissions", "disk")
    return failed(
        f"the analysis broke off with {type(error).__name__} {_place(error)}; this is a fault of"
        " the program, please report it",
        "error",
    )


def _full_disk(error: BaseException | None) -> OSError | None:
    """What the disk said that had no room, if that is behind an error."""
    while error is not None and not (isinstance(error, OSError) and error.errno in FULL):
        error = error.__cause__ or error.__context__
    return error


def _code(error: CalciscopeError) -> str:
    """NoCtError becomes no_ct."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _place(error: Exception) -> str:
    """Module and line of our own program that the error came through last."""
    place, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("calciscope") or not place:
            place = f"in {module}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place
