"""The manifest of a hot-spot model: what it holds, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calciscope.errors import ModelError
from calciscope.models.hot_spot_manifest import (
    HotSpotManifest,
    load_hot_spot_manifest,
    write_hot_spot_manifest,
)
from calciscope.models.registry import find_hot_spot_model, find_model
from calciscope.models.summary import operating_lines
from calciscope.spect.patch_spec import PatchSpec
from calciscope.spect.probabilities import softmax, with_priors


def manifest(**changes: Any) -> HotSpotManifest:
    plain = HotSpotManifest(
        name="spect-hot-spot",
        version="0.1.0",
        sha256="0" * 64,
        patches=PatchSpec(fine_size=16, modality="ct"),
        commit="",
        created="",
        license="Apache-2.0",
        training_data={"cases": 3},
    )
    return replace(plain, **changes)


def test_a_manifest_survives_its_record() -> None:
    given = manifest(temperature=1.3, trained_priors=(1 / 11,) * 11, calibration={"cases": 2})
    again = HotSpotManifest.from_dict(json.loads(json.dumps(given.to_dict())))
    assert again == given


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "segmentation"},
        {"classes": ["bone"]},
        {"temperature": 0.0},
        {"minimum_probability": 1.5},
        {"expected_priors": [1 / 11] * 11},
        {"trained_priors": [0.5, 0.5]},
        {"file": "../model.onnx"},
        {"superfluous": 1},
        {"patches": {}},
    ],
)
def test_a_manifest_that_says_something_impossible_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"malformed"):
        HotSpotManifest.from_dict({**manifest().to_dict(), **changes})


def test_another_schema_is_refused() -> None:
    with pytest.raises(ModelError, match="schema version"):
        HotSpotManifest.from_dict({**manifest().to_dict(), "schema_version": 9})


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "spect-hot-spot" / "0.1.0"
    folder.mkdir(parents=True)
    write_hot_spot_manifest(manifest(), folder)
    (folder / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_hot_spot_manifest(folder)
    with pytest.raises(ModelError, match=r"versions there: 0\.1\.0"):
        find_hot_spot_model("0.2.0", tmp_path)
    with pytest.raises(ModelError, match="ct-calcification"):
        find_model(root=tmp_path)


def test_what_is_known_of_its_certainty_stands_in_one_line() -> None:
    assert operating_lines(manifest()) == ["not calibrated"]
    lines = operating_lines(
        manifest(temperature=1.25, minimum_probability=0.6, calibration={"cases": 2})
    )
    assert lines == ["temperature 1.25; indeterminate below probability 0.60"]


def test_priors_move_probabilities_by_their_ratio() -> None:
    said = np.array([[0.5, 0.5]])
    # Twice as frequent against half as frequent as in training: odds of 4.
    changed = with_priors(said, np.array([0.4, 0.4]), np.array([0.8, 0.2]))
    assert changed[0].tolist() == pytest.approx([0.8, 0.2])
    assert softmax(np.array([[2.0, 0.0]]), 2.0)[0, 0] == pytest.approx(1 / (1 + np.exp(-1)))
