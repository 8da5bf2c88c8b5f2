"""AUC by counting pairs."""

import numpy as np
import pytest

from calciscope.evaluation.spect.ranking import measure_auc, weighted_auc

SCORES = np.array([0.9, 0.6, 0.6, 0.2, 0.1])
POSITIVE = np.array([True, True, False, False, True])


def test_pairs_are_counted_and_ties_count_half() -> None:
    # Positives 0.9, 0.6, 0.1 against negatives 0.6, 0.2:
    # 0.9 beats both, 0.6 ties one and beats one, 0.1 beats none: (2 + 1.5 + 0) / 6.
    assert weighted_auc(SCORES, POSITIVE, np.ones(5)) == pytest.approx(3.5 / 6)


def test_weights_count_hot_spots_several_times() -> None:
    weights = np.array([[1, 1, 1, 1, 1], [0, 2, 1, 1, 0], [1, 0, 0, 0, 1]], dtype=float)
    measured = weighted_auc(SCORES, POSITIVE, weights)
    # Second row: 0.6 twice against 0.6 and 0.2: (2 x 0.5 + 2 x 1) / 4.
    assert measured[:2] == pytest.approx([3.5 / 6, 3 / 4])
    assert np.isnan(measured[2])


def test_nothing_is_nan() -> None:
    assert np.isnan(weighted_auc(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0)))


def test_each_compartment_against_the_rest_and_their_mean() -> None:
    truth = np.array([0, 0, 2, 2, 2, 3])
    probabilities = np.zeros((6, 11))
    probabilities[:, 0] = [0.9, 0.3, 0.5, 0.1, 0.1, 0.1]
    probabilities[:, 2] = [0.1, 0.2, 0.4, 0.8, 0.7, 0.3]
    probabilities[:, 3] = [0.0, 0.5, 0.1, 0.1, 0.2, 0.6]
    each, mean = measure_auc(truth, probabilities, np.array([0, 1, 0, 1, 2, 2]), 3)
    # Bone: 0.9 beats 4 of 4, 0.3 beats 3 of 4. Muscle: all of 9. Subcutis: all of 5.
    assert [each[index].value for index in (0, 2, 3)] == pytest.approx([7 / 8, 1.0, 1.0])
    assert each[1].value is None
    assert mean.value == pytest.approx((7 / 8 + 2) / 3)
    assert each[3].low is None, "only one patient has it"
    assert mean.low is not None and mean.low <= 7 / 8 + 2 / 3


def test_no_hot_spot_has_no_figure() -> None:
    each, mean = measure_auc(np.zeros(0, int), np.zeros((0, 11)), np.zeros(0, int), 0)
    assert mean.value is None and all(auc.value is None for auc in each)
