"""Intervals over patients."""

import numpy as np
import pytest

from calciscope.evaluation.bootstrap import (
    Interval,
    bootstrap_difference,
    bootstrap_mean,
    bootstrap_ratio,
)


def test_interval_of_a_mean_is_near_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(10.0, 2.0, 100)
    interval = bootstrap_mean(list(values))
    error = values.std() / np.sqrt(100)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1)
    assert interval.patients == 100


def test_patients_that_agree_leave_no_doubt() -> None:
    assert bootstrap_mean([0.5, 0.5, 0.5]) == Interval(0.5, 0.5, 0.5, 3)


def test_one_patient_leaves_every_doubt() -> None:
    assert bootstrap_mean([0.7]) == Interval(0.7, None, None, 1)
    assert bootstrap_difference(([2.0], [4.0]), ([1.0], [4.0])) == Interval(0.25, None, None, 1)
    # Both have a denominator for the first, only one of them for the second.
    first, second = ([2.0, 4.0], [4.0, 4.0]), ([1.0, 0.0], [4.0, 0.0])
    assert bootstrap_difference(first, second) == Interval(0.5, None, None, 2)


def test_nothing_measured_is_none_and_never_zero() -> None:
    assert bootstrap_mean([]) == Interval(None, None, None, 0)
    assert bootstrap_mean([None, None]) == Interval(None, None, None, 0)
    assert bootstrap_ratio([0.0], [0.0]) == Interval(None, None, None, 1)


def test_patients_without_a_value_are_left_out() -> None:
    interval = bootstrap_mean([0.4, None, 0.6])
    assert (interval.value, interval.patients) == (pytest.approx(0.5), 2)


def test_the_seed_decides_the_interval_and_not_the_value() -> None:
    values = list(np.random.default_rng(2).random(20))
    assert bootstrap_mean(values, seed=5) == bootstrap_mean(values, seed=5)
    assert bootstrap_mean(values, seed=5).value == bootstrap_mean(values, seed=6).value
    assert bootstrap_mean(values, seed=5) != bootstrap_mean(values, seed=6)


def test_a_wider_level_gives_a_wider_interval() -> None:
    values = list(np.random.default_rng(3).random(30))
    narrow, wide = bootstrap_mean(values, level=0.5), bootstrap_mean(values, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high  # type: ignore[operator]


def test_ratio_of_sums_weighs_patients_by_their_lesions() -> None:
    # 9 of 10 lesions in one patient, 0 of 2 in another: 9 of 12, not the mean of 0.9 and 0.
    interval = bootstrap_ratio([9, 0], [10, 2])
    assert interval.value == pytest.approx(9 / 12)
    assert (interval.low, interval.high) == (pytest.approx(0.0), pytest.approx(0.9))


def test_a_patient_without_lesions_cannot_empty_a_resample() -> None:
    interval = bootstrap_ratio([1, 2, 0], [2, 4, 0])
    assert (interval.low, interval.high) == (0.5, 0.5)
    assert bootstrap_ratio([1, 0], [2, 0]) == Interval(0.5, None, None, 2)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 numerators and 1 denominators"):
        bootstrap_ratio([1, 2], [1])


def test_a_paired_difference_by_hand() -> None:
    first, second = ([2.0, 4.0], [4.0, 4.0]), ([1.0, 3.0], [4.0, 4.0])
    # 6 / 8 - 4 / 8; each patient differs by 1 / 4, whichever is drawn.
    difference = bootstrap_difference(first, second)
    assert (difference.value, difference.low, difference.high) == (0.25, 0.25, 0.25)
    assert difference.patients == 2


def test_pairing_is_narrower_than_two_intervals() -> None:
    generator = np.random.default_rng(0)
    one = generator.random(40)
    two = one - 0.1 + generator.normal(0, 0.01, 40)
    ones = [1.0] * 40
    paired = bootstrap_difference((list(one), ones), (list(two), ones))
    alone = bootstrap_mean(list(one))
    assert paired.value == pytest.approx(0.1, abs=0.01)
    assert paired.low is not None and paired.high is not None
    assert alone.low is not None and alone.high is not None
    assert paired.high - paired.low < 0.2 * (alone.high - alone.low)


def test_a_difference_turned_around_changes_its_sign() -> None:
    first, second = ([1.0, 3.0, 2.0], [4.0, 4.0, 2.0]), ([0.0, 3.0, 1.0], [4.0, 5.0, 2.0])
    there, back = bootstrap_difference(first, second), bootstrap_difference(second, first)
    assert there.value == pytest.approx(-(back.value or 0.0))
    assert there.low == pytest.approx(-(back.high or 0.0))


def test_unequal_patients_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        bootstrap_difference(([1.0], [1.0]), ([1.0, 2.0], [1.0, 1.0]))
    nothing = bootstrap_difference(([1.0], [0.0]), ([1.0], [1.0]))
    assert nothing.value is None
