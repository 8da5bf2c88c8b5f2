"""Agreement against published and hand-computed figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calciscope.evaluation.agreement import icc_2_1, measure_agreement
from calciscope.evaluation.record_figures import AgreementPoint

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Table 2 of Shrout & Fleiss 1979, whose Table 4 gives ICC(2,1) = 0.29."""


def points(*pairs: tuple[float, float]) -> list[AgreementPoint]:
    return [AgreementPoint(f"c{i}", f"p{i}", a, b) for i, (a, b) in enumerate(pairs)]


def test_icc_of_shrout_and_fleiss() -> None:
    assert icc_2_1(SHROUT_FLEISS) == pytest.approx(0.29, abs=0.005)


def test_icc_of_two_raters_by_hand() -> None:
    # Rows 1-2, 2-3, 3-4: mean squares rows 2, columns 3/2, error 0.
    # (2 - 0) / (2 + 0 + 2 * (3/2 - 0) / 3) = 2 / 3: a constant bias lowers absolute agreement.
    assert icc_2_1(np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])) == pytest.approx(2 / 3)


def test_icc_is_one_for_equal_and_none_for_constant_ratings() -> None:
    assert icc_2_1(np.array([[1.0, 1.0], [4.0, 4.0]])) == pytest.approx(1.0)
    assert icc_2_1(np.full((4, 2), 3.0)) is None
    assert icc_2_1(np.array([[1.0, 2.0]])) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=8))
def test_icc_does_not_know_which_side_is_the_reference(pairs: list[tuple[int, int]]) -> None:
    ratings = np.array(pairs, float)
    there, back = icc_2_1(ratings), icc_2_1(ratings[:, ::-1])
    assert there == (None if back is None else pytest.approx(back))
    assert there is None or there <= 1 + 1e-9


def test_bland_altman_by_hand() -> None:
    result = measure_agreement("volume", "mm3", points((10, 11), (20, 23), (40, 42)))
    # Differences 1, 3, 2: mean 2, standard deviation 1.
    assert result.bias.value == pytest.approx(2.0)
    assert result.sd == pytest.approx(1.0)
    assert result.lower_limit.value == pytest.approx(2 - 1.96)
    assert result.upper_limit.value == pytest.approx(2 + 1.96)
    # Relative: 10 %, 15 %, 5 %.
    assert result.median_relative_error == pytest.approx(0.10)
    assert result.relative_quartiles == pytest.approx((0.075, 0.125))
    assert result.spearman == pytest.approx(1.0)


def test_swapping_the_sides_turns_the_bias_around() -> None:
    pairs = [(10.0, 14.0), (20.0, 19.0), (5.0, 9.0), (7.0, 7.0)]
    there = measure_agreement("volume", "mm3", points(*pairs))
    back = measure_agreement("volume", "mm3", points(*[(b, a) for a, b in pairs]))
    assert there.bias.value == pytest.approx(-(back.bias.value or 0.0))
    assert there.upper_limit.value == pytest.approx(-(back.lower_limit.value or 0.0))
    assert there.icc.value == pytest.approx(back.icc.value)


def test_cases_without_mineral_have_no_relative_error() -> None:
    result = measure_agreement("volume", "mm3", points((0, 5), (0, 0), (10, 5)))
    assert result.median_relative_error == pytest.approx(-0.5)
    assert result.bias.value == pytest.approx(0.0)


def test_too_few_cases_have_no_limits() -> None:
    result = measure_agreement("volume", "mm3", points((1, 2), (3, 3)))
    assert (result.sd, result.icc.value, result.lower_limit.value) == (None, None, None)
    assert result.bias.value == pytest.approx(0.5)
    nothing = measure_agreement("volume", "mm3", [])
    assert nothing.bias.value is None
    assert nothing.median_absolute_relative_error is None


def test_patients_are_drawn_whole() -> None:
    same = [AgreementPoint(f"c{i}", "p", 1.0 * i, 2.0 * i) for i in range(5)]
    result = measure_agreement("volume", "mm3", same)
    # Five cases of one patient, drawn again and again: no interval, however many cases.
    for measured in (result.bias, result.lower_limit, result.upper_limit, result.icc):
        assert measured.value is not None
        assert (measured.low, measured.high, measured.patients) == (None, None, 1)
