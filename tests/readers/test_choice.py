from collections.abc import Callable
from itertools import permutations

import pytest
from pydicom.uid import CTImageStorage

from calciscope.readers.arrangement import arrange
from calciscope.readers.choice import choose
from calciscope.readers.series import Series
from calciscope.readers.slices import Slice
from calciscope.readers.stacks import Candidate

Make = Callable[..., Slice]
Candidates = Callable[..., Candidate]
DERIVED = ("DERIVED", "PRIMARY", "AXIAL")
MPR = ("DERIVED", "SECONDARY", "MPR")


@pytest.fixture
def candidate(make_slice: Make) -> Candidates:
    """candidate(number, slices, spacing, ...) is a stack of a series of that number."""

    def make(number: int | None, count: int, spacing: float = 2.5, **changes: object) -> Candidate:
        changes = {"thickness": spacing} | changes
        slices = tuple(make_slice((0, 0, k * spacing), **changes) for k in range(count))
        uid = f"1.{number}"
        series = Series("1", uid, number, "", "CT", CTImageStorage, count, slices)
        return Candidate(series, arrange(slices, series.name))

    return make


def check(candidates: list[Candidate], number: int, reasons: dict[int, str]) -> None:
    """In whatever order they come, `number` is chosen and the others have these reasons."""
    for order in permutations(candidates):
        choice = choose(order)
        assert choice.chosen.series.number == number
        assert {s.number: s.reason for s in choice.left_out} == reasons


def test_a_single_candidate_is_chosen(candidate: Candidates) -> None:
    check([candidate(1, 10)], 1, {})


def test_length_goes_before_everything(candidate: Candidates) -> None:
    # 4 * 2.5 = 10 mm of bolus tracking against 39 * 5 = 195 mm of derived, sharp, thick slices.
    check(
        [candidate(1, 5), candidate(2, 40, 5.0, image_type=DERIVED, kernel="B70f")],
        2,
        {1: "covers 10 mm of 195 mm"},
    )


def test_original_goes_before_derived_and_reformatted_comes_last(candidate: Candidates) -> None:
    check(
        [
            candidate(1, 41, image_type=MPR),
            candidate(2, 40, image_type=DERIVED),
            candidate(3, 30),
        ],
        3,
        {
            1: r"derived images (DERIVED\SECONDARY\MPR) where there are more original ones",
            2: r"derived images (DERIVED\PRIMARY\AXIAL) where there are more original ones",
        },
    )


def test_a_somewhat_shorter_series_loses_whatever_its_kernel(candidate: Candidates) -> None:
    check(
        [candidate(1, 33, kernel="SOFT"), candidate(2, 41, kernel="BONE")],
        2,
        {1: "covers 80 mm of 100 mm"},
    )


def test_soft_goes_before_sharp(candidate: Candidates) -> None:
    check(
        [candidate(1, 41, kernel="BONE"), candidate(2, 40, kernel="SOFT")],
        2,
        {1: "kernel BONE at 2.5 mm suits less than kernel SOFT at 2.5 mm"},
    )


def test_slices_of_1_to_3_mm_go_before_others(candidate: Candidates) -> None:
    check(
        [candidate(1, 21, 5.0), candidate(2, 101, 1.0), candidate(3, 201, 0.5)],
        2,
        {
            1: "kernel STANDARD at 5 mm suits less than kernel STANDARD at 1 mm",
            3: "kernel STANDARD at 0.5 mm suits less than kernel STANDARD at 1 mm",
        },
    )


def test_spacing_stands_in_for_unknown_thickness(candidate: Candidates) -> None:
    check(
        [candidate(1, 11, 10.0, thickness=None), candidate(2, 41, 2.5, thickness=None)],
        2,
        {1: "kernel STANDARD at 10 mm suits less than kernel STANDARD at 2.5 mm"},
    )


def test_more_slices_go_before_fewer(candidate: Candidates) -> None:
    check(
        [candidate(1, 51, 2.0), candidate(2, 101, 1.0)],
        2,
        {1: "51 slices where the chosen one has 101"},
    )


def test_the_series_number_settles_the_rest(candidate: Candidates) -> None:
    later = "no better than the chosen one, and numbered after it"
    check([candidate(7, 40), candidate(3, 40), candidate(None, 40)], 3, {7: later, None: later})
