import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate

from calciscope.errors import ModelError
from calciscope.models import engine as engines
from calciscope.models.engine import create_engine
from calciscope.models.manifest import ModelManifest
from calciscope.models.onnxruntime_engine import OnnxRuntimeEngine, has_cuda
from calciscope.models.openvino_engine import OpenVinoEngine


def batch(shape: tuple[int, ...] = (1, 2, 16, 32, 8), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def by_hand(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """The tiny network, convolution by convolution."""

    def convolve(values: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
        out = [
            sum(correlate(v, k, mode="constant") for v, k in zip(values, kernels, strict=True)) + b
            for kernels, b in zip(kernel, bias, strict=True)
        ]
        return np.stack(out)

    hidden = np.maximum(convolve(x, weights["w1"], weights["b1"]), 0)
    return convolve(hidden, weights["w2"], weights["b2"])


@pytest.mark.parametrize("name", ["onnxruntime", "openvino fp32"])
def test_engine_computes_the_network(
    model: ModelManifest, network_weights: dict[str, np.ndarray], name: str
) -> None:
    engine = OpenVinoEngine(model, precision="f32") if "fp32" in name else OnnxRuntimeEngine(model)
    for seed in (0, 1):  # a second run must not see the first one's buffers
        x = batch(seed=seed)
        np.testing.assert_allclose(engine.run(x)[0], by_hand(x[0], network_weights), atol=1e-4)


def test_engines_agree_on_labels(model: ModelManifest) -> None:
    x = batch((1, 2, 48, 48, 16))
    reference = OnnxRuntimeEngine(model).run(x).argmax(axis=1)
    fast = create_engine(model, "openvino").run(x).argmax(axis=1)
    # Random weights leave many near ties, which bf16 (8 bits of mantissa) may turn over.
    assert (reference == fast).mean() > 0.97


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_shape_and_batch_may_change_between_runs(model: ModelManifest, name: str) -> None:
    engine = create_engine(model, name)
    for shape in ((1, 2, 16, 16, 4), (2, 2, 32, 16, 8), (1, 2, 16, 16, 4)):
        assert engine.run(batch(shape)).shape == (shape[0], 7, *shape[2:])


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_one_thread_gives_the_same_answer(model: ModelManifest, name: str) -> None:
    x = batch()
    one = create_engine(model, name, threads=1).run(x).copy()
    np.testing.assert_allclose(create_engine(model, name).run(x), one, atol=0.05)


def test_a_signal_after_two_engines_does_not_end_the_process(model: ModelManifest) -> None:
    # In a process of its own: were it to fail, it would take the tests with it.
    code = """
import faulthandler, signal, sys
from pathlib import Path
from calciscope.models.manifest import load_manifest
from calciscope.models.openvino_engine import OpenVinoEngine
faulthandler.enable()  # installs a stack for signal handlers, as pytest does
model = load_manifest(Path(sys.argv[1]))
for _ in range(2):
    first = OpenVinoEngine(model, precision="f32")
    second = OpenVinoEngine(model, precision="f32")
    del first, second
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
signal.raise_signal(signal.SIGTERM)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(model.folder)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


def test_engine_says_what_it_is(model: ModelManifest) -> None:
    portable = OnnxRuntimeEngine(model)
    assert portable.name == "onnxruntime"
    assert (portable.device, portable.precision) in {("CPU", "fp32"), ("CUDA", "tf32")}
    assert OpenVinoEngine(model).precision in {"bf16", "fp32"}
    assert OpenVinoEngine(model, precision="f32").precision == "fp32"


def test_unknown_engine_names_the_choices(model: ModelManifest) -> None:
    with pytest.raises(ModelError, match="'tensorrt'; choose auto, openvino, onnxruntime"):
        create_engine(model, "tensorrt")


@pytest.mark.parametrize(
    ("machine", "installed", "expected"),
    [
        ("x86_64", True, "openvino"),
        ("AMD64", True, "openvino"),
        ("aarch64", True, "onnxruntime"),
        ("x86_64", False, "onnxruntime"),
    ],
)
def test_automatic_choice_on_a_machine_without_gpu(
    model: ModelManifest,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    installed: bool,
    expected: str,
) -> None:
    if has_cuda():
        pytest.skip("this ONNX Runtime offers CUDA")
    monkeypatch.setattr(engines.platform, "machine", lambda: machine)
    monkeypatch.setattr(engines, "find_spec", lambda _: object() if installed else None)
    assert create_engine(model).name == expected


def test_cuda_goes_first(model: ModelManifest, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "calciscope.models.onnxruntime_engine"
    asked: list[tuple[ModelManifest, int | None]] = []
    monkeypatch.setattr(f"{module}.has_cuda", lambda: True)
    monkeypatch.setattr(f"{module}.OnnxRuntimeEngine", lambda *given: asked.append(given))
    create_engine(model, threads=3)
    assert asked == [(model, 3)]


def test_absent_openvino_tells_the_cure(
    model: ModelManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match="pip install openvino"):
        create_engine(model, "openvino")


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_file_that_is_no_network_is_refused(
    model: ModelManifest, tmp_path: Path, name: str
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="does not accept"):
        create_engine(replace(model, folder=tmp_path), name)
