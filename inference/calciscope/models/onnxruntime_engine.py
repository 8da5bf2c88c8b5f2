"""ONNX Runtime: the portable engine, and the one for NVIDIA GPUs."""

from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as states  # type: ignore[import-untyped]

from calciscope.errors import ModelError
from calciscope.models.hot_spot_manifest import HotSpotManifest
from calciscope.models.manifest import ModelManifest

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3
_REFUSALS = (
    states.EPFail,
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.NoModel,
    states.NoSuchFile,
    states.NotImplemented,
    states.RuntimeException,
)
"""What a session raises; these have no base class of their own."""


def has_cuda() -> bool:
    """Whether the ONNX Runtime that is installed was built for CUDA."""
    return _CUDA in onnxruntime.get_available_providers()


class OnnxRuntimeEngine:
    """A model in an ONNX Runtime session; CUDA where there is a GPU, else CPU.

    Args:
        manifest: a verified model.
        threads: CPU threads; None for all cores.
    """

    name = "onnxruntime"

    def __init__(
        self, manifest: ModelManifest | HotSpotManifest, threads: int | None = None
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        # Memory patterns reserve the sum of a shape's buffers, 1.7 times what is used at a time.
        # The arena stays on: without it each window faults its pages in again (15 % slower).
        options.enable_mem_pattern = False
        providers: list[Any] = [_CPU]
        if has_cuda():
            # Exhaustive search would time every algorithm again for each new window shape.
            providers.insert(0, (_CUDA, {"cudnn_conv_algo_search": "HEURISTIC"}))
        try:
            self._session = onnxruntime.InferenceSession(
                str(manifest.path), options, providers=providers
            )
        except _REFUSALS as error:
            raise ModelError(
                f"ONNX Runtime does not accept {manifest.path} ({error}); install the model again"
            ) from error
        # A CUDA build without a usable driver falls back by itself: ask what it came to.
        on_gpu = self._session.get_providers()[0] == _CUDA
        self.device = "CUDA" if on_gpu else "CPU"
        self.precision = manifest.quantization or ("tf32" if on_gpu else "fp32")
        self._input = manifest.input_name
        self._output = manifest.output_name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, K, X, Y, Z) of a batch (N, C, X, Y, Z)."""
        (logits,) = self._session.run([self._output], {self._input: batch})
        return np.asarray(logits, dtype=np.float32)
