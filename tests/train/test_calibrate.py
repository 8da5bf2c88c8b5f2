"""Calibration of a model on toy cases: what is written, what is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calciscope.ct.lesion_probability import FEATURES
from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.models.manifest import FILE_NAME, ModelManifest, load_manifest, write_manifest
from calciscope.models.registry import models_root
from calciscope_train import calibrate as command
from calciscope_train.calibrate import calibrate, voxel_counts
from calciscope_train.cases import list_cases, read_case, write_case


class ThresholdEngine:
    """A network that calls dense voxels calcification up to about 790 HU, bone beyond."""

    shift = 0.0

    name, device, precision = "threshold", "CPU", "fp32"

    def run(self, batch: np.ndarray) -> np.ndarray:
        hard = (batch[:, 1] + 1) * 700 + 100  # HU held in 100..1500
        soft = (batch[:, 0] + 1) * 250 - 200
        logits = np.zeros((len(batch), len(Label), *batch.shape[2:]), dtype=np.float32)
        logits[:, Label.BACKGROUND] = 5 * (soft <= -199)
        logits[:, Label.SUBCUTANEOUS] = 5 * ((soft > -199) & (soft < -30))
        logits[:, Label.MUSCLE] = 5 * (soft >= -30)
        logits[:, Label.BONE] = (hard - 600) / 5
        logits[:, Label.CALCIFICATION] = (hard - 225) / 15 - self.shift
        return logits


@pytest.fixture
def shipped(tmp_path: Path) -> ModelManifest:
    """The first model's manifest with an empty network: the engine is a stand-in."""
    first = load_manifest(models_root() / "ct-calcification" / "0.1.0")
    folder = tmp_path / "model"
    folder.mkdir()
    write_manifest(first, folder)
    return replace(first, folder=folder)


@pytest.fixture(autouse=True)
def stand_in(shipped: ModelManifest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(command, "create_engine", lambda *given: ThresholdEngine())
    monkeypatch.setattr(command, "load_manifest", lambda folder: shipped)
    yield


@pytest.fixture
def cases(toy_root: Path, tmp_path: Path) -> Path:
    """Three cases with rows of lesions and no host: three patients."""
    for folder in list_cases(toy_root, "train"):
        case = read_case(folder)
        write_case(
            tmp_path / "cases" / "val" / folder.name,
            np.asarray(case.ct),
            np.asarray(case.labels),
            dict(case.meta),
        )
    return tmp_path / "cases"


def test_manifest_gains_calibration_and_modes(shipped: ModelManifest, cases: Path) -> None:
    calibrate(shipped.folder, [cases], threads=1)
    record = json.loads((shipped.folder / FILE_NAME).read_text())
    written = ModelManifest.from_dict(record, shipped.folder)
    assert [mode.name for mode in written.modes] == ["balanced", "sensitive", "specific"]
    assert written.calibration is not None
    assert set(written.calibration.lesion.weights) == set(FEATURES)
    data = written.calibration.data
    assert (data["cases"], data["patients"], data["split"]) == (3, 3, "val")
    assert data["voxels"]["log_likelihood_after"] >= data["voxels"]["log_likelihood_before"]
    assert data["lesions"]["real"] > 5
    # What was there before is as it was.
    assert written.sha256 == shipped.sha256
    assert replace(written, calibration=None, modes=()) == shipped


def test_calibrating_again_changes_nothing(shipped: ModelManifest, cases: Path) -> None:
    calibrate(shipped.folder, [cases], threads=1)
    first = (shipped.folder / FILE_NAME).read_bytes()
    calibrate(shipped.folder, [cases], threads=1)
    assert (shipped.folder / FILE_NAME).read_bytes() == first


def test_a_model_that_finds_nothing_is_refused(
    shipped: ModelManifest, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ThresholdEngine, "shift", 1e3)
    with pytest.raises(InputError, match="finds no candidate"):
        calibrate(shipped.folder, [cases], threads=1)


def test_the_test_split_is_refused(shipped: ModelManifest, cases: Path) -> None:
    before = (shipped.folder / FILE_NAME).read_bytes()
    with pytest.raises(InputError, match="test cases must not be calibrated on"):
        calibrate(shipped.folder, [cases], split="test")
    with pytest.raises(InputError, match="no other cases"):
        calibrate(shipped.folder, [cases], split="other")
    assert (shipped.folder / FILE_NAME).read_bytes() == before


def test_only_voxels_near_candidates_are_counted() -> None:
    labels = np.full((40, 9, 9), Label.MUSCLE, np.uint8)
    probability = np.full(labels.shape, 1, np.uint8)
    labels[4, 4, 4], probability[4, 4, 4] = Label.CALCIFICATION, 200
    probability[5, 4, 4] = 0  # decided: not looked at
    labels[4, 5, 4] = IGNORE
    counts = voxel_counts(labels, probability)
    # Faces only, twice: 25 voxels within two steps of one, less the two above.
    assert counts.sum() == 23
    assert counts[1, 200] == 1
    assert counts[0, 1] == 22
    far = np.zeros_like(probability) + 1
    assert voxel_counts(np.full(labels.shape, Label.MUSCLE, np.uint8), far).sum() == 0
