"""Logs in lines of JSON that hold nothing of a patient.

The messages of the service itself are trusted, as they are written to name jobs by number and
causes by code; everything else that could carry a header value or a foreign file name is left out:
messages of other libraries (pydicom's warnings quote values, pynetdicom's UIDs), messages of
exceptions (they quote paths), and extra fields that are not on a list. Where something was left
out, module and line tell a developer what it was.
"""

import logging
import re
import sqlite3
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from calciscope.errors import JournalError, SettingsError, StaleStateError

OURS = ("calciscope.service", "calciscope.daemon")

FIELDS = frozenset(
    {"job", "code", "study", "destination", "seconds", "count", "attempt", "rule", "state", "head"}
)
"""Extra fields that may be logged; `study` is a pseudonym."""

SPEAKING = (JournalError, SettingsError, StaleStateError, sqlite3.Error)
"""Errors whose sentences are about the service's own files and settings."""

_UID = re.compile(r"\d+(?:\.\d+){5,}")
"""Longer than an IPv4 address or a version; no sound UID of an instance is shorter."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class LogFormatter(JsonFormatter):
    """One JSON object for each record: time, level, where, message, fields."""

    def __init__(self) -> None:
        super().__init__(["levelname", "name", "message"], rename_fields={"levelname": "level"})

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Only what may be told."""
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["at"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data["level"] = record.levelname.lower()
        log_data["where"] = f"{record.name} {record.filename}:{record.lineno}"
        ours = any(record.name == name or record.name.startswith(f"{name}.") for name in OURS)
        log_data["message"] = _without_uids(record.message) if ours else "(not ours, left out)"
        for name in sorted(FIELDS & record.__dict__.keys()) if ours else ():
            value = record.__dict__[name]
            log_data[name] = value if isinstance(value, int | float) else _without_uids(str(value))
        if "exc_info" in message_dict:
            log_data["error"] = message_dict["exc_info"]

    def formatException(self, ei: Any) -> str:
        """Kinds of error and places in the code, without messages, which may quote anything."""
        found: ExcInfo = ei
        chain: list[str] = []
        error: BaseException | None = found[1]
        while error is not None and len(chain) < 8:
            frames = traceback.extract_tb(error.__traceback__)[-6:]
            places = [f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames]
            chain.append(f"{_named(error)} at {' > '.join(places)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "; from ".join(chain)


def set_up_logs(level: str, stream: TextIO) -> logging.Handler:
    """Send all logs of this process to a stream, as JSON; gives the handler.

    Args:
        level: of the service's own records; other libraries are heard from "warning" on.
        stream: usually standard error, which systemd and containers keep.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogFormatter())
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(True)
    # A stream that is gone must not fill another one with tracebacks, records and all.
    logging.raiseExceptions = False
    return handler


def _named(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, SPEAKING):
        return f"{kind} ({_without_uids(str(error))})"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{kind} (errno {error.errno}: {error.strerror})"
    return kind


def _without_uids(text: str) -> str:
    return _UID.sub("[uid]", text)
