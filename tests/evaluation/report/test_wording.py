"""Numbers and sentences of the report."""

from dataclasses import replace

import pytest

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.records import EvaluationReport
from calciscope.evaluation.report.wording import (
    interval,
    kind_name,
    number,
    plural,
    sample,
    small_samples,
    typeset,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.00"), (-0.001, "−0.0010"), (-0.00001, "0.0000"), (0.0043, "0.0043"),
     (0.05, "0.050"), (0.125, "0.12"), (-3.456, "−3.46"),
     (54.93, "54.9"), (-122.15, "−122"), (1154, "1,154"), (-12345.6, "−12,346")],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_intervals() -> None:
    assert interval(Interval(0.75, 0.68, 0.8, 9)) == "0.75 [0.68, 0.80]"
    assert interval(Interval(0.75, None, None, 1)) == "0.75"
    assert interval(Interval(None, None, None, 0)) == "not measured"


def test_kinds_are_told_in_words_where_they_are_known() -> None:
    assert kind_name("C2_net") == "C2_net: sheets and nets"
    assert [kind_name(kind) for kind in ("Q7", "not known")] == ["Q7", "not known"]


def test_counts() -> None:
    assert [plural(n, "case") for n in (0, 1, 1154)] == ["0 cases", "1 case", "1,154 cases"]


def test_texts_are_set_as_people_write_them_and_numbers_left(report: EvaluationReport) -> None:
    done = typeset(report)
    assert done.datasets[0].judged.figures[0].text == "Dice of lesions ≥ 30 mm³"
    assert done.datasets[0].judged.cases == report.datasets[0].judged.cases
    assert done.provenance == report.provenance
    assert type(done.datasets[0].failures[0].kind) is type(report.datasets[0].failures[0].kind)


def test_few_patients_are_warned_of_and_many_are_not(report: EvaluationReport) -> None:
    few = report.datasets[0]
    assert len(small_samples(replace(report, datasets=(few, replace(few, patients=50))))) == 1


def test_kind_of_lesions_is_never_guessed(report: EvaluationReport) -> None:
    data = report.datasets[0]
    assert sample(data).endswith("synthetic lesions")
    assert sample(replace(data, synthetic=False)).endswith("real lesions")
    assert sample(replace(data, synthetic=None)).endswith("not known whether lesions are synthetic")
