"""What runs a network: the interface, and the choice among the engines."""

import platform
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import ModelError
from calciscope.models.hot_spot_manifest import HotSpotManifest
from calciscope.models.manifest import ModelManifest
from calciscope.models.variants import INT8

CHOICES = ("auto", "openvino", "onnxruntime")
"""Engines a user may name."""

PRECISIONS = ("auto", "fp32", "bf16", "int8")
"""Arithmetic a user may name."""


class Engine(Protocol):
    """A loaded network.

    Attributes:
        name: "openvino" or "onnxruntime".
        device: "CPU" or "CUDA".
        precision: of the arithmetic, "int8", "bf16", "fp32" or "tf32".
    """

    name: str
    device: str
    precision: str

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of a batch, valid until the next call.

        A CT network has (N, C, X, Y, Z) in and (N, K, X, Y, Z) out; a hot-spot network has rows
        (N, L) in and (N, K) out.
        """
        ...


def create_engine(
    manifest: ModelManifest | HotSpotManifest,
    engine: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
) -> Engine:
    """Load a model into the engine asked for, or into the fastest one this machine has.

    Automatic order: ONNX Runtime where it offers CUDA, OpenVINO on x86, ONNX Runtime on the CPU.
    Automatic precision: int8 where the model has a file that was checked on this engine, else the
    engine's own choice.

    Args:
        manifest: a verified model.
        engine: one of `CHOICES`.
        threads: CPU threads; None for all.
        precision: one of `PRECISIONS`.

    Raises:
        ModelError: engine or precision is unknown or not there, or does not accept the model.
    """
    if engine not in CHOICES:
        raise ModelError(f"there is no engine {engine!r}; choose {', '.join(CHOICES)}")
    if precision not in PRECISIONS:
        raise ModelError(f"there is no precision {precision!r}; choose {', '.join(PRECISIONS)}")
    onnxruntime = import_module("calciscope.models.onnxruntime_engine")
    if engine == "auto":
        has_openvino = find_spec("openvino") is not None
        x86 = platform.machine().lower() in ("x86_64", "amd64")
        takes_openvino = has_openvino and x86 and not onnxruntime.has_cuda()
        engine = "openvino" if takes_openvino else "onnxruntime"
    manifest = _file_for(manifest, engine, precision)
    if engine == "onnxruntime":
        if precision == "bf16":
            raise ModelError("onnxruntime has no bf16 here; choose --engine openvino or fp32")
        chosen: Engine = onnxruntime.OnnxRuntimeEngine(manifest, threads)
        return chosen
    if find_spec("openvino") is None:
        raise ModelError("openvino is not installed; run: pip install openvino")
    openvino = import_module("calciscope.models.openvino_engine")
    wanted = {"fp32": "f32", "bf16": "bf16"}.get(precision)
    fastest: Engine = openvino.OpenVinoEngine(manifest, threads, wanted)
    return fastest


def _file_for(
    manifest: ModelManifest | HotSpotManifest, engine: str, precision: str
) -> ModelManifest | HotSpotManifest:
    """The manifest with the file that is to be loaded."""
    quantized = manifest.variant(INT8)
    if precision == INT8 and quantized is None:
        raise ModelError(
            f"model {manifest.name} {manifest.version} has no int8 file; choose another --precision"
        )
    if quantized is None or precision not in ("auto", INT8):
        return manifest
    if precision == "auto" and engine not in quantized.engines:
        return manifest
    return replace(manifest, file=quantized.file)
