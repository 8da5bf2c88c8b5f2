"""Calibration by hand, against simulation, and where there is nothing to measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calciscope.evaluation.calibration import (
    equal_mass_edges,
    expected_calibration_error,
    measure_calibration,
    null_floor,
    wilson_interval,
)


def test_two_bins_by_hand() -> None:
    probabilities = np.array([0.2, 0.2, 0.8, 0.8])
    outcomes = np.array([0.0, 1.0, 1.0, 1.0])
    # Bin of 0.2: observed 1/2, gap 0.3; bin of 0.8: observed 1, gap 0.2.
    error = expected_calibration_error(probabilities, outcomes, bins=2)
    assert error == pytest.approx(0.5 * 0.3 + 0.5 * 0.2)


def test_bins_never_split_a_tie() -> None:
    probabilities = np.array([0.1, 0.5, 0.5, 0.5, 0.5, 0.9])
    assert equal_mass_edges(probabilities, 3).tolist() == [0, 5, 6]
    assert equal_mass_edges(np.full(7, 0.5), 5).tolist() == [0, 7]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), min_size=1, max_size=40))
def test_equal_probabilities_share_a_bin_and_none_is_lost(values: list[float]) -> None:
    promised = np.sort(values)
    edges = equal_mass_edges(promised)
    assert (edges[0], edges[-1]) == (0, len(promised))
    assert (np.diff(edges) > 0).all()
    for cut in edges[1:-1]:
        assert promised[cut - 1] < promised[cut]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_lesions_does_not_matter(order: list[int]) -> None:
    promised = np.array([0.1, 0.1, 0.3, 0.3, 0.3, 0.5, 0.6, 0.6, 0.8, 0.9, 0.9, 0.9])
    happened = np.array([0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1.0])
    error = expected_calibration_error(promised[order], happened[order], 4)
    assert error == pytest.approx(expected_calibration_error(promised, happened, 4))


def test_nothing_is_none_and_not_zero() -> None:
    assert expected_calibration_error(np.array([]), np.array([])) is None
    empty = measure_calibration([], [], [])
    assert (empty.count, empty.bins) == (0, ())
    assert (empty.ece.value, empty.brier.value) == (None, None)
    assert (empty.ece_null_median, empty.ece_null_95) == (None, None)


def test_the_null_floor_of_a_hundred_lesions() -> None:
    generator = np.random.default_rng(1)
    promised = generator.random(100)
    floor = null_floor(promised)
    assert floor is not None
    errors = [
        expected_calibration_error(promised, (generator.random(100) < promised).astype(float))
        for _ in range(200)
    ]
    assert floor[0] == pytest.approx(np.median(errors), abs=0.01)
    assert floor[1] == pytest.approx(np.percentile(errors, 95), abs=0.02)
    assert floor[0] > 0.03


def test_brier_by_hand_and_an_overconfident_predictor_beyond_its_floor() -> None:
    outcomes = [index % 2 == 0 for index in range(40)]
    result = measure_calibration([0.9] * 40, outcomes, [str(index // 4) for index in range(40)])
    # Half of them are lesions: (0.1^2 + 0.9^2) / 2; ECE |0.9 - 0.5|.
    assert result.brier.value == pytest.approx((0.01 + 0.81) / 2)
    assert result.ece.value == pytest.approx(0.4)
    assert result.ece.patients == 10
    assert result.ece_null_95 is not None
    assert result.ece_null_95 < 0.2
    (only,) = result.bins
    assert (only.lowest, only.highest, only.count, only.observed) == (0.9, 0.9, 40, 0.5)


def test_wilson_by_hand() -> None:
    # 8 of 10 at z = 1.96: (0.8 + 0.19208) / 1.38416 -+ 1.96 sqrt(0.016 + 0.009604) / 1.38416.
    low, high = wilson_interval(0.8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson_interval(0.0, 5)[0] == 0.0
    assert wilson_interval(1.0, 5)[1] == 1.0


def test_one_patient_has_an_error_and_no_interval() -> None:
    result = measure_calibration([0.9, 0.8, 0.2], [True, False, False], ["p", "p", "p"])
    for measured in (result.ece, result.brier):
        assert measured.value is not None
        assert (measured.low, measured.high, measured.patients) == (None, None, 1)
