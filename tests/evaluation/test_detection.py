"""Rates over cases written down by hand."""

import pytest

from calciscope.evaluation.detection import (
    false_positives_per_case,
    lesion_sensitivity,
    mean_lesion_dice,
    sensitivity_by_size,
)
from calciscope.evaluation.matching import DetectionCase, LesionScore


def lesion(volume_mm3: float, found: bool, dice: float = 0.5) -> LesionScore:
    return LesionScore(1, volume_mm3, found, dice if found else 0.0)


CASES = (
    DetectionCase((lesion(4, False), lesion(20, True), lesion(200, True, 0.9)), 3, 60.0),
    DetectionCase((lesion(40, True, 0.7), lesion(40, False)), 0, 0.0),
    DetectionCase((), 1, 5.0),
)


def test_sensitivity_is_pooled_over_lesions() -> None:
    assert lesion_sensitivity(CASES) == pytest.approx(3 / 5)
    assert lesion_sensitivity(CASES, minimum_mm3=30) == pytest.approx(2 / 3)
    assert lesion_sensitivity(CASES[2:]) is None


def test_sensitivity_by_size() -> None:
    bins = sensitivity_by_size(CASES, (0, 5, 30, 100, float("inf")))
    assert [(b.lesions, b.found) for b in bins] == [(1, 0), (1, 1), (2, 1), (1, 1)]
    assert [b.sensitivity for b in bins] == [0.0, 1.0, 0.5, 1.0]
    assert sensitivity_by_size((), (0, 5))[0].sensitivity is None


def test_a_lesion_on_an_edge_belongs_to_the_upper_bin() -> None:
    bins = sensitivity_by_size((DetectionCase((lesion(30, True),), 0, 0.0),), (0, 30, 100))
    assert [b.lesions for b in bins] == [0, 1]


def test_false_positives_per_case() -> None:
    assert false_positives_per_case(CASES) == pytest.approx(4 / 3)
    assert false_positives_per_case(()) is None


def test_mean_dice_counts_missed_lesions_as_zero_and_small_ones_not() -> None:
    assert mean_lesion_dice(CASES[0]) == pytest.approx(0.9)
    assert mean_lesion_dice(CASES[1]) == pytest.approx((0.7 + 0.0) / 2)
    assert mean_lesion_dice(CASES[2]) is None
