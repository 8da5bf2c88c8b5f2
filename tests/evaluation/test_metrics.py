"""Metrics against figures that a reader can redo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calciscope.evaluation.metrics import (
    confusion_rate,
    dice,
    hausdorff_95_mm,
    normalized_surface_dice,
    scored_masks,
)

SPACING = (1.0, 1.0, 2.5)
EMPTY = np.zeros((10, 10, 10), bool)


def block(start: tuple[int, int, int], size: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros((10, 10, 10), bool)
    mask[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))] = True
    return mask


def test_dice_of_overlapping_blocks() -> None:
    # 4 x 4 x 4 = 64 voxels each, shifted by one: 48 shared.
    shifted = dice(block((2, 2, 2), (4, 4, 4)), block((3, 2, 2), (4, 4, 4)))
    assert shifted == pytest.approx(2 * 48 / 128)


def test_dice_of_a_part() -> None:
    assert dice(block((2, 2, 2), (4, 4, 4)), block((2, 2, 2), (2, 4, 4))) == 2 * 32 / (64 + 32)


@pytest.mark.parametrize(
    ("reference", "prediction", "score"),
    [(EMPTY, EMPTY, 1.0), (~EMPTY, EMPTY, 0.0), (EMPTY, ~EMPTY, 0.0)],
    ids=["both empty", "missed", "invented"],
)
def test_empty_cases_of_overlap(
    reference: np.ndarray, prediction: np.ndarray, score: float
) -> None:
    assert dice(reference, prediction) == score
    assert normalized_surface_dice(reference, prediction, SPACING, 1.0) == score


def test_empty_cases_of_the_hausdorff_distance() -> None:
    assert hausdorff_95_mm(EMPTY, EMPTY, SPACING) == 0.0
    # The worst value is the diagonal of 10 x 10 x 25 mm.
    diagonal = np.sqrt(10**2 + 10**2 + 25**2)
    assert hausdorff_95_mm(~EMPTY, EMPTY, SPACING) == pytest.approx(diagonal)
    assert hausdorff_95_mm(EMPTY, ~EMPTY, SPACING) == pytest.approx(diagonal)


def test_the_same_mask_has_no_distance() -> None:
    mask = block((2, 2, 2), (4, 3, 5))
    assert hausdorff_95_mm(mask, mask, SPACING) == 0.0
    assert normalized_surface_dice(mask, mask, SPACING, 0.0) == 1.0


def test_slab_shifted_along_the_slices() -> None:
    # Slabs across the whole array, 2 slices thick, one slice of 2.5 mm apart.
    one, two = block((0, 0, 2), (10, 10, 2)), block((0, 0, 3), (10, 10, 2))
    assert hausdorff_95_mm(one, two, SPACING) == pytest.approx(2.5)
    # Within 1 mm lie only the side faces of the slice they share: 40 of 2.5 mm2 of the 80 of each
    # slab. The 200 faces of 1 mm2 above and below are 1.35 mm or more from any face of the other.
    sides, faces = 80 * 2.5, 200 * 1.0
    expected = (40 * 2.5) / (sides + faces)
    assert normalized_surface_dice(one, two, SPACING, 1.0) == pytest.approx(expected)
    assert normalized_surface_dice(one, two, SPACING, 2.5) == pytest.approx(1.0)


def test_hausdorff_takes_the_worse_direction_and_a_percentile() -> None:
    reference = block((0, 0, 0), (10, 10, 1))
    prediction = reference | block((5, 5, 9), (1, 1, 1))
    # From the reference no face is far. Of the prediction's surface the stray voxel has 2 faces of
    # 1 mm2 and 4 of 2.5 mm2, 12 of 312 mm2: less than 5 %, so it does not show.
    assert hausdorff_95_mm(reference, prediction, SPACING) == 0.0
    larger = reference | block((4, 4, 9), (3, 3, 1))
    # Now 18 + 30 of 348 mm2; its faces lie 8 to 9 slices above the reference.
    assert 8 * 2.5 <= hausdorff_95_mm(reference, larger, SPACING) <= 9 * 2.5
    assert hausdorff_95_mm(larger, reference, SPACING) == pytest.approx(
        hausdorff_95_mm(reference, larger, SPACING)
    )


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_metrics_are_symmetric_and_bounded(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    one, two = rng.random((5, 4, 3)) < share, rng.random((5, 4, 3)) < share
    for score in (
        (dice(one, two), dice(two, one)),
        (
            normalized_surface_dice(one, two, SPACING, 1.0),
            normalized_surface_dice(two, one, SPACING, 1.0),
        ),
    ):
        assert score[0] == pytest.approx(score[1])
        assert 0.0 <= score[0] <= 1.0


def test_masks_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        dice(EMPTY, np.zeros((10, 10, 9), bool))


def test_ignored_voxels_are_in_neither_mask() -> None:
    reference = np.array([6, 6, 255, 255, 2, 0], np.uint8)
    predicted = np.array([6, 2, 6, 2, 6, 0], np.uint8)
    masks = scored_masks(reference, predicted)
    assert masks[0].tolist() == [True, True, False, False, False, False]
    assert masks[1].tolist() == [True, False, False, False, True, False]


def test_confusion_rate() -> None:
    reference = np.array([3] * 10 + [4] * 5 + [2] * 20, np.uint8)
    prediction = np.zeros(35, bool)
    prediction[[0, 1, 12, 30]] = True  # two voxels of bone, one of vessel, one of muscle
    assert confusion_rate(reference, prediction) == pytest.approx(3 / 15)
    assert confusion_rate(reference, prediction, labels=(3,)) == pytest.approx(2 / 10)
    assert confusion_rate(reference, prediction, labels=(5,)) == 0.0
