"""Panoptic quality of rows of voxels that can be counted by hand."""

import numpy as np
import pytest

from calciscope.evaluation.panoptic import panoptic_score


def row(*values: int) -> np.ndarray:
    return np.array(values)[:, None, None]


def test_one_match_one_miss_one_invention() -> None:
    reference = row(1, 1, 1, 1, 0, 0, 2, 0, 0)
    predicted = row(0, 5, 5, 5, 0, 0, 0, 0, 6)
    score = panoptic_score(reference, predicted)
    # IoU 3 / 4; TP 1, FP 1, FN 1.
    assert score.segmentation_quality == pytest.approx(3 / 4)
    assert score.recognition_quality == pytest.approx(1 / (1 + 1 / 2 + 1 / 2))


def test_an_iou_of_exactly_a_half_is_no_match() -> None:
    score = panoptic_score(row(1, 1, 0), row(0, 1, 0))
    assert (score.ious, score.false_positives, score.false_negatives) == ((), 1, 1)
    assert score.segmentation_quality is None
    assert score.recognition_quality == 0.0


def test_two_empty_masks_measure_nothing() -> None:
    score = panoptic_score(row(0, 0), row(0, 0))
    assert score.recognition_quality is None
    assert score.segmentation_quality is None


def test_unscored_voxels_count_neither_way() -> None:
    reference, predicted = row(1, 1, 0, 0, 0), row(1, 1, 1, 0, 2)
    scored = row(1, 1, 0, 1, 0).astype(bool)
    score = panoptic_score(reference, predicted, scored)
    assert score.ious == (1.0,)
    assert score.false_positives == 0


def test_a_swap_of_sides_swaps_the_errors() -> None:
    generator = np.random.default_rng(0)
    one, two = generator.integers(0, 4, (2, 6, 6, 4))
    there, back = panoptic_score(one, two), panoptic_score(two, one)
    assert sorted(there.ious) == sorted(back.ious)
    assert there.false_positives == back.false_negatives
    assert there.recognition_quality == back.recognition_quality
