"""From judged cases to figures: three small cases by hand, many random ones for the whole."""

from dataclasses import replace

import pytest

from calciscope.evaluation.spect.conditions import (
    ITSELF,
    SPECT_ONLY,
    Condition,
    Family,
    standard_conditions,
)
from calciscope.evaluation.spect.rows import ANSWER, RULE, SpectCaseResult
from calciscope.evaluation.spect.sample import sample_of
from calciscope.evaluation.spect.summarizing import cautions_of, summarize, summary_lines
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment

from .conftest import certain, focus, hot_spot, result

BONE, MUSCLE, SKIN = Compartment.BONE, Compartment.MUSCLE, Compartment.SUBCUTANEOUS
SHIFT = Condition("shift 6 mm", Family.SHIFT, 6.0)
CONDITIONS = (ITSELF, SPECT_ONLY, SHIFT)


def answers(said: list[Compartment], rule: list[Compartment]) -> dict[str, list[Compartment]]:
    return {ANSWER: said, RULE: rule, "SPECT only": rule, "shift 6 mm": said}


@pytest.fixture
def three() -> list[SpectCaseResult]:
    return [
        result("a", [BONE, MUSCLE], answers([BONE, MUSCLE], [BONE, BONE])),
        result("b", [MUSCLE, SKIN], answers([MUSCLE, MUSCLE], [MUSCLE, MUSCLE]), counts=3.0),
        result("c", [SKIN], answers([SKIN], [SKIN])),
    ]


def test_figures_by_hand(three: list[SpectCaseResult]) -> None:
    data = summarize("spect_test", three, CONDITIONS, 0.5)
    figures = {figure.key: figure.interval.value for figure in data.figures}
    assert figures["accuracy"] == pytest.approx(4 / 5)
    # F1: bone 2/2, muscle 2 x 2 / (2 + 3), subcutis 2 / (2 + 1).
    assert figures["macro_f1"] == pytest.approx((1 + 4 / 5 + 2 / 3) / 3)
    assert figures["muscle_or_subcutis"] == pytest.approx(3 / 4)
    # 0.8 for the one that is said, 0.02 for each other.
    right, wrong = 0.2**2 + 10 * 0.02**2, 0.98**2 + 0.8**2 + 9 * 0.02**2
    assert figures["brier"] == pytest.approx((4 * right + wrong) / 5)
    # All are promised 0.8 and 4 of 5 come true.
    assert figures["ece"] == pytest.approx(0.0, abs=1e-6)
    assert figures["rejected"] == 0.0 and figures["false_per_case"] == 0.0
    rule = {figure.key: figure.interval.value for figure in data.rule_figures}
    assert rule["accuracy"] == pytest.approx(3 / 5)
    (difference,) = [row for row in data.differences if row.key == "accuracy"]
    assert difference.difference.value == pytest.approx(1 / 5)


def test_breakdowns_by_hand(three: list[SpectCaseResult]) -> None:
    data = summarize("spect_test", three, CONDITIONS, 0.5)
    rows = {row.compartment: row for row in data.compartments}
    assert (rows[MUSCLE].hot_spots, rows[MUSCLE].predicted) == (2, 3)
    assert rows[MUSCLE].precision.value == pytest.approx(2 / 3)
    assert rows[Compartment.BREAST].recall.value is None
    assert [row.name for row in data.ablations] == ["SPECT and CT", "SPECT only"]
    assert data.ablations[0].difference.value == 0.0
    curves = {curve.key: curve for curve in data.robustness}
    assert [point.value for point in curves["misregistration"].points] == [0.0, 6.0]
    assert not {"counts", "own-misregistration"} & set(curves), "too few cases in a group"
    assert data.case_lines[1].wrong == ("2: subcutaneous > muscle",)


def test_groups_of_cases_have_a_point_from_five_cases_on() -> None:
    said = answers([BONE], [BONE])
    levels = [0.2] * 4 + [0.6] * 5 + [3.0] * 6
    cases = [result(str(n), [BONE], said, counts=level) for n, level in enumerate(levels)]
    curves = {curve.key: curve for curve in summarize("x", cases, CONDITIONS, 0.5).robustness}
    points = curves["counts"].points
    assert [(p.label, p.patients) for p in points] == [("0.5-1", 5), (">= 2", 6)]
    assert [p.value for p in points] == pytest.approx([0.6, 3.0])


def test_hot_spots_below_the_threshold_are_left_unanswered(three: list[SpectCaseResult]) -> None:
    data = summarize("spect_test", three, CONDITIONS, 0.83)
    assert data.abstention.rejected.value == 1.0
    assert data.abstention.answered_accuracy.value is None


def test_what_is_left_unanswered_is_what_the_program_leaves() -> None:
    """A second compartment nearly as likely leaves it open; bone and joint count together."""
    pairs = ((BONE, Compartment.JOINT, 0.45, 0.45), (MUSCLE, Compartment.VASCULAR, 0.56, 0.44))
    said = tuple(
        tuple({first: p, second: q}.get(each, 0.0) for each in HOT_SPOT_COMPARTMENTS)
        for first, second, p, q in pairs
    )
    case = replace(result("a", [BONE, MUSCLE], {}), answers={ANSWER: said, RULE: said})
    report = summarize("x", [case], (ITSELF,), 0.52).abstention
    assert report.rejected.value == 0.5
    assert report.answered_accuracy.value == 1.0


def test_false_and_empty_hot_spots_are_not_judged() -> None:
    spots = (hot_spot(1, BONE), hot_spot(2, MUSCLE, false=True), hot_spot(3, None))
    said = tuple(certain(BONE) for _ in spots)
    case = replace(
        result("a", [], {}),
        hot_spots=spots,
        foci=(focus(1, BONE, found=False, ml=0.1),),
        answers={ANSWER: said, RULE: said},
    )
    assert len(sample_of([case], ANSWER).truth) == 1
    data = summarize("x", [case], (ITSELF,), 0.5)
    assert (data.hot_spots, data.judged, data.false, data.foci) == (3, 1, 1, 1)
    figures = {figure.key: figure.interval.value for figure in data.figures}
    # The only focus is too small to be seen, and is not.
    assert figures["sensitivity"] == 0.0 and figures["sensitivity_assessable"] is None
    assert data.case_lines[0].right == 1


def test_a_rule_that_says_all_alike_says_nothing() -> None:
    alike = tuple([1 / 11] * 11)
    case = replace(result("a", [BONE], {}), answers={ANSWER: (certain(BONE),), RULE: (alike,)})
    data = summarize("x", [case], (ITSELF,), 0.5)
    assert data.rule_confusion[0][-1] == 1
    assert data.rule_figures[-1].interval.value == 0.0


def test_no_case_with_a_hot_spot_still_makes_a_record() -> None:
    empty = [result(name, [], {ANSWER: [], RULE: []}) for name in "ab"]
    data = summarize("x", empty, (ITSELF,), 0.5)
    assert data.judged == 0 and data.figure("macro_f1").interval.value is None
    assert any("not measured" in line for line in summary_lines(data))


def test_the_lines_say_what_they_are_of(three: list[SpectCaseResult]) -> None:
    data = summarize("spect_test", three, CONDITIONS, 0.5)
    lines = list(summary_lines(data))
    assert lines[0] == "spect test (synthetic, 3 cases, 5 hot spots)"
    assert "macro-F1 0.82" in lines[1] and "null floor" in lines[2]
    cautions = " ".join(cautions_of([data]))
    assert "synthetic SPECT/CT" in cautions and "3 patients are few" in cautions
    assert "breast (0)" in cautions and "true labels" not in cautions


def test_true_labels_are_told(three: list[SpectCaseResult]) -> None:
    changed = result("d", [BONE], answers([BONE], [BONE]), tissues_by="true labels")
    data = summarize("x", [*three, changed], CONDITIONS, 0.5)
    assert data.tissues_by == "CT network (3 cases) and true labels (1 case)"
    assert any("better than with a CT network's answers" in line for line in cautions_of([data]))


def test_many_random_cases_fit_together(drawn: list[SpectCaseResult]) -> None:
    data = summarize("spect_test", drawn, standard_conditions(("SPECT, own model",)), 0.5)
    assert (
        sum(map(sum, data.confusion)) == data.judged == sum(r.hot_spots for r in data.compartments)
    )
    assert data.hot_spots == data.judged + data.false
    f1 = data.figure("macro_f1").interval
    assert f1.value is not None and f1.low is not None and f1.high is not None
    assert f1.low < f1.value < f1.high
    assert all(row.better for row in data.differences), "0.88 against 0.55"
    shifted = next(curve for curve in data.robustness if curve.key == "misregistration")
    first, last = (shifted.points[n].macro_f1.value for n in (0, -1))
    assert first is not None and last is not None and last < first - 0.1
    # The answers mean what they say, so that the error lies within the null floor.
    assert data.calibration.ece.value is not None and data.calibration.ece_null_95 is not None
    assert data.calibration.ece.value < 1.5 * data.calibration.ece_null_95
