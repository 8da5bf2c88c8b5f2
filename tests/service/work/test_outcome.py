"""What errors of an analysis come to."""

import errno

import pytest

from calciscope.errors import ModelError, NoCtError, OutputError, SeriesGeometryError
from calciscope.service.work.outcome import Outcome, OutcomeKind, outcome_of


def test_an_outcome_survives_json() -> None:
    outcome = Outcome(OutcomeKind.FAILED, "no\nluck", "crash", {"read": 1.0}, 5.0)
    assert "\n" not in outcome.to_json()
    assert Outcome.from_json(outcome.to_json()) == outcome


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (NoCtError("there is no CT"), "refused", "no_ct"),
        (SeriesGeometryError("slices are missing"), "refused", "series_geometry"),
        (ModelError("the model is altered"), "failed", "model"),
        (MemoryError(), "failed", "memory"),
        (OSError(errno.EACCES, "Permission denied"), "failed", "disk"),
        (OSError(errno.ENOSPC, "No space left on device"), "failed", "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "failed", "disk_full"),
        (ValueError("Doe^Jane"), "failed", "error"),
    ],
)
def test_refusals_are_told_from_failures(error: Exception, kind: str, code: str) -> None:
    outcome = outcome_of(error)
    assert (outcome.kind, outcome.code) == (kind, code)
    assert outcome.reason


def test_sentences_are_passed_on() -> None:
    assert outcome_of(NoCtError("there is no CT in it")).reason == "there is no CT in it"
    full = outcome_of(OSError(errno.ENOSPC, "No space left on device"))
    assert "No space left on device" in full.reason


def test_messages_of_unforeseen_errors_are_not_told_but_their_place_is() -> None:
    try:
        int("Doe^Jane")
    except ValueError as error:
        reason = outcome_of(error).reason
    assert "Doe" not in reason
    assert "ValueError" in reason
    assert "test_outcome" in reason


@pytest.mark.parametrize("kind", [OutputError, SeriesGeometryError, ValueError])
def test_a_full_disk_behind_another_error_is_told_as_such(kind: type[Exception]) -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise kind("cannot write to results; choose another folder with -o") from error
    except kind as error:
        outcome = outcome_of(error)
    assert (outcome.kind, outcome.code) == ("failed", "disk_full")
    assert "make room" in outcome.reason
