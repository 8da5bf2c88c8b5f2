"""Resampling of large integer volumes: slab by slab, without a float copy of the whole."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.resampling import axis_weights, resample_array
from calciscope.volume import Array

SLAB = 16
"""Slices worked on at a time."""


def resample_rounded(array: Array, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Array:
    """Resample over the same extent as `resample_array` does and round to an integer type.

    Args:
        array: shape (X, Y, Z).
        shape: wanted number of voxels along each axis.
        dtype: integer; what does not fit is clipped.

    Returns:
        Shape as asked, C-contiguous, never a view of `array`.
    """
    result = np.empty(shape, dtype=dtype)
    info = np.iinfo(dtype)
    weights = axis_weights(array.shape[2], shape[2])
    for start in range(0, shape[2], SLAB):
        rows = weights[start : start + SLAB]
        used = np.flatnonzero(rows.any(axis=0))
        slab = array[:, :, used[0] : used[-1] + 1]
        if array.shape[2] != shape[2]:
            slices = np.ascontiguousarray(slab.T)  # no copy where slices lie apart in memory
            rows = rows[:, used[0] : used[-1] + 1]
            slab = np.stack([_weighted_sum(slices, row) for row in rows]).T
        if slab.shape[:2] != shape[:2]:
            slab = resample_array(slab, (*shape[:2], len(rows)))
        if slab.dtype != dtype:
            slab = np.clip(np.rint(slab), info.min, info.max)
        result[:, :, start : start + SLAB] = slab
    return result


def refine_sparse(array: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Resample the last axis only, of an array that is 0 nearly everywhere.

    Args:
        array: shape (X, Y, Z).
        count: wanted number of slices.

    Returns:
        Shape (X, Y, count); columns that hold nothing cost nothing.
    """
    columns = np.asarray(array.any(axis=2))
    slices = np.ascontiguousarray(array[columns].T)
    mixed = np.empty((count, slices.shape[1]), dtype=np.uint8)
    for k, row in enumerate(axis_weights(array.shape[2], count)):
        mixed[k] = np.rint(_weighted_sum(slices, row))
    result = np.zeros((*array.shape[:2], count), dtype=np.uint8)
    result[columns] = mixed.T
    return result


def _weighted_sum(slices: Array, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum over the first axis; few weights are not 0, so this beats a matrix product."""
    used = np.flatnonzero(weights)
    total: NDArray[np.float32] = np.multiply(slices[used[0]], weights[used[0]], dtype=np.float32)
    for index in used[1:]:
        total += slices[index] * weights[index]
    return total
