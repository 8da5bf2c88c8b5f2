"""A tiny network as an installed model: two convolutions with random weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from calciscope.models.manifest import (
    ModelManifest,
    load_manifest,
    sha256_of,
    standard_labels,
    write_manifest,
)
from calciscope.preprocessing import PreprocessingSpec

HIDDEN = 4
LABELS = 7


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "w1": rng.normal(0.0, 0.2, (HIDDEN, 2, 3, 3, 3)).astype(np.float32),
        "b1": rng.normal(0.0, 0.1, HIDDEN).astype(np.float32),
        "w2": rng.normal(0.0, 0.5, (LABELS, HIDDEN, 3, 3, 3)).astype(np.float32),
        "b2": rng.normal(0.0, 0.1, LABELS).astype(np.float32),
    }


def tiny_network(metadata: dict[str, str]) -> onnx.ModelProto:
    shape_in = ["N", 2, "X", "Y", "Z"]
    shape_out = ["N", LABELS, "X", "Y", "Z"]
    same = {"kernel_shape": [3, 3, 3], "pads": [1] * 6}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["input", "w1", "b1"], ["c1"], **same),
            helper.make_node("Relu", ["c1"], ["r1"]),
            helper.make_node("Conv", ["r1", "w2", "b2"], ["logits"], **same),
        ],
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape_in)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape_out)],
        [numpy_helper.from_array(array, name) for name, array in weights().items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(model, metadata)
    return model


def install(folder: Path, metadata: dict[str, str] | None = None, **changes: object) -> Path:
    """Write model.onnx and manifest.json; `changes` go into the manifest only."""
    folder.mkdir(parents=True)
    manifest = ModelManifest(
        name="tiny",
        version=folder.name,
        sha256="",
        preprocessing=PreprocessingSpec(patch_size=(32, 32, 8)),
        commit="0" * 40,
        created="2026-01-02T03:04:05+00:00",
        license="Apache-2.0",
        training_data={"none": "random weights"},
        labels=standard_labels(),
        required_multiple=(16, 16, 4),
    )
    inside = manifest.onnx_metadata() if metadata is None else metadata
    onnx.save(tiny_network(inside), folder / manifest.file)
    manifest = replace(manifest, sha256=sha256_of(folder / manifest.file))
    write_manifest(replace(manifest, **changes), folder)  # type: ignore[arg-type]
    return folder


@pytest.fixture
def install_model() -> Callable[..., Path]:
    return install


@pytest.fixture
def network_weights() -> dict[str, np.ndarray]:
    return weights()


@pytest.fixture
def model(tmp_path: Path) -> ModelManifest:
    return load_manifest(install(tmp_path / "tiny" / "1.2.3"))
