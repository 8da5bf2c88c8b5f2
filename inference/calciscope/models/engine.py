"""What runs a network: the interface, and the choice among the engines."""

import platform
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import ModelError
from calciscope.models.manifest import ModelManifest

CHOICES = ("auto", "openvino", "onnxruntime")
"""Engines a user may name."""


class Engine(Protocol):
    """A loaded network.

    Attributes:
        name: "openvino" or "onnxruntime".
        device: "CPU" or "CUDA".
        precision: of the arithmetic, "bf16", "fp32" or "tf32".
    """

    name: str
    device: str
    precision: str

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, K, X, Y, Z) of a batch (N, C, X, Y, Z); valid until the next call."""
        ...


def create_engine(
    manifest: ModelManifest, engine: str = "auto", threads: int | None = None
) -> Engine:
    """Load a model into the engine asked for, or into the fastest one this machine has.

    Automatic order: ONNX Runtime where it offers CUDA, OpenVINO on x86, ONNX Runtime on the CPU.

    Args:
        manifest: a verified model.
        engine: one of `CHOICES`.
        threads: CPU threads; None for all.

    Raises:
        ModelError: the engine is unknown or not installed, or does not accept the model.
    """
    if engine not in CHOICES:
        raise ModelError(f"there is no engine {engine!r}; choose {', '.join(CHOICES)}")
    onnxruntime = import_module("calciscope.models.onnxruntime_engine")
    if engine == "auto":
        has_openvino = find_spec("openvino") is not None
        x86 = platform.machine().lower() in ("x86_64", "amd64")
        takes_openvino = has_openvino and x86 and not onnxruntime.has_cuda()
        engine = "openvino" if takes_openvino else "onnxruntime"
    if engine == "onnxruntime":
        chosen: Engine = onnxruntime.OnnxRuntimeEngine(manifest, threads)
        return chosen
    if find_spec("openvino") is None:
        raise ModelError("openvino is not installed; run: pip install openvino")
    openvino = import_module("calciscope.models.openvino_engine")
    fastest: Engine = openvino.OpenVinoEngine(manifest, threads)
    return fastest
