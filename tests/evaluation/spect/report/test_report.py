"""The report on random cases: every number that it draws stands in it, and all of it is marked."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calciscope.errors import OutputError
from calciscope.evaluation.record_json import built, record_text
from calciscope.evaluation.records import ModelRecord
from calciscope.evaluation.report.checklists import Status, filled_checklists
from calciscope.evaluation.spect.conditions import standard_conditions
from calciscope.evaluation.spect.evaluate import spect_evaluation
from calciscope.evaluation.spect.records import SpectEvaluation
from calciscope.evaluation.spect.report import write_spect_card, write_spect_report
from calciscope.evaluation.spect.report.answers import ANSWERS
from calciscope.evaluation.spect.report.card import spect_card
from calciscope.evaluation.spect.report.document import spect_document
from calciscope.evaluation.spect.rows import SpectCaseResult

from ..conftest import Draws

SHA = "ab" * 32
MODEL = ModelRecord(
    "spect-hot-spot", "9.9.9", SHA, "2026-11-23", "abc", "Apache-2.0",
    "research use, not a diagnosis", {"cases": 700, "patients": ["training-1"]}, {"fine_mm": 3.0},
    "model.onnx", SHA,
)  # fmt: skip


def evaluation(results: list[SpectCaseResult]) -> SpectEvaluation:
    conditions = standard_conditions(("SPECT, own model",))
    judged = {"spect_test": results}
    return spect_evaluation(judged, conditions, 0.5, MODEL, "onnxruntime", "cpu", 100.0, 2)


@pytest.fixture(scope="module")
def report() -> SpectEvaluation:
    return evaluation(Draws(cases=24).results())


@pytest.fixture
def manifest() -> Any:
    record = {name: getattr(MODEL, name) for name in MODEL.__dataclass_fields__}
    return SimpleNamespace(**record)


def test_the_record_survives_json(report: SpectEvaluation) -> None:
    record = json.loads(record_text(report))
    assert record["kind"] == "hot spots" and record["summary"][0].startswith("spect test (synth")
    again = built(SpectEvaluation, record)
    assert record_text(again) == record_text(report)


def test_all_files_are_written(report: SpectEvaluation, tmp_path: Path) -> None:
    files = write_spect_report(report, tmp_path)
    page = files.html.read_text()
    assert "Research use, not a diagnosis" in page and "http://" not in page.split("</style>")[1]
    assert files.pdf.read_bytes().startswith(b"%PDF")
    names = {figure.stem for figure in files.figures}
    assert {
        "spect-test-confusion-network", "spect-test-confusion-rule", "spect-test-reliability",
        "spect-test-ece", "spect-test-risk-coverage", "spect-test-ablation",
        "spect-test-robustness-misregistration", "spect-test-robustness-noise",
        "spect-test-robustness-counts", "spect-test-sensitivity-size",
        "spect-test-sensitivity-true-uptake", "spect-test-sensitivity-total-uptake",
    } <= names  # fmt: skip


def test_every_caption_says_synthetic(report: SpectEvaluation) -> None:
    document = spect_document(report)
    assert len(document.charts) >= 12
    for chart in document.charts:
        assert "synthetic" in chart.caption, chart.name
        assert chart.alternative and chart.numbers.rows, chart.name


def test_the_numbers_of_the_confusion_are_those_of_the_record(report: SpectEvaluation) -> None:
    chart = next(c for c in spect_document(report).charts if c.name.endswith("confusion-network"))
    rows = [tuple(int(text) for text in row[1:]) for row in chart.numbers.rows]
    assert tuple(rows) == report.datasets[0].confusion


def test_checklists_are_whole_and_say_no_more_than_is_known(report: SpectEvaluation) -> None:
    claim, tripod = filled_checklists(report, ANSWERS)
    assert len(claim.items) == 42 and len(tripod.items) == 52
    status = {item.id: item.status for item in claim.items}
    value = {item.id: item.value for item in claim.items}
    assert "hot spots of SPECT/CT" in value["1"] and "macro-F1" in value["2"]
    assert status["42"] is Status.NOT_KNOWN and status["16"] is Status.NOT_APPLICABLE
    # Nobody lists the evaluated cases as held out.
    assert status["21"] is Status.NOT_KNOWN


def test_the_card_has_use_limits_and_figures(
    report: SpectEvaluation, manifest: Any, tmp_path: Path
) -> None:
    write_spect_card(report, manifest, tmp_path / "card.md")
    card = (tmp_path / "card.md").read_text()
    assert "# spect-hot-spot 9.9.9" in card and "Research use, not a diagnosis" in card
    assert "It names a compartment, not a disease" in card
    assert "| Macro-F1 ↑ |" in card and "(synthetic)" in card
    assert "All figures are of synthetic SPECT/CT" in card
    assert "## Weakest\n- Spect test:" in card
    assert "Of 24 evaluated patients the manifest lists 0 as trained on" in card


def test_a_card_of_another_model_is_refused(
    report: SpectEvaluation, manifest: Any, tmp_path: Path
) -> None:
    manifest.sha256 = "cd" * 32
    with pytest.raises(OutputError, match="evaluate this model first"):
        write_spect_card(report, manifest, tmp_path / "card.md")
    assert not (tmp_path / "card.md").exists()


def test_cases_that_were_trained_on_are_told(manifest: Any) -> None:
    results = Draws(cases=3).results()
    leaked = evaluation([replace(results[0], case_id="training-1"), *results[1:]])
    assert "the figures are too good" in spect_card(leaked, manifest)


def test_cases_without_hot_spots_still_make_a_report(manifest: Any, tmp_path: Path) -> None:
    bare = [
        replace(result, hot_spots=(), foci=(), answers=dict.fromkeys(result.answers, ()))
        for result in Draws(cases=2).results()
    ]
    nothing = evaluation(bare)
    document = spect_document(nothing)
    texts = [getattr(block, "text", "") for part in document.sections for block in part.blocks]
    assert "Not measured: there is no true focus." in texts
    assert write_spect_report(nothing, tmp_path).html.is_file()
    assert "not measured" in spect_card(nothing, manifest)
