"""A model as a predictor: a network that sees and one that is blind, on a drawn limb."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.evaluation.case_scoring import CaseResult, Truth, score_case
from calciscope.evaluation.lesion_truth import slope_factor
from calciscope.evaluation.model_predictor import ModelPredictor
from calciscope.evaluation.record_rows import CaseStrata
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.evaluation.rule_predictor import Surroundings, all_rules
from calciscope.labels import Label
from calciscope.models.manifest import ModelManifest
from calciscope.models.variants import ModelVariant
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.volume import Volume


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


def limb(lesion: bool = True) -> ReferenceCase:
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
    return ReferenceCase(
        case_id=name,
        patient=name,
        source="phantom",
        ct=Volume.from_spacing(ct, (1.0, 1.0, 2.5)),
        labels=Volume.from_spacing(labels, (1.0, 1.0, 2.5)),
        has_tissues=True,
        strata=CaseStrata(kvp=120.0),
        meta={"acquisition": {"kvp": 120.0, "slope_factor": 1.0}, "lesions": rows},
    )


Judge = Callable[[ReferenceCase, bool], CaseResult]


@pytest.fixture
def judged(toy_manifest: ModelManifest) -> Judge:
    """Scores the network that sees, or the blind one, on a case."""

    def judge(case: ReferenceCase, sees: bool) -> CaseResult:
        prediction = ModelPredictor(toy_manifest, Oracle(sees)).predict(case)
        return score_case(Truth.of(case, Surroundings()), prediction)

    return judge


def test_a_network_that_sees(judged: Judge) -> None:
    row = judged(limb(), True).row
    assert (row.found, row.lesions, row.false_positives) == (1, 1, 0)
    assert row.lesion_dice == pytest.approx(1.0, abs=0.02)
    assert row.predicted_ha_mg == pytest.approx(row.reference_ha_mg, rel=0.1)
    assert row.tissue_dice["bone"] == pytest.approx(1.0, abs=0.05)
    (candidate,) = judged(limb(), True).candidates
    assert candidate.is_lesion and candidate.probability > 0.9


def test_a_blind_network(judged: Judge) -> None:
    row = judged(limb(), False).row
    assert (row.found, row.dice, row.lesion_dice, row.predicted_ha_mg) == (0, 0.0, 0.0, 0.0)
    assert judged(limb(lesion=False), False).row.dice == 1.0


def test_the_rules_find_the_ball() -> None:
    case = limb()
    truth = Truth.of(case, Surroundings())
    for rule in all_rules():
        assert score_case(truth, rule.predict(case)).row.found == 1


def test_a_case_without_ct_is_refused(toy_manifest: ModelManifest) -> None:
    case = limb()
    blank = ReferenceCase("blank", "blank", "x", None, case.labels, True, CaseStrata(), {})
    with pytest.raises(InputError, match="no CT to run a model on"):
        ModelPredictor(toy_manifest, Oracle(True)).predict(blank)
    with pytest.raises(InputError, match="no CT for the threshold rules"):
        all_rules()[0].predict(blank)


def test_the_slope_that_a_case_was_made_with() -> None:
    case = limb()
    assert slope_factor(case) == 1.0
    slope = 1.1 * ha_slope_hu_per_mg_cc(120.0)
    made = ReferenceCase(
        "h", "h", "host", None, case.labels, True, CaseStrata(kvp=120.0),
        {"acquisition": {"slope_hu_per_mg_cc": slope}},
    )  # fmt: skip
    assert slope_factor(made) == pytest.approx(1.1)
    real = ReferenceCase("r", "r", "x", None, case.labels, True, CaseStrata(), {})
    assert slope_factor(real) == 1.0


def test_the_record_names_the_file_that_ran(toy_manifest: ModelManifest) -> None:
    small = ModelVariant("int8", "model.int8.onnx", "ef" * 32, (), 0.99, {})
    model = replace(toy_manifest, sha256="ab" * 32, variants=(small,))
    whole = ModelPredictor(model, Oracle(True)).record
    assert (whole.file, whole.file_sha256, whole.sha256) == (model.file, "ab" * 32, "ab" * 32)
    engine = Oracle(True)
    engine.precision = "int8"
    ran = ModelPredictor(model, engine).record
    assert (ran.file, ran.file_sha256) == ("model.int8.onnx", "ef" * 32)
    assert ran.sha256 == "ab" * 32
