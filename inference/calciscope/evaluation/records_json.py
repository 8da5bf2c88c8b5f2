"""Evaluation reports to JSON and back: rounded, free of NaN, a row a line."""

import json
from pathlib import Path

from calciscope.errors import InputError
from calciscope.evaluation.record_json import built, record_text, write_text
from calciscope.evaluation.records import SCHEMA_VERSION, EvaluationReport


def to_json(report: EvaluationReport) -> str:
    """A report as the text of evaluation.json.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return record_text(report)


def from_json(text: str) -> EvaluationReport:
    """Read what `to_json` wrote.

    Raises:
        InputError: it is not JSON, of another schema version, or lacks a field.
    """
    try:
        record = json.loads(text)
        version = record["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("the text is no evaluation.json; evaluate the model again") from error
    if version != SCHEMA_VERSION:
        raise InputError(
            f"evaluation.json has schema version {version!r}, this program reads"
            f" {SCHEMA_VERSION}; evaluate the model again"
        )
    try:
        report: EvaluationReport = built(EvaluationReport, record)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"evaluation.json is malformed ({error!r}); evaluate the model again"
        ) from error
    return report


def write_evaluation(report: EvaluationReport, path: Path) -> None:
    """Write evaluation.json so that it is either whole or as it was."""
    write_text(to_json(report), path)
