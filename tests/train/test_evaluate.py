"""The command chooses cases by split and leaves its report beside the model."""

import json
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.evaluation.records_json import from_json
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest
from calciscope_train.cases import write_case
from calciscope_train.evaluate import evaluate


class Blind:
    """Calls everything muscle."""

    name, device, precision = "blind", "CPU", "fp32"

    def run(self, batch: np.ndarray) -> np.ndarray:
        logits = np.zeros((len(batch), len(Label), *batch.shape[2:]), np.float32)
        logits[:, Label.MUSCLE] = 9.0
        return logits


def case_folder(root: Path) -> Path:
    """A block of muscle in air with one cube of 400 HU."""
    ct = np.full((48, 48, 16), -1000, np.int16)
    labels = np.zeros(ct.shape, np.uint8)
    ct[8:40, 8:40], labels[8:40, 8:40] = 50, Label.MUSCLE
    ct[20:24, 20:24, 6:9], labels[20:24, 20:24, 6:9] = 400, Label.CALCIFICATION
    folder = root / "test" / "toy"
    meta = {
        "case_id": "toy",
        "source": "phantom",
        "spacing_mm": [1.0, 1.0, 2.5],
        "acquisition": {"kvp": 120.0, "slope_factor": 1.0},
        "lesions": [],
    }
    write_case(folder, ct, labels, meta)
    return folder


@pytest.fixture
def blind(toy_manifest: ModelManifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calciscope_train.evaluate.load_manifest", lambda folder: toy_manifest)
    monkeypatch.setattr("calciscope_train.evaluate.create_engine", lambda *arguments: Blind())


@pytest.mark.usefixtures("blind")
def test_no_cases_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cases" / "test").mkdir(parents=True)
    with pytest.raises(InputError, match="no test cases"):
        evaluate(tmp_path, roots=[tmp_path / "cases"])


@pytest.mark.slow
@pytest.mark.usefixtures("blind")
def test_evaluation_is_written_beside_the_model(tmp_path: Path) -> None:
    case_folder(tmp_path / "cases")
    (tmp_path / "model").mkdir()
    evaluate(tmp_path / "model", roots=[tmp_path / "cases"])
    text = (tmp_path / "model" / "evaluation.json").read_text(encoding="utf-8")
    report = from_json(text)
    (data,) = report.datasets
    assert (data.key, data.name, data.synthetic) == (
        "phantom", "held-out phantoms", True,
    )  # fmt: skip
    assert data.judged.figure("sensitivity").interval.value == 0.0
    assert data.predictors[1].figure("sensitivity").interval.value == 1.0
    assert report.provenance.model is not None
    assert report.provenance.model.name == "toy"
    # A data set, the network and four rules: what `calciscope models` prints.
    assert len(json.loads(text)["summary"]) == 6
    written = {p.name for p in (tmp_path / "model").iterdir()}
    assert written == {"evaluation.json", "model_card.md", "report.html"}
    assert "toy 0" in (tmp_path / "model" / "model_card.md").read_text(encoding="utf-8")
