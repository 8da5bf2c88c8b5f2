"""A whole evaluation of toy cases: its figures by hand, its JSON and its way back."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calciscope.errors import InputError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.evaluate import evaluate
from calciscope.evaluation.failures import FailureGallery
from calciscope.evaluation.record_rows import FailureKind
from calciscope.evaluation.records import EvaluationReport, Role
from calciscope.evaluation.records_json import from_json, to_json, write_evaluation
from calciscope.evaluation.rule_predictor import all_rules


@pytest.fixture(scope="module")
def report(
    tmp_path_factory: pytest.TempPathFactory, toys: SimpleNamespace
) -> tuple[EvaluationReport, FailureGallery]:
    root = tmp_path_factory.mktemp("cases")
    for name, lesions, patient in (("a", True, "1"), ("b", True, "1"), ("c", False, "2")):
        toys.write_prepared(root, name, lesions, patient=patient)
    blind = toys.Oracle("blind", False, Role.COMPARED)
    gallery = FailureGallery()
    predictors = (toys.Oracle("network"), blind, *all_rules())
    return evaluate(find_cases(root), predictors, 1, gallery), gallery


def value(report: EvaluationReport, key: str, predictor: int = 0) -> float | None:
    return report.datasets[0].predictors[predictor].figure(key).interval.value


def test_figures_by_hand(report: tuple[EvaluationReport, FailureGallery]) -> None:
    found, _ = report
    (data,) = found.datasets
    assert (data.cases, data.patients, data.lesions, data.empty_cases) == (3, 2, 4, 1)
    # Two of four lesions, one speck in each of three cases.
    assert value(found, "sensitivity") == 0.5
    assert value(found, "sensitivity_from_30_mm3") == 1.0
    assert value(found, "false_positives_per_case") == 1.0
    assert value(found, "false_positives_per_lesion") == 0.75
    assert value(found, "false_positive_mm3_per_empty_case") == 4.0
    assert value(found, "precision") == pytest.approx(2 / 5)
    assert value(found, "f1") == pytest.approx(4 / (4 + 2 + 3))
    # Of the cases that have a lesion: 2 * 64 / (72 + 66).
    assert value(found, "mask_dice") == pytest.approx(128 / 138)
    assert data.judged.figure("mask_dice").interval.patients == 1
    assert value(found, "sensitivity", 1) == 0.0


def test_breakdowns_by_hand(report: tuple[EvaluationReport, FailureGallery]) -> None:
    judged = report[0].datasets[0].judged
    cells = {(row.by, row.name): (row.lesions, row.found) for row in judged.sensitivities}
    assert cells["size", "15 to 30 mm3"] == (2, 0)
    assert cells["size", "100 to 300 mm3"] == (2, 2)
    assert cells["kind", "C3"] == (2, 2)
    assert cells["compartment", "muscle"] == (2, 2)
    assert cells["kind", "not known"] == (2, 0)
    (ground,) = judged.grounds
    assert (ground.on, ground.count, ground.volume_mm3, ground.per_case) == ("bone", 3, 12.0, 1.0)
    strata = {(row.by, row.name): row.cases for row in judged.strata}
    assert strata == {
        ("slice thickness", "1.5 to 2.5 mm"): 3,
        ("kernel", "soft"): 3,
        ("noise", "12 to 25 HU"): 3,
        ("kVp", "120 kVp"): 3,
        ("metal", "no metal"): 3,
    }


def test_froc_calibration_and_burden(report: tuple[EvaluationReport, FailureGallery]) -> None:
    judged = report[0].datasets[0].judged
    assert judged.froc is not None and judged.calibration is not None
    assert [p.sensitivity for p in judged.froc.points] == [0.5, 0.5]
    assert [p.false_positives_per_case for p in judged.froc.points] == [0.0, 1.0]
    assert judged.froc.cpm.value == 0.5
    # 2 lesions at 0.9 that are ones, 3 specks at 0.4 that are none.
    assert judged.calibration.brier.value == pytest.approx((2 * 0.01 + 3 * 0.16) / 5)
    assert judged.calibration.ece.value == pytest.approx((2 * 0.1 + 3 * 0.4) / 5)
    volume, mass = judged.agreements
    assert [(p.reference, p.predicted) for p in volume.points] == [(144, 132)] * 2 + [(0, 4)]
    # The bias of HA mass: 19 - 20 twice and 1 - 0.
    assert mass.bias.value == pytest.approx(-1 / 3)
    assert mass.median_absolute_relative_error == pytest.approx(0.05)


def test_differences_are_paired(report: tuple[EvaluationReport, FailureGallery]) -> None:
    rows = {(row.other, row.key): row for row in report[0].datasets[0].differences}
    # Only one of the patients has lesions: a difference, and no interval to judge it by.
    row = rows["blind", "sensitivity"]
    assert (row.first, row.second, row.difference.value, row.better) == (0.5, 0.0, 0.5, None)
    same = rows["blind", "false_positives_per_case"]
    assert (same.difference.value, same.better) == (0.0, None)


def test_rules_stand_beside_and_have_no_rows(
    report: tuple[EvaluationReport, FailureGallery],
) -> None:
    rules = [p for p in report[0].datasets[0].predictors if p.role is Role.BASELINE]
    assert "HU >= 130 outside bone" in {rule.name for rule in rules}
    for rule in rules:
        assert (rule.lesions, rule.false_positives, rule.froc, len(rule.cases)) == ((), (), None, 3)


def test_failures_and_what_was_predicted_there(
    report: tuple[EvaluationReport, FailureGallery], toys: SimpleNamespace
) -> None:
    failures = report[0].datasets[0].failures
    kinds = [row.kind for row in failures]
    assert kinds == [FailureKind.MISSED] * 2 + [FailureKind.FALSE_POSITIVE] * 3
    assert failures[0].text == "missed lesion of 16 mm3, contrast 300 HU"
    case = toys.case("a")
    assert (report[1].mask(case) == toys.Oracle().predict(case).mask).all()


def test_summary_and_cautions_say_synthetic(
    report: tuple[EvaluationReport, FailureGallery],
) -> None:
    lines = report[0].summary
    assert lines[0].endswith("(synthetic lesions; 3 cases of 2 patients, 4 lesions)")
    assert lines[1].startswith("  network: lesion Dice (30 mm3 or more) 1.00")
    assert any("synthetic" in caution for caution in report[0].cautions)
    assert any("2 patients are few" in caution for caution in report[0].cautions)


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, float) else []


def test_json_there_and_back(
    report: tuple[EvaluationReport, FailureGallery], tmp_path: Path
) -> None:
    text = to_json(report[0])
    again = from_json(text)
    assert to_json(again) == text
    assert again.datasets[0].judged.role is Role.JUDGED
    assert again.datasets[0].judged.lesions[0].center_lps_mm == (
        report[0].datasets[0].judged.lesions[0].center_lps_mm
    )
    record = json.loads(text)
    assert record["schema_version"] == 2
    assert all(math.isfinite(number) for number in numbers(record))
    write_evaluation(report[0], tmp_path / "evaluation.json")
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]


def test_other_versions_and_broken_files_are_refused(
    report: tuple[EvaluationReport, FailureGallery],
) -> None:
    record = json.loads(to_json(report[0]))
    with pytest.raises(InputError, match="schema version 1"):
        from_json(json.dumps({**record, "schema_version": 1}))
    del record["datasets"][0]["predictors"][0]["cases"][0]["dice"]
    with pytest.raises(InputError, match="malformed"):
        from_json(json.dumps(record))
    for text in ("[]", "[" * 100_000):
        with pytest.raises(InputError, match=r"no evaluation\.json"):
            from_json(text)


def test_the_order_of_cases_does_not_matter(
    report: tuple[EvaluationReport, FailureGallery], tmp_path: Path, toys: SimpleNamespace
) -> None:
    for name, lesions, patient in (("c", False, "2"), ("b", True, "1"), ("a", True, "1")):
        toys.write_prepared(tmp_path, name, lesions, patient=patient)
    turned = evaluate(find_cases(tmp_path)[::-1], [toys.Oracle("network")], 1)
    for key in ("sensitivity", "f1", "mask_dice", "hd95_mm", "precision"):
        assert value(turned, key) == pytest.approx(value(report[0], key))


@pytest.mark.parametrize(
    ("splits", "name", "cautioned"),
    [
        (("test", "test"), "held-out phantoms", False),
        (("test", None), "phantoms", False),
        (("test", "val"), "phantoms", True),
    ],
)
def test_held_out_is_said_only_where_every_case_says_so(
    tmp_path: Path,
    toys: SimpleNamespace,
    splits: tuple[str | None, ...],
    name: str,
    cautioned: bool,
) -> None:
    for index, split in enumerate(splits):
        toys.write_prepared(tmp_path, f"c{index}", split=split)
    found = evaluate(find_cases(tmp_path), [toys.Oracle("network")], 1)
    assert found.datasets[0].name == name
    assert any("of the split val" in caution for caution in found.cautions) is cautioned


@pytest.mark.parametrize(("patients", "better"), [("11", None), ("12", True)])
def test_one_patient_is_no_proof_of_being_better(
    tmp_path: Path, toys: SimpleNamespace, patients: str, better: bool | None
) -> None:
    for name, patient in zip("ab", patients, strict=True):
        toys.write_prepared(tmp_path, name, patient=patient)
    blind = toys.Oracle("blind", False, Role.COMPARED)
    found = evaluate(find_cases(tmp_path), [toys.Oracle("network"), blind], 1)
    rows = {row.key: row for row in found.datasets[0].differences}
    assert rows["sensitivity"].difference.value == 0.5
    assert rows["sensitivity"].better is better
    assert to_json(from_json(to_json(found))) == to_json(found)


def test_any_source_gives_a_key_for_files(tmp_path: Path, toys: SimpleNamespace) -> None:
    for name, source in (("a", "clinic/2026"), ("b", "clinic 2026"), ("c", "../x"), ("d", "??")):
        toys.write_prepared(tmp_path, name, source=source)
    found = evaluate(find_cases(tmp_path), [toys.Oracle("network")], 1)
    told = {data.name: data.key for data in found.datasets}
    assert told == {
        "clinic/2026": "clinic-2026", "clinic 2026": "clinic-2026-2", "../x": "x", "??": "cases",
    }  # fmt: skip


def test_kernels_that_look_like_numbers_are_put_in_order(
    tmp_path: Path, toys: SimpleNamespace
) -> None:
    for index, kernel in enumerate(("1.2.3", ["B", 40], "\u00b2", 7)):
        toys.write_prepared(tmp_path, f"c{index}", acquisition={"kernel": kernel})
    found = evaluate(find_cases(tmp_path), [toys.Oracle("network")], 1)
    names = [row.name for row in found.datasets[0].judged.strata if row.by == "kernel"]
    assert names == ["7", "B 40", "1.2.3", "\u00b2"]
