"""OpenVINO: the fastest engine on x86 processors; it reads the ONNX file itself."""

from functools import cache

import numpy as np
import openvino  # type: ignore[import-untyped]
from numpy.typing import NDArray
from openvino import properties

from calciscope.errors import ModelError
from calciscope.models.hot_spot_manifest import HotSpotManifest
from calciscope.models.manifest import ModelManifest


@cache
def _core() -> openvino.Core:
    """The one core of this process.

    The CPU plugin of a core installs its own stack for signal handlers and unmaps it when it goes.
    With a second core made in between, handlers are left on unmapped memory, and the next signal
    (SIGTERM, SIGCHLD) ends the process without a word. One core that never goes is safe.
    """
    return openvino.Core()


class OpenVinoEngine:
    """A model compiled by OpenVINO for one input shape at a time.

    A graph of fixed shape is faster and needs less memory than one of free shape; a CT is worked
    through in windows of one size, so compiling (about a second) happens once or twice a CT.

    Args:
        manifest: a verified model.
        threads: CPU threads; None for all cores.
        precision: "bf16", "f32" or None for bf16 where the processor has it; in a quantized file
            that of the layers which were left as they are.
    """

    name = "openvino"
    device = "CPU"

    def __init__(
        self,
        manifest: ModelManifest | HotSpotManifest,
        threads: int | None = None,
        precision: str | None = None,
    ) -> None:
        self._core = _core()
        capabilities = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        chosen = precision or ("bf16" if "BF16" in capabilities else "f32")
        self.precision = manifest.quantization or ("fp32" if chosen == "f32" else chosen)
        self._settings = {
            properties.hint.performance_mode(): "LATENCY",
            properties.hint.inference_precision(): chosen,
            properties.inference_num_threads(): threads or 0,
            # Pinned threads wait for their core while another program holds it: measured thirty
            # times slower on a busy machine, and two runs at once would pin the same cores.
            properties.hint.enable_cpu_pinning(): False,
        }
        self._path = manifest.path
        try:
            self._model = self._core.read_model(self._path)
        except RuntimeError as error:
            raise ModelError(
                f"OpenVINO does not accept {self._path} ({error}); install the model again"
            ) from error
        self._shape: tuple[int, ...] | None = None
        self._request: openvino.InferRequest | None = None

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, K, X, Y, Z) of a batch (N, C, X, Y, Z); valid until the next call."""
        if self._request is None or batch.shape != self._shape:
            self._request = None  # frees the buffers of the last shape first
            self._request = self._compile(batch.shape)
            self._shape = batch.shape
        self._request.infer([openvino.Tensor(batch, shared_memory=True)], share_outputs=True)
        return np.asarray(self._request.get_output_tensor(0).data)

    def _compile(self, shape: tuple[int, ...]) -> openvino.InferRequest:
        try:
            self._model.reshape(list(shape))
            compiled = self._core.compile_model(self._model, "CPU", self._settings)
        except RuntimeError as error:
            raise ModelError(
                f"OpenVINO cannot run {self._path} on an input of shape {shape} ({error});"
                " choose --engine onnxruntime"
            ) from error
        return compiled.create_infer_request()
