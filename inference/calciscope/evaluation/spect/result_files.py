"""Judged cases on disk, a file each, so that an interrupted evaluation goes on where it stopped."""

import json
from dataclasses import dataclass
from pathlib import Path

from calciscope.evaluation.record_json import built, record_text, write_text
from calciscope.evaluation.spect.rows import SpectCaseResult

RESULT_VERSION = 2
"""Version of what a result means; a change of judging must raise it."""


@dataclass(frozen=True)
class _File:
    """What a file holds; `key` says of which models, conditions and settings."""

    version: int
    key: str
    result: SpectCaseResult


def write_result(result: SpectCaseResult, key: str, folder: Path) -> None:
    """Write the result of a case, whole or not at all.

    Args:
        result: of the case.
        key: of everything that it depends on besides the case.
        folder: of results; made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = record_text(_File(RESULT_VERSION, key, result))
    write_text(text, folder / f"{result.case_id}.json")


def read_result(case_id: str, key: str, folder: Path) -> SpectCaseResult | None:
    """The result of an earlier run; None where there is none that fits."""
    try:
        record = json.loads((folder / f"{case_id}.json").read_text(encoding="utf-8"))
        if (record["version"], record["key"]) != (RESULT_VERSION, key):
            return None
        file: _File = built(_File, record)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return file.result
