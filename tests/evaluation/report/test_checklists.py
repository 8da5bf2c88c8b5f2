"""Checklists say what the run knows, and "not known" where it knows nothing."""

from dataclasses import replace

import pytest

from calciscope.evaluation.records import EvaluationReport
from calciscope.evaluation.report.answers import ANSWERS
from calciscope.evaluation.report.answers_model import flat
from calciscope.evaluation.report.checklists import (
    Checklist,
    Status,
    checklist_section,
    filled_checklists,
)

NOBODY_TOLD = {
    "claim": ("5", "8", "12", "15", "18", "19", "24", "26", "27", "31", "32", "34", "40", "42"),
    "tripod_ai": ("3b", "5b", "6a", "6b", "6c", "10", "14", "17", "18a", "18b", "18d", "19", "20b"),
}
"""Items that no evaluation run can know: study design, ethics, funding, who the patients are."""


@pytest.fixture
def filled(report: EvaluationReport) -> dict[str, Checklist]:
    return {checklist.key: checklist for checklist in filled_checklists(report, ANSWERS)}


def status(checklist: Checklist, number: str) -> Status:
    return next(item.status for item in checklist.items if item.id == number)


def value(checklist: Checklist, number: str) -> str:
    return next(item.value for item in checklist.items if item.id == number)


def test_claim_has_42_items_and_tripod_ai_27_in_52_parts(filled: dict[str, Checklist]) -> None:
    assert [item.id for item in filled["claim"].items] == [str(n) for n in range(1, 43)]
    parts = [item.id for item in filled["tripod_ai"].items]
    assert len(parts) == len(set(parts)) == 52
    assert {int(part.rstrip("abcdefg")) for part in parts} == set(range(1, 28))


@pytest.mark.parametrize("key", NOBODY_TOLD)
def test_what_nobody_told_is_not_known(filled: dict[str, Checklist], key: str) -> None:
    for number in NOBODY_TOLD[key]:
        assert status(filled[key], number) is Status.NOT_KNOWN, number
        assert value(filled[key], number) == ""


def test_reported_items_carry_values_of_the_run(filled: dict[str, Checklist]) -> None:
    claim = filled["claim"]
    assert "ct-calcification 9.9.9" in value(claim, "1")
    assert value(claim, "9") == "spacing mm: 1.0, 1.0, 2.5"
    assert "Dice is 1 where both are empty" in value(claim, "13")
    for told in ("2,000 for figures", "1,000 for FROC", "500 for ECE; seed 0; paired"):
        assert told in value(claim, "29")
    assert value(claim, "36").endswith("lesion sensitivity 0.72 [0.67, 0.77]")
    assert value(claim, "37") == "Failure gallery (missed lesion: 1, false positive: 1)"
    assert "ab" * 32 in value(filled["tripod_ai"], "22")


def test_there_is_no_annotator_of_synthetic_lesions(filled: dict[str, Checklist]) -> None:
    assert status(filled["claim"], "16") is Status.NOT_APPLICABLE
    assert status(filled["tripod_ai"], "8c") is Status.NOT_APPLICABLE


@pytest.mark.parametrize("synthetic", [False, None])
def test_annotators_of_other_lesions_are_not_known(
    report: EvaluationReport, synthetic: bool | None
) -> None:
    real = replace(report.datasets[0], key="real", synthetic=synthetic)
    claim, tripod = filled_checklists(replace(report, datasets=(*report.datasets, real)), ANSWERS)
    assert status(claim, "16") is Status.NOT_KNOWN
    assert status(tripod, "8c") is Status.NOT_KNOWN
    assert "not known for lesions inserted into real limbs" in value(claim, "14")


def test_partitions_are_by_patient_only_if_the_lists_say_so(report: EvaluationReport) -> None:
    assert status(filled_checklists(report, ANSWERS)[0], "21") is Status.REPORTED
    model = report.provenance.model
    assert model is not None
    for lists in ({}, {"patients": ["p1"], "held_out_patients": ["p1", "p2", "p3"]},
                  {"patients": ["p9"], "held_out_patients": ["p1"]}):  # fmt: skip
        told = replace(model, training_data={"hosts": lists})
        changed = replace(report, provenance=replace(report.provenance, model=told))
        assert status(filled_checklists(changed, ANSWERS)[0], "21") is Status.NOT_KNOWN, lists


def test_what_the_maker_told_is_passed_on(report: EvaluationReport) -> None:
    model = report.provenance.model
    assert model is not None
    told = replace(model, training_data={"selection": "best of validation", "initialization": "He"})
    changed = replace(report, provenance=replace(report.provenance, model=told))
    claim = filled_checklists(changed, ANSWERS)[0]
    assert value(claim, "26") == "best of validation"
    assert value(claim, "24") == "He"


def test_without_a_model_nothing_is_said_of_one(nothing: EvaluationReport) -> None:
    claim, tripod = filled_checklists(nothing, ANSWERS)
    for number in ("1", "3", "9", "20", "21", "22", "25", "41"):
        assert status(claim, number) is Status.NOT_KNOWN, number
    for number in ("9a", "12b", "12c", "22"):
        assert status(tripod, number) is Status.NOT_KNOWN, number
    assert "how they were made is not known" in value(tripod, "12g")


def test_no_record_at_all_claims_next_to_nothing(nothing: EvaluationReport) -> None:
    empty = replace(nothing, datasets=(), definitions=(), notice="")
    claim, _ = filled_checklists(empty, ANSWERS)
    reported = {item.id for item in claim.items if item.status is Status.REPORTED}
    # Objectives, goal, software and the bootstrap are facts of the run itself.
    assert reported == {"4", "6", "23", "29"}


def test_every_answer_is_asked_for_and_every_question_known(report: EvaluationReport) -> None:
    for answer in ANSWERS.values():
        told = answer(report)
        assert told is None or told.strip() == told != ""


def test_counts_add_up_and_stand_in_the_section(filled: dict[str, Checklist]) -> None:
    claim = filled["claim"]
    assert sum(claim.counts.values()) == 42
    section = checklist_section(claim)
    assert f"{claim.counts[Status.NOT_KNOWN]} not known" in section.blocks[1].caption  # type: ignore[union-attr]


def test_a_nested_record_in_one_line() -> None:
    record = {"hosts": {"cases": 2, "patients": ["a", "b"]}, "steps": 5, "none": None}
    assert flat(record) == "hosts cases: 2; hosts patients: a, b; steps: 5"
