"""Values of volumes at places of the world: averaged to a coarser grid, then linear between voxels.

Averaging first keeps detail that is finer than the samples from turning into noise.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from calciscope.volume import Array, Volume

ReducedArray = NDArray[np.float32]


def block_factors(volume: Volume, spacing_mm: float) -> tuple[int, int, int]:
    """How many voxels along each axis make a block of about `spacing_mm`; at least 1."""
    i, j, k = (max(1, round(spacing_mm / float(s))) for s in volume.spacing_mm)
    return i, j, k


def block_mean(array: Array, factors: Sequence[int]) -> ReducedArray:
    """Mean of blocks of voxels; what is left over at the far end is dropped.

    Args:
        array: shape (I, J, K); at least one block.
        factors: voxels of a block along each axis.
    """
    result = array
    for axis, factor in enumerate(factors):
        if factor == 1:
            continue
        count = result.shape[axis] // factor
        parts = [
            result[_at(axis, slice(start, start + count * factor, factor))]
            for start in range(factor)
        ]
        total = parts[0].astype(np.float32)
        for part in parts[1:]:
            total += part
        result = total
    return np.asarray(result, dtype=np.float32) / np.float32(
        np.prod([factor for factor in factors if factor > 1])
    )


def _at(axis: int, span: slice) -> tuple[slice, ...]:
    return tuple(span if a == axis else slice(None) for a in range(3))


def blocks_around(
    volume: Volume, factors: Sequence[int], center_mm: Array, reach_mm: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Index box of whole blocks that holds a ball; None where it misses the volume.

    Blocks are counted from the first voxel, so that neighboring boxes have the same blocks.

    Returns:
        First and stop index along each axis, multiples of the factors.
    """
    counts = np.array(volume.shape) // factors
    extent = reach_mm * np.linalg.norm(np.linalg.inv(volume.affine[:3, :3]), axis=1)
    middle = volume.index(center_mm)
    first = np.clip(np.floor((middle - extent) / factors).astype(int) - 1, 0, counts)
    stop = np.clip(np.ceil((middle + extent) / factors).astype(int) + 2, 0, counts)
    if (first >= stop).any():
        return None
    return first * factors, stop * factors


def sample_linear(
    channels: NDArray[np.float32], volume: Volume, lps_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Linear interpolation of several channels on one grid, and which places lie in the grid.

    Args:
        channels: shape (I, J, K, C).
        volume: gives the grid, shape (I, J, K).
        lps_mm: places, shape (N, 3).

    Returns:
        Values (N, C), those of the nearest edge outside; True where the voxels reach, (N,).
    """
    index = volume.index(lps_mm).T.astype(np.float32)
    inside = np.ones(len(lps_mm), dtype=bool)
    lows, weights = [], []
    for place, count in zip(index, volume.shape, strict=True):
        inside &= (place >= -0.5) & (place <= count - 0.5)
        clipped = np.clip(place, 0, count - 1)
        low = np.minimum(clipped.astype(np.int32), max(count - 2, 0))
        lows.append(low)
        weights.append((np.float32(1.0) - (clipped - low), clipped - low))
    strides = (volume.shape[1] * volume.shape[2], volume.shape[2], 1)
    start = sum(low * stride for low, stride in zip(lows, strides, strict=True))
    # A grid of one voxel along an axis has no second corner there; its weight is 0.
    steps = [s if n > 1 else 0 for s, n in zip(strides, volume.shape, strict=True)]
    columns = np.empty((len(inside), 8), dtype=np.int32)
    shares = np.empty((len(inside), 8), dtype=np.float32)
    for number, corner in enumerate(np.ndindex(2, 2, 2)):
        columns[:, number] = start + int(np.dot(corner, steps))
        x, y, z = (weight[c] for weight, c in zip(weights, corner, strict=True))
        shares[:, number] = x * y * z
    rows = np.arange(0, columns.size + 1, 8)
    table = channels.reshape(-1, channels.shape[-1])
    mixing = sparse.csr_matrix((shares.ravel(), columns.ravel(), rows), (len(rows) - 1, len(table)))
    return np.asarray(mixing @ table, dtype=np.float32), inside


def sample_nearest(volume: Volume, lps_mm: NDArray[np.float64], outside: int = 0) -> Array:
    """Value of the voxel that holds each place; shape (N,) of places (N, 3)."""
    index = np.rint(volume.index(lps_mm).T).astype(np.intp)
    inside = np.ones(len(lps_mm), dtype=bool)
    for place, count in zip(index, volume.shape, strict=True):
        inside &= (place >= 0) & (place < count)
    result = np.full(len(lps_mm), outside, dtype=volume.array.dtype)
    result[inside] = volume.array[tuple(index[:, inside])]
    return result
