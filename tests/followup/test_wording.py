"""A comparison in words."""

from types import SimpleNamespace

import pytest

from calciscope.followup.wording import interval_text, percent_change_text


@pytest.mark.parametrize(
    ("percent", "words"),
    [(None, "–"), (35.4, "+35 %"), (-12.6, "-13 %"), (0.3, "0 %"), (-0.2, "0 %")],
)
def test_percent(percent: float | None, words: str) -> None:
    assert percent_change_text(percent) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, "dates not known"),
        (0, "same day"),
        (1, "1 day apart"),
        (59, "59 days apart"),
        (365, "365 days (12 months) apart"),
    ],
)
def test_interval(days: int | None, words: str) -> None:
    assert interval_text(SimpleNamespace(days_between=days)) == words  # type: ignore[arg-type]
