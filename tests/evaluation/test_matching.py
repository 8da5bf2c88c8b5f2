"""Lesions found, missed and invented in drawn cases."""

import numpy as np
import pytest

from calciscope.evaluation.matching import LesionScore, match_lesions

SHAPE = (30, 12, 12)


def reference() -> np.ndarray:
    """Lesion 1: 4 x 4 x 4 at i = 2; lesion 2: 2 x 2 x 2 at i = 10; lesion 5: 5 x 2 x 2 at 20."""
    ids = np.zeros(SHAPE, np.uint16)
    ids[2:6, 2:6, 2:6] = 1
    ids[10:12, 2:4, 2:4] = 2
    ids[20:25, 2:4, 2:4] = 5
    return ids


def test_a_perfect_prediction() -> None:
    case = match_lesions(reference(), reference() > 0, voxel_mm3=2.0)
    assert case.lesions == (
        LesionScore(1, 128.0, True, 1.0, (0,)),
        LesionScore(2, 16.0, True, 1.0, (1,)),
        LesionScore(5, 40.0, True, 1.0, (2,)),
    )
    assert (case.false_positives, case.false_positive_mm3) == (0, 0.0)


def test_nothing_predicted() -> None:
    case = match_lesions(reference(), np.zeros(SHAPE, bool), 1.0)
    assert [lesion.found for lesion in case.lesions] == [False] * 3
    assert [lesion.dice for lesion in case.lesions] == [0.0] * 3
    assert case.false_positives == 0


def test_nothing_to_find() -> None:
    prediction = np.zeros(SHAPE, bool)
    prediction[2:4, 2:4, 2:4] = prediction[10, 10, 10] = True
    case = match_lesions(np.zeros(SHAPE, np.uint16), prediction, 2.5)
    assert case.lesions == ()
    assert (case.false_positives, case.false_positive_mm3) == (2, 9 * 2.5)


def test_a_tenth_of_a_lesion_must_be_predicted() -> None:
    prediction = np.zeros(SHAPE, bool)
    prediction[2:6, 2, 2] = True  # 4 of 64 voxels, 6 %
    prediction[20:22, 2, 2] = True  # 2 of 20 voxels, 10 %
    case = match_lesions(reference(), prediction, 1.0)
    assert [lesion.found for lesion in case.lesions] == [False, False, True]
    # What was predicted touches lesions: it is no false positive, found or not.
    assert case.false_positives == 0
    (one, _, five) = case.lesions
    assert one.dice == pytest.approx(2 * 4 / (64 + 4))
    assert five.dice == pytest.approx(2 * 2 / (20 + 2))
    generous = match_lesions(reference(), prediction, 1.0, minimum_overlap=0.0)
    assert generous.lesions[0].found
    assert not generous.lesions[1].found


def test_dice_counts_all_components_that_overlap_the_lesion() -> None:
    prediction = np.zeros(SHAPE, bool)
    prediction[2:3, 2:6, 2:6] = True  # 16 voxels inside lesion 1
    prediction[5:8, 2:6, 2:6] = True  # 16 inside and 32 beyond it
    (one, _, _) = match_lesions(reference(), prediction, 1.0).lesions
    assert one.dice == pytest.approx(2 * 32 / (64 + 16 + 48))


def test_lesions_found_in_one_piece_do_not_spoil_each_other() -> None:
    prediction = reference() > 0
    prediction[6:10, 2, 2] = True  # a bridge of 4 voxels from lesion 1 to lesion 2
    (one, two, _) = match_lesions(reference(), prediction, 1.0).lesions
    assert one.dice == pytest.approx(2 * 64 / (64 + 64 + 4))
    assert two.dice == pytest.approx(2 * 8 / (8 + 8 + 4))


def test_ignored_voxels_excuse_a_component_and_are_not_counted() -> None:
    ignore = np.zeros(SHAPE, bool)
    ignore[26:, 8:, 8:] = True
    ignore[6, 2:6, 2:6] = True
    prediction = np.zeros(SHAPE, bool)
    prediction[25:27, 8, 8] = True  # touches what is ignored
    prediction[15, 10, 10] = True  # does not
    prediction[2:7, 2:6, 2:6] = True  # lesion 1 and the ignored layer beyond it
    case = match_lesions(reference(), prediction, 1.0, ignore)
    assert case.false_positives == 1
    assert case.lesions[0].dice == 1.0


def test_components_say_what_they_are() -> None:
    prediction = np.zeros(SHAPE, bool)
    prediction[5:11, 3, 3] = True  # lesions 1 and 2 in one piece
    prediction[15, 8, 8] = True  # nothing
    prediction[27, 8, 8] = True  # unscored
    ignore = np.zeros(SHAPE, bool)
    ignore[26:, :, :] = True
    case = match_lesions(reference(), prediction, 1.0, ignore)
    assert [part.hits for part in case.components] == [(1, 2), (), ()]
    assert [part.is_false_positive for part in case.components] == [False, True, False]
    assert [part.is_scored for part in case.components] == [True, True, False]
    assert [lesion.hit_by for lesion in case.lesions] == [(0,), (0,), ()]
