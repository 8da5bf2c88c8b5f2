"""Run a network over the body of a CT, window by window, keeping labels and never logits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import ModelError
from calciscope.labels import Label
from calciscope.models.engine import Engine
from calciscope.models.manifest import ModelManifest
from calciscope.models.tiling import Window, plan_tiling
from calciscope.preprocessing import network_input
from calciscope.volume import Array


@dataclass(frozen=True, eq=False)
class WindowedResult:
    """What the network says about each voxel of the model grid.

    Attributes:
        tissue: uint8, likeliest label other than calcification; 0 where nothing was looked at.
        probability: uint8, softmax of calcification times 255; 0 where nothing was looked at.
        windows: how many windows were run.
        voxels: how many voxels the network worked on.
    """

    tissue: NDArray[np.uint8]
    probability: NDArray[np.uint8]
    windows: int
    voxels: int


def run_windows(
    hu: Array,
    body: NDArray[np.bool_],
    model: ModelManifest,
    engine: Engine,
    progress: Callable[[float], None] | None = None,
) -> WindowedResult:
    """Label the body of a CT on the model grid; air is skipped.

    Args:
        hu: shape (X, Y, Z), canonical axes, on the grid of the model's preprocessing.
        body: same shape; windows are placed to cover it.
        model: gives preprocessing and the sizes that the network accepts.
        engine: runs the network.
        progress: called with the finished share, 0 to 1.

    Raises:
        ModelError: the network's answer has not one channel per label, or holds NaN.
    """
    tissue = np.zeros(hu.shape, dtype=np.uint8)
    probability = np.zeros(hu.shape, dtype=np.uint8)
    tiling = plan_tiling(body, model.required_multiple)
    for count, window in enumerate(tiling.windows, start=1):
        seen = _cut(hu, window.start, tiling.size)
        logits = engine.run(network_input(seen[None], model.preprocessing))
        if logits.shape != (1, len(Label), *tiling.size):
            raise ModelError(
                f"{model.path} answers with shape {logits.shape} where {len(Label)} labels on"
                f" {tiling.size} voxels are wanted; install the model again"
            )
        inner = logits[0][_inside(window)]
        tissue[window.kept], probability[window.kept] = _decide(inner)
        if progress is not None:
            progress(count / len(tiling.windows))
    return WindowedResult(tissue, probability, len(tiling.windows), tiling.voxels)


def _cut(hu: Array, start: tuple[int, int, int], size: tuple[int, int, int]) -> Array:
    """The window's voxels; beyond the volume the last voxel is repeated."""
    box = tuple(slice(first, first + count) for first, count in zip(start, size, strict=True))
    seen = hu[box]  # a slice ends with the volume by itself
    if seen.shape == size:
        return seen
    missing = [(0, wanted - there) for wanted, there in zip(size, seen.shape, strict=True)]
    return np.pad(seen, missing, mode="edge")


def _inside(window: Window) -> tuple[slice, ...]:
    """All channels of the kept voxels, counted from the window's first."""
    voxels = (
        slice(kept.start - first, kept.stop - first)
        for first, kept in zip(window.start, window.kept, strict=True)
    )
    return (slice(None), *voxels)


def _decide(
    logits: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Likeliest tissue and calcification probability (0..255) of logits (K, X, Y, Z).

    Channel by channel: each pass works on one contiguous array, which is many times faster than
    argmax or softmax across channels that lie far apart in memory.
    """
    calcification = logits[Label.CALCIFICATION]
    tissue = np.zeros(calcification.shape, dtype=np.uint8)
    best = logits[0].copy()
    # Softmax of one channel: 1 / sum(exp(other - this)); an overflow to infinity means 0.
    with np.errstate(over="ignore"):
        total = np.exp(best - calcification) + np.float32(1.0)
        for label in range(1, len(logits)):
            if label == Label.CALCIFICATION:
                continue
            channel = logits[label]
            total += np.exp(channel - calcification)
            higher = channel > best
            np.copyto(tissue, label, where=higher)
            np.copyto(best, channel, where=higher)
    if np.isnan(total).any():
        raise ModelError("the network answers with NaN; choose another --engine")
    return tissue, np.rint(np.float32(255.0) / total).astype(np.uint8)
