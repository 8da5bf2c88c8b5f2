"""Evaluation: a perfect and a blind network score as they must, beside the rules."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest, standard_labels
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.case_scores import NETWORK, CaseScores, score_case
from calciscope_train.cases import read_case, write_case
from calciscope_train.evaluate import evaluate
from calciscope_train.evaluation_summary import summarize, summary_lines

MODEL = ModelManifest(
    name="toy",
    version="0",
    sha256="",
    preprocessing=PreprocessingSpec(),
    commit="",
    created="",
    license="Apache-2.0",
    training_data={},
    labels=standard_labels(),
)


class Oracle:
    """Calls everything of 250 HU or more in soft tissue calcification, or nothing at all."""

    name, device, precision = "oracle", "CPU", "fp32"

    def __init__(self, sees: bool) -> None:
        self.sees = sees

    def run(self, batch: np.ndarray) -> np.ndarray:
        # Second window: 100 to 1500 HU on -1 to 1.
        hu = (batch[:, 1] + 1) * 700 + 100
        logits = np.zeros((len(batch), len(Label), *batch.shape[2:]), np.float32)
        logits[:, Label.MUSCLE] = 1.0
        dense = (hu > 250) & (hu < 800)
        logits[:, Label.BONE] = np.where(hu >= 800, 9.0, 0.0)
        if self.sees:
            logits[:, Label.CALCIFICATION] = np.where(dense, 9.0, -9.0)
        return logits


def case_folder(root: Path, lesion: bool = True) -> Path:
    """A round limb with a shaft of bone and, if asked for, one ball of 400 HU in the muscle."""
    axis = np.arange(96) - 47.5
    radius = np.hypot(axis[:, None], axis[None, :])
    plane = np.where(radius < 40, 50, -1000)
    labels_plane = np.where(radius < 40, Label.MUSCLE, Label.BACKGROUND)
    plane = np.where(radius < 9, 1400, plane)
    labels_plane = np.where(radius < 9, Label.BONE, labels_plane)
    ct = np.repeat(plane[..., None], 32, 2).astype(np.int16)
    labels = np.repeat(labels_plane[..., None], 32, 2).astype(np.uint8)
    rows: list[dict[str, Any]] = []
    if lesion:
        k = (np.arange(32) - 16) * 2.5
        ball = (
            (axis[:, None, None] - 22) ** 2 + axis[None, :, None] ** 2 + k[None, None, :] ** 2
        ) < 6**2
        ct[ball] = 400
        labels[ball] = Label.CALCIFICATION
        rows = [
            {
                "id": 1,
                "kind": "C3",
                "compartment": "muscle",
                "side": "L",
                "volume_mm3": float(ball.sum() * 2.5),
                "ha_mass_mg": float(ball.sum() * 2.5 * 350 / 1.303 / 1000),
                "peak_contrast_hu": 350.0,
                "voxels": int(ball.sum()),
                "visible": True,
                "center_index": [int(c) for c in np.argwhere(ball)[ball.sum() // 2]],
            }
        ]
    name = "lesion" if lesion else "empty"
    folder = root / "test" / f"toy-{name}"
    meta = {
        "case_id": f"toy-{name}",
        "source": "phantom",
        "spacing_mm": [1.0, 1.0, 2.5],
        "acquisition": {"kvp": 120.0, "slope_factor": 1.0},
        "lesions": rows,
    }
    write_case(folder, ct, labels, meta)
    return folder


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, list[CaseScores]]:
    root = tmp_path_factory.mktemp("cases")
    folders = [case_folder(root, lesion) for lesion in (True, False)]
    return {
        sees: [score_case(read_case(f), MODEL, Oracle(sees)) for f in folders]
        for sees in (True, False)
    }


def test_a_network_that_sees(cases: dict[bool, list[CaseScores]]) -> None:
    figures = summarize(cases[True])
    network = figures["predictors"][NETWORK]
    assert network["sensitivity"]["value"] == 1.0
    assert network["lesion_dice_from_30_mm3"]["value"] == pytest.approx(1.0, abs=0.02)
    assert network["false_positives_per_case"]["value"] == 0.0
    assert network["sensitivity_by_compartment"] == {"muscle": {"lesions": 1, "found": 1}}
    assert abs(figures["mass_error"]["median"]) < 0.1
    assert (figures["cases"], figures["lesions"]) == (2, 1)


def test_a_blind_network(cases: dict[bool, list[CaseScores]]) -> None:
    network = summarize(cases[False])["predictors"][NETWORK]
    assert network["sensitivity"]["value"] == 0.0
    assert network["lesion_dice_from_30_mm3"]["value"] == 0.0
    assert network["mask_dice"]["value"] == 0.0


def test_the_rules_stand_beside_it(cases: dict[bool, list[CaseScores]]) -> None:
    predictors = summarize(cases[True])["predictors"]
    rules = [name for name in predictors if name != NETWORK]
    assert "HU >= 130 outside bone" in rules
    assert "HU >= 200 outside bone" in rules
    for rule in rules:
        assert predictors[rule]["sensitivity"]["value"] == 1.0


def test_summary_says_that_the_lesions_are_synthetic(
    cases: dict[bool, list[CaseScores]],
) -> None:
    lines = summary_lines({"name": "toys", **summarize(cases[True])})
    assert lines[0] == "toys (synthetic lesions; 2 cases of 2 patients, 1 lesions)"
    assert "network: lesion Dice (30 mm3 or more) 1.00" in lines[1]


def test_no_cases_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calciscope_train.evaluate.load_manifest", lambda folder: MODEL)
    monkeypatch.setattr("calciscope_train.evaluate.create_engine", lambda *arguments: Oracle(True))
    (tmp_path / "cases" / "test").mkdir(parents=True)
    with pytest.raises(InputError, match="no test cases"):
        evaluate(tmp_path, roots=[tmp_path / "cases"])


def test_evaluation_is_written_beside_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calciscope_train.evaluate.load_manifest", lambda folder: MODEL)
    monkeypatch.setattr("calciscope_train.evaluate.create_engine", lambda *arguments: Oracle(True))
    case_folder(tmp_path / "cases")
    (tmp_path / "model").mkdir()
    evaluate(tmp_path / "model", roots=[tmp_path / "cases"])
    record = json.loads((tmp_path / "model" / "evaluation.json").read_text())
    assert record["datasets"]["phantom"]["synthetic_lesions"] is True
    assert record["datasets"]["phantom"]["name"] == "phantoms, seeds never trained on"
    assert len(record["summary"]) == 6
    assert [p.name for p in (tmp_path / "model").iterdir()] == ["evaluation.json"]
