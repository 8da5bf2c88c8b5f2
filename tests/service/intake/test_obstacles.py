"""Missing slices and instances, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calciscope.service.intake.obstacles import lost_slices, missing_slices
from calciscope.service.journal.records import SeriesRecord, SlicePlace, StoredInstance


@pytest.mark.parametrize(
    ("offsets", "lost"),
    [
        ([], 0),
        ([7.0], 0),
        ([0, 5], 0),
        ([0, 5, 10, 15], 0),
        ([0, 5, 15, 20, 25], 1),
        ([0, 5, 10, 15, 35, 40, 45], 3),
        ([25, 0, 20, 5, 15], 1),
        ([0, 0, 5, 5, 10, 10.004, 15], 0),
        ([0, 5, 10, 15, 20, 22, 24, 26, 28], 0),
        ([0, 5.04, 9.96, 15.01, 20], 0),
    ],
)
def test_lost_slices(offsets: list[float], lost: int) -> None:
    assert lost_slices(offsets) == lost


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_any_positions_are_counted(offsets: list[float]) -> None:
    assert lost_slices(offsets) >= 0


def test_stacks_of_one_series_are_looked_at_one_by_one() -> None:
    instances = [
        StoredInstance(f"{stack}{n}", "1.2", "f", 1, "d", SlicePlace(stack, offset))
        for stack, offsets in {"a": [0, 5, 10, 15], "b": [2, 4, 8, 10, 12]}.items()
        for n, offset in enumerate(offsets)
    ] + [StoredInstance("other", "9.9", "f", 1, "d", None)]
    series = SeriesRecord("1.2", {"SeriesNumber": "4"}, 9, None)
    assert missing_slices([series], instances) == ["1 slice is missing in series 4"]
