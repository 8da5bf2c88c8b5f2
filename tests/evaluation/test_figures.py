"""Figures: patients count once in means, and only where there is something to measure."""

from types import SimpleNamespace

import pytest

from calciscope.evaluation.breakdowns import sensitivities, strata
from calciscope.evaluation.case_scoring import CaseResult, Truth, score_case
from calciscope.evaluation.figure_rules import FIGURES, rule_of
from calciscope.evaluation.figures import interval_of, main_figures
from calciscope.evaluation.rule_predictor import Surroundings


def result(
    toys: SimpleNamespace, name: str, patient: str, sees: bool, lesions: bool = True
) -> CaseResult:
    case = toys.case(name, lesions, patient)
    return score_case(Truth.of(case, Surroundings()), toys.Oracle(sees=sees).predict(case))


@pytest.fixture(scope="module")
def results(toys: SimpleNamespace) -> list[CaseResult]:
    """Patient 1 with two cases that are seen, patient 2 with one that is not, 3 without lesion."""
    return [
        result(toys, "a", "1", True),
        result(toys, "b", "1", True),
        result(toys, "c", "2", False),
        result(toys, "d", "3", True, lesions=False),
    ]


def test_means_count_patients_once(results: list[CaseResult]) -> None:
    interval = interval_of("lesion_dice_from_30_mm3", results, 0)
    # Patient 1: (1 + 1) / 2, patient 2: 0; pooled over cases it would be 2 / 3.
    assert interval.value == pytest.approx(1 / 2)
    assert interval.patients == 2


def test_rates_are_pooled(results: list[CaseResult]) -> None:
    assert interval_of("sensitivity", results, 0).value == pytest.approx(2 / 6)
    assert interval_of("false_positives_per_case", results, 0).value == 1.0
    assert interval_of("false_positives_per_lesion", results, 0).value == pytest.approx(4 / 6)


def test_worst_values_of_a_miss_stay_in_the_mean(
    results: list[CaseResult], toys: SimpleNamespace
) -> None:
    seen, missed = results[0].row.hd95_mm, results[2].row.hd95_mm
    assert missed > seen
    assert interval_of("hd95_mm", results, 0).value == pytest.approx((seen + missed) / 2)


def test_keys_are_unique_and_tissues_only_where_measured(results: list[CaseResult]) -> None:
    keys = [rule.key for rule in FIGURES]
    assert len(keys) == len(set(keys))
    assert not any(f.key.startswith("dice_") for f in main_figures(results, 0))
    with pytest.raises(KeyError):
        rule_of("beauty")


def test_every_interval_holds_its_value(results: list[CaseResult]) -> None:
    for figure in main_figures(results, 0):
        value, low, high = (figure.interval.value, figure.interval.low, figure.interval.high)
        if value is not None and low is not None and high is not None:
            assert low <= value <= high, figure.key


def test_sizes_are_all_listed_and_counts_add_up(results: list[CaseResult]) -> None:
    rows = sensitivities(results, 0)
    sizes = [row for row in rows if row.by == "size"]
    assert [row.name for row in sizes] == [
        "under 5 mm3", "5 to 15 mm3", "15 to 30 mm3", "30 to 100 mm3", "100 to 300 mm3",
        "300 mm3 and more",
    ]  # fmt: skip
    for by in ("size", "contrast", "kind", "compartment"):
        assert sum(row.lesions for row in rows if row.by == by) == 6
    empty = next(row for row in sizes if row.lesions == 0)
    assert empty.sensitivity.value is None


def test_strata_that_no_case_knows_are_left_out(results: list[CaseResult]) -> None:
    rows = strata(results, 0)
    assert {row.by for row in rows} == {"slice thickness", "kernel", "noise", "kVp"}
    assert all((row.cases, row.patients, row.lesions) == (4, 3, 6) for row in rows)
