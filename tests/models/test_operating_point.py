"""Calibration and modes: what they do to probabilities, and what is refused."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calciscope.errors import ModelError
from calciscope.models.manifest import (
    FILE_NAME,
    ModelManifest,
    load_manifest,
    sha256_of,
    write_manifest,
)
from calciscope.models.operating_point import (
    PLAIN,
    Calibration,
    LesionCalibration,
    OperatingMode,
    logit_of_map,
)
from calciscope.models.registry import models_root
from calciscope.models.variants import ModelVariant

LESION = LesionCalibration(-1.0, {"mean_logit": 0.5, "log_volume": 2.0})
CALIBRATION = Calibration(2.0, -0.5, LESION, {"cases": 3})
MODES = (
    OperatingMode("balanced", "best F1", 1.0, 0.4, {"f1": 0.7}),
    OperatingMode("sensitive", "finds more", 1.0, 0.1),
)


def test_a_lesion_of_known_log_odds() -> None:
    # -1 + 0.5 * 4 + 2 * 0.5 = 2
    features = {"mean_logit": 4.0, "log_volume": 0.5, "of no weight": 99.0}
    assert LESION.probability(features) == pytest.approx(1 / (1 + math.exp(-2)))
    assert LESION.probability({"mean_logit": 1e6, "log_volume": 0.0}) == 1.0


def test_temperature_pulls_toward_one_half_and_leaves_nothing_at_nothing() -> None:
    table = Calibration(2.0, 0.0, LESION).table()
    assert table[0] == 0
    # 0.8 has odds of 4; their root is 2, which is 2/3.
    assert table[204] == 170
    assert table[51] == 85
    assert (np.diff(table[1:].astype(int)) >= 0).all()
    # One half has odds of 1: an offset of ln 3 makes them 3, which is 3/4.
    assert int(Calibration(1.0, math.log(3), LESION).table()[128]) == pytest.approx(191, abs=1)
    same = Calibration(1.0, 0.0, LESION).table()
    np.testing.assert_array_equal(same[2:254], np.arange(2, 254))


def test_logits_of_a_map_are_bounded() -> None:
    logits = logit_of_map(np.array([0, 51, 255], np.uint8))
    assert logits == pytest.approx([-6.0, -math.log(4), 6.0])


@pytest.mark.parametrize(("bias", "least"), [(0.0, 128), (math.log(4), 51), (-50.0, 255)])
def test_a_bias_is_a_level_of_the_map(bias: float, least: int) -> None:
    assert OperatingMode("", "", bias).least == pytest.approx(least, abs=1)
    assert OperatingMode("", "", 100.0).least == 1  # what was not looked at stays out


def test_manifest_carries_calibration_modes_and_variants(
    model: ModelManifest, tmp_path: Path
) -> None:
    (model.folder / "small.onnx").write_bytes(model.path.read_bytes())
    variant = ModelVariant("int8", "small.onnx", sha256_of(model.path), ("openvino",), 0.9995, {})
    full = replace(model, calibration=CALIBRATION, modes=MODES, variants=(variant,))
    write_manifest(full, model.folder)
    back = load_manifest(model.folder)
    assert back == full
    assert back.mode("sensitive").lesion_probability == 0.1
    assert back.variant("int8") == variant
    assert back.variant("fp8") is None


def test_a_model_without_calibration_has_the_mode_it_always_had(model: ModelManifest) -> None:
    record = json.loads((model.folder / FILE_NAME).read_text())
    assert not {"calibration", "modes", "variants"} & set(record)
    assert model.mode() is PLAIN
    assert (PLAIN.least, PLAIN.lesion_probability) == (128, 0.0)
    with pytest.raises(ModelError, match=r"has no mode 'sensitive' \(it has balanced\)"):
        model.mode("sensitive")


def test_the_first_model_still_loads() -> None:
    model = load_manifest(models_root() / "ct-calcification" / "0.1.0")
    assert model.sha256.startswith("615a055abc04")
    assert model.mode().name == "balanced"


@pytest.mark.parametrize(
    "fields",
    [
        {
            "calibration": {
                "temperature": 0.0,
                "offset": 0,
                "lesion": {"intercept": 0, "weights": {}},
            }
        },
        {"calibration": {"temperature": 1.0, "offset": 0, "lesion": {}, "data": {}}},
        {"calibration": {"temperature": "warm", "lesion": {"intercept": 0, "weights": {}}}},
        {"modes": [{"name": "balanced"}]},
        {
            "modes": [
                {
                    "name": "balanced",
                    "aim": "",
                    "voxel_logit_bias": 0,
                    "lesion_probability": 1.5,
                    "figures": {},
                }
            ]
        },
        {"variants": [{"precision": "int8"}]},
    ],
)
def test_malformed_additions_are_refused(model: ModelManifest, fields: dict[str, Any]) -> None:
    path = model.folder / FILE_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    with pytest.raises(ModelError, match="malformed"):
        load_manifest(model.folder)


def _with_variant(model: ModelManifest, **changes: Any) -> None:
    (model.folder / "small.onnx").write_bytes(model.path.read_bytes())
    record = {
        "precision": "int8",
        "file": "small.onnx",
        "sha256": sha256_of(model.path),
        "engines": ["openvino"],
        "label_agreement": 0.9995,
        "agreement": {},
    }
    path = model.folder / FILE_NAME
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "variants": [{**record, **changes}]}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"sha256": "0" * 64}, r"small\.onnx is not the file its manifest describes"),
        ({"file": "../small.onnx"}, "malformed"),
        ({"label_agreement": 0.998}, "malformed"),
        ({"file": "absent.onnx"}, r"absent\.onnx cannot be read"),
    ],
)
def test_a_variant_must_be_checked_and_unaltered(
    model: ModelManifest, changes: dict[str, Any], message: str | None
) -> None:
    _with_variant(model, **changes)
    if message is None:
        assert load_manifest(model.folder).variants
        return
    with pytest.raises(ModelError, match=message):
        load_manifest(model.folder)


def test_a_variant_that_describes_another_model_is_refused(
    model: ModelManifest, install_model: Callable[..., Path], tmp_path: Path
) -> None:
    other = install_model(tmp_path / "other" / "9", {**model.onnx_metadata(), "name": "other"})
    _with_variant(model, sha256=sha256_of(other / "model.onnx"))
    (model.folder / "small.onnx").write_bytes((other / "model.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"small\.onnx contradicts its manifest about its name"):
        load_manifest(model.folder)
