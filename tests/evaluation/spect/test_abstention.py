"""Risk-coverage by hand: four hot spots, then ties, then nothing."""

import numpy as np
import pytest

from calciscope.evaluation.spect.abstention import measure_risk_coverage

PATIENTS = np.array([0, 0, 1, 1])


def test_error_among_the_most_certain() -> None:
    certainty = np.array([0.6, 0.9, 0.8, 0.7])
    wrong = np.array([True, False, False, True])
    curve = measure_risk_coverage(certainty, wrong, PATIENTS, 2)
    read = {point.coverage: point for point in curve.points}
    # In order of certainty: right, right, wrong, wrong.
    assert [read[c].error.value for c in (0.25, 0.5, 0.75, 1.0)] == pytest.approx(
        [0, 0, 1 / 3, 2 / 4]
    )
    assert [read[c].threshold for c in (0.25, 0.5, 0.75, 1.0)] == [0.9, 0.8, 0.7, 0.6]
    assert curve.area.value == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert curve.area_best == pytest.approx(curve.area.value)


def test_the_worst_ranking_has_the_best_one_beside_it() -> None:
    curve = measure_risk_coverage(
        np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, False]), PATIENTS, 2
    )
    assert curve.area.value == pytest.approx((1 + 1 + 2 / 3 + 1 / 2) / 4)
    assert curve.area_best == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_equal_certainty_is_answered_together(order: list[int]) -> None:
    certainty = np.array([0.9, 0.5, 0.5, 0.5])[order]
    wrong = np.array([False, True, False, False])[order]
    curve = measure_risk_coverage(certainty, wrong, PATIENTS, 2)
    # Beyond the first, all four are answered: one of four is wrong.
    assert curve.area.value == pytest.approx((0 + 3 * 1 / 4) / 4)
    assert [p.error.value for p in curve.points if p.coverage > 0.25] == [0.25] * 15


def test_the_interval_spans_what_the_patients_have() -> None:
    certainty = np.full(4, 0.5)
    curve = measure_risk_coverage(certainty, np.array([True, True, False, False]), PATIENTS, 2)
    full = curve.points[-1].error
    assert (full.value, full.low, full.high) == (0.5, 0.0, 1.0)


def test_no_hot_spot_has_no_curve() -> None:
    curve = measure_risk_coverage(np.zeros(0), np.zeros(0, bool), np.zeros(0, int), 0)
    assert curve.points == () and curve.area.value is None and curve.area_best is None
