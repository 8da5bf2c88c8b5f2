"""`calciscope evaluate`: the folder it writes, and what it refuses before any work."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from calciscope.cli import app
from calciscope.errors import InputError, ModelError, OutputError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.command import EvaluationRequest, chosen_model, run_evaluation
from calciscope.evaluation.evaluate import evaluate
from calciscope.evaluation.model_predictor import ModelPredictor
from calciscope.evaluation.predictions import SavedPredictions
from calciscope.evaluation.records import EvaluationReport, Role
from calciscope.evaluation.records_json import from_json, to_json
from calciscope.evaluation.report import CasePictures
from calciscope.volume import Volume
from calciscope.writers.nifti import write_volume

RUNNER = CliRunner()


@pytest.fixture
def saved(tmp_path: Path, toys: SimpleNamespace) -> EvaluationRequest:
    """Two prepared cases and predictions of them that are right but for a speck."""
    (tmp_path / "saved").mkdir()
    for name, lesions in (("a", True), ("b", False)):
        toys.write_prepared(tmp_path / "cases", name, lesions)
        mask = toys.Oracle().predict(toys.case(name, lesions)).mask.astype(np.uint8)
        volume = Volume.from_spacing(mask, toys.SPACING_MM)
        write_volume(tmp_path / "saved" / f"{name}.nii.gz", volume, np.uint8)
    return EvaluationRequest((tmp_path / "cases",), tmp_path / "out", tmp_path / "saved")


def test_saved_predictions_to_a_report(
    saved: EvaluationRequest, toys: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(report: EvaluationReport, folder: Path, pictures: CasePictures) -> None:
        """Stands in for the pages, which have their own tests: asks for the pictures of a case."""
        arrays = pictures(report.datasets[0].failures[0].case_id)
        assert arrays is not None
        assert (arrays.prediction == toys.Oracle().predict(toys.case("a")).mask).all()
        (folder / "report.html").write_text("pages")

    monkeypatch.setattr("calciscope.evaluation.command.write_report", pages)
    arguments = [
        "evaluate", str(saved.references[0]), "--predictions", str(saved.predictions),
        "-o", str(saved.output),
    ]  # fmt: skip
    result = RUNNER.invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "predictions: lesion Dice (30 mm3 or more) 1.00" in result.output
    assert "not a diagnosis" in result.output
    report = from_json((saved.output / "evaluation.json").read_text(encoding="utf-8"))
    (data,) = report.datasets
    assert data.judged.name == "predictions"
    assert data.judged.figure("sensitivity").interval.value == 0.5
    # Masks have no probabilities: no curve, and a sentence that says so.
    assert (data.judged.froc, data.judged.calibration) == (None, None)
    assert any("there is no FROC" in caution for caution in report.cautions)
    assert (report.provenance.model, report.provenance.engine) == (None, "")
    assert {p.name for p in saved.output.iterdir()} == {"evaluation.json", "report.html"}
    with pytest.raises(OutputError, match="add --force"):
        run_evaluation(saved)


def test_what_is_refused_before_any_work(saved: EvaluationRequest, tmp_path: Path) -> None:
    out, cases = saved.output, saved.references
    with pytest.raises(InputError, match="exclude each other"):
        run_evaluation(EvaluationRequest(cases, out, saved.predictions, model="0.1.0"))
    with pytest.raises(InputError, match="is not a folder"):
        run_evaluation(EvaluationRequest(cases, out, tmp_path / "absent"))
    with pytest.raises(InputError, match="more than one reference is named a"):
        run_evaluation(EvaluationRequest((*cases, *cases), out, saved.predictions))
    with pytest.raises(ModelError, match=r"9\.9\.9"):
        run_evaluation(EvaluationRequest(cases, out, model="9.9.9"))
    assert not out.exists()


def test_a_missing_prediction_leaves_nothing_behind(saved: EvaluationRequest) -> None:
    assert saved.predictions is not None
    (saved.predictions / "b.nii.gz").unlink()
    with pytest.raises(InputError, match="holds no prediction for b"):
        run_evaluation(saved)
    assert not saved.output.exists()
    assert {path.name for path in saved.output.parent.iterdir()} == {"cases", "saved"}


def test_a_model_is_named_by_version_or_folder() -> None:
    newest = chosen_model(None)
    assert chosen_model(newest.version).sha256 == newest.sha256
    assert chosen_model(str(newest.folder)).folder == newest.folder


def test_a_saved_prediction_is_json_with_the_old_key(saved: EvaluationRequest) -> None:
    """`calciscope models` reads `summary` of either version."""

    assert saved.predictions is not None
    report = evaluate(find_cases(saved.references[0]), [SavedPredictions(saved.predictions)])
    assert json.loads(to_json(report))["summary"] == list(report.summary)


def test_saved_predictions_take_nothing_from_the_model_beside_them(
    saved: EvaluationRequest,
) -> None:
    assert saved.predictions is not None
    engine = SimpleNamespace(name="toy engine", device="CPU", precision="int8")
    other = ModelPredictor(chosen_model(None), engine, "other", Role.COMPARED)  # type: ignore[arg-type]
    made = evaluate([], [SavedPredictions(saved.predictions), other]).provenance
    assert (made.engine, made.device, made.precision, made.mode) == ("", "", "", "")
    assert made.model is None and made.compared is not None


def test_a_folder_of_a_run_is_refused_even_with_force(saved: EvaluationRequest) -> None:
    saved.output.mkdir()
    (saved.output / "findings.json").write_text("a run")
    with pytest.raises(OutputError, match=r"holds findings\.json"):
        run_evaluation(replace(saved, force=True))
    assert [path.name for path in saved.output.iterdir()] == ["findings.json"]


def test_force_leaves_no_figure_of_the_report_before(
    saved: EvaluationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(report: EvaluationReport, folder: Path, pictures: CasePictures) -> None:
        (folder / "report.html").write_text("pages")

    monkeypatch.setattr("calciscope.evaluation.command.write_report", pages)
    (saved.output / "report_figures").mkdir(parents=True)
    for name in ("evaluation.json", "report.pdf", "report_figures/old.svg", "notes.txt"):
        (saved.output / name).write_text("old")
    run_evaluation(replace(saved, force=True))
    left = {path.name for path in saved.output.iterdir()}
    assert left == {"evaluation.json", "report.html", "notes.txt"}
