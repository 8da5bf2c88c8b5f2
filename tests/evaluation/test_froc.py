"""FROC of scores written down by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calciscope.evaluation.froc import RATES, PatientScores, measure_froc

HAND = {
    "a": PatientScores(cases=1, lesions=2, found=[0.9, 0.6], false=[0.8]),
    "b": PatientScores(cases=1, lesions=2, found=[0.7], false=[0.5, 0.4]),
}


def test_points_by_hand() -> None:
    froc = measure_froc(HAND)
    assert froc is not None
    curve = [(p.threshold, p.sensitivity, p.false_positives_per_case) for p in froc.points]
    assert curve == [
        (0.9, 1 / 4, 0.0),
        (0.8, 1 / 4, 0.5),
        (0.7, 2 / 4, 0.5),
        (0.6, 3 / 4, 0.5),
        (0.5, 3 / 4, 1.0),
        (0.4, 3 / 4, 1.5),
    ]
    # 2 cases hold 4 lesions: half a false positive per case is a quarter per lesion.
    assert froc.points[1].false_positives_per_lesion == pytest.approx(0.25)


def test_rates_and_cpm_by_hand() -> None:
    froc = measure_froc(HAND)
    assert froc is not None
    values = [rate.sensitivity.value for rate in froc.rates]
    assert values == pytest.approx([0.25, 0.25, 0.75, 0.75, 0.75, 0.75, 0.75])
    assert [rate.reached for rate in froc.rates] == [True, True, True, True, False, False, False]
    assert froc.cpm.value == pytest.approx((2 * 0.25 + 5 * 0.75) / 7)
    assert froc.cpm.patients == 2


def test_a_false_positive_above_every_lesion_costs_the_low_rates() -> None:
    froc = measure_froc({"a": PatientScores(1, 1, [0.5], [0.9])})
    assert froc is not None
    assert [rate.sensitivity.value for rate in froc.rates] == [0, 0, 0, 1, 1, 1, 1]


def test_without_lesions_there_is_no_curve_and_without_predictions_it_is_flat() -> None:
    assert measure_froc({}) is None
    assert measure_froc({"a": PatientScores(1, 0, [], [0.5])}) is None
    blind = measure_froc({"a": PatientScores(1, 3, [], [])})
    assert blind is not None
    assert blind.points == ()
    assert blind.cpm.value == 0.0
    assert not any(rate.reached for rate in blind.rates)


def test_rates_are_read_from_every_threshold() -> None:
    # 2000 thresholds; false positives and lesions take turns, so 8 lesions lie above the 9th.
    scores = [1 - index / 2000 for index in range(2000)]
    froc = measure_froc({"a": PatientScores(1, 1000, scores[0::2], scores[1::2])})
    assert froc is not None
    assert len(froc.points) == 120
    assert froc.rates[-1].sensitivity.value == pytest.approx(9 / 1000)
    assert (froc.points[0].threshold, froc.points[-1].threshold) == (scores[0], scores[-1])


SCORES = st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), max_size=6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=4))
def test_sensitivity_never_falls_along_the_curve(patients: list) -> None:
    froc = measure_froc(
        {
            str(index): PatientScores(1, len(found) + 1, found, false)
            for index, (found, false) in enumerate(patients)
        }
    )
    assert froc is not None
    for before, after in zip(froc.points, froc.points[1:], strict=False):
        assert before.threshold > after.threshold
        assert before.sensitivity <= after.sensitivity
        assert before.false_positives_per_case <= after.false_positives_per_case
    rates = [rate.sensitivity.value or 0.0 for rate in froc.rates]
    assert rates == sorted(rates)
    assert len(rates) == len(RATES)


def test_one_patient_with_lesions_has_a_curve_and_no_band() -> None:
    froc = measure_froc({"a": HAND["a"], "empty": PatientScores(cases=1, false=[0.7])})
    assert froc is not None
    assert froc.cpm.value is not None
    assert {(x.low, x.high) for x in (*froc.points, froc.cpm)} == {(None, None)}
    assert {(rate.sensitivity.low, rate.sensitivity.high) for rate in froc.rates} == {(None, None)}
    both = measure_froc(HAND)
    assert both is not None and None not in (both.cpm.low, both.points[0].low)
