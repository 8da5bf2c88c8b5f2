"""Intervals by drawing patients: against the plain bootstrap of a ratio, and the edges."""

import numpy as np
import pytest

from calciscope.evaluation.bootstrap import bootstrap_difference, bootstrap_ratio, patient_draws
from calciscope.evaluation.spect.confusion import accuracy, macro_f1, patient_matrices
from calciscope.evaluation.spect.resampling import (
    measure,
    measure_difference,
    patient_weights,
    percentile_interval,
)

GENERATOR = np.random.default_rng(5)
PATIENTS = np.repeat(np.arange(12), 6)
TRUTH = GENERATOR.integers(0, 4, 72)
GOOD = np.where(GENERATOR.random(72) < 0.8, TRUTH, GENERATOR.integers(0, 4, 72))
POOR = np.where(GENERATOR.random(72) < 0.3, TRUTH, GENERATOR.integers(0, 4, 72))


def matrices(predicted: np.ndarray) -> np.ndarray:
    return patient_matrices(TRUTH, predicted, PATIENTS, 12)


def hits(predicted: np.ndarray) -> list[float]:
    return [float((predicted == TRUTH)[number == PATIENTS].sum()) for number in range(12)]


def test_weights_are_how_often_each_patient_is_drawn() -> None:
    weights = patient_weights(3, 1, 50)
    assert weights.shape == (50, 3)
    draw = patient_draws(3, 1, 50)[7]
    assert weights[7].tolist() == [int((draw == number).sum()) for number in range(3)]


def test_accuracy_has_the_interval_of_a_ratio_of_sums() -> None:
    expected = bootstrap_ratio(hits(GOOD), [6.0] * 12)
    measured = measure(accuracy, matrices(GOOD))
    assert measured.value == pytest.approx(expected.value)
    assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high))
    assert measured.patients == 12


def test_a_difference_draws_the_same_patients_for_both() -> None:
    expected = bootstrap_difference((hits(GOOD), [6.0] * 12), (hits(POOR), [6.0] * 12))
    measured = measure_difference(accuracy, matrices(GOOD), matrices(POOR))
    assert (measured.value, measured.low, measured.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    itself = measure_difference(macro_f1, matrices(GOOD), matrices(GOOD))
    assert (itself.value, itself.low, itself.high) == (0.0, 0.0, 0.0)


def test_one_patient_has_no_interval_and_none_has_no_value() -> None:
    one = measure(accuracy, matrices(GOOD)[:1])
    assert one.value is not None and one.low is None and one.high is None
    assert measure(macro_f1, matrices(GOOD)[:0]).value is None
    assert percentile_interval(float("nan"), np.zeros(3), 4).value is None


def test_patients_without_hot_spots_do_not_count() -> None:
    padded = np.concatenate([matrices(GOOD)[:1], np.zeros((5, 11, 12), dtype=np.int64)])
    assert measure(accuracy, padded).low is None


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="12 patients and 11 patients are no pairs"):
        measure_difference(accuracy, matrices(GOOD), matrices(GOOD)[1:])
