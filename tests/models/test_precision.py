"""Which file of a model runs: what was asked for, or the checked int8 file where it is faster."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.errors import ModelError
from calciscope.models.engine import create_engine
from calciscope.models.manifest import ModelManifest, sha256_of
from calciscope.models.variants import ModelVariant


@pytest.fixture
def two_files(model: ModelManifest) -> ModelManifest:
    """A model with an "int8" file that is in truth its fp32 network."""
    path = model.folder / "model_int8.onnx"
    path.write_bytes(model.path.read_bytes())
    variant = ModelVariant("int8", path.name, sha256_of(path), ("openvino",), 0.9995, {})
    return replace(model, variants=(variant,))


@pytest.mark.parametrize(
    ("engine", "precision", "expected"),
    [
        ("openvino", "auto", {"int8"}),
        ("openvino", "int8", {"int8"}),
        ("openvino", "fp32", {"fp32"}),
        ("openvino", "bf16", {"bf16"}),
        ("onnxruntime", "auto", {"fp32", "tf32"}),
        ("onnxruntime", "int8", {"int8"}),
    ],
)
def test_precision_is_what_was_asked_for(
    two_files: ModelManifest, engine: str, precision: str, expected: set[str]
) -> None:
    assert create_engine(two_files, engine, precision=precision).precision in expected


def test_without_a_checked_file_the_network_runs(model: ModelManifest) -> None:
    assert create_engine(model, "openvino").precision in {"bf16", "fp32"}
    with pytest.raises(ModelError, match="has no int8 file"):
        create_engine(model, "openvino", precision="int8")


def test_the_quantized_file_is_the_one_that_runs(two_files: ModelManifest) -> None:
    (two_files.folder / "model_int8.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"does not accept .*model_int8\.onnx"):
        create_engine(two_files, "openvino")
    batch = np.zeros((1, 2, 16, 16, 4), np.float32)
    assert create_engine(two_files, "openvino", precision="fp32").run(batch).shape[1] == 7


def test_slower_files_are_not_taken_by_themselves(two_files: ModelManifest) -> None:
    slow = replace(two_files, variants=(replace(two_files.variants[0], engines=()),))
    assert create_engine(slow, "openvino").precision != "int8"
    assert create_engine(slow, "openvino", precision="int8").precision == "int8"


def test_unknown_precision_names_the_choices(model: ModelManifest) -> None:
    with pytest.raises(ModelError, match="'fp8'; choose auto, fp32, bf16, int8"):
        create_engine(model, precision="fp8")
    with pytest.raises(ModelError, match="onnxruntime has no bf16"):
        create_engine(model, "onnxruntime", precision="bf16")
