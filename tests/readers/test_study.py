"""A series in words."""

import pytest

from calciscope.readers.study import SeriesSummary, series_text


@pytest.mark.parametrize(
    ("number", "description", "instances", "expected"),
    [
        (3, "BONE", 120, "3: BONE (CT, 120 files)"),
        (None, "BONE", 1, "BONE (CT, 1 file)"),
        (0, "", 2, "0: without description (CT, 2 files)"),
    ],
)
def test_series(number: int | None, description: str, instances: int, expected: str) -> None:
    assert series_text(SeriesSummary("1.2", number, description, "CT", instances, "1")) == expected


def test_a_series_that_must_be_found_again_has_its_uid() -> None:
    text = series_text(SeriesSummary("1.2", None, "BONE", "CT", 1, "1"), with_uid=True)
    assert text == "series ? 'BONE' (CT, 1 files, 1.2)"
