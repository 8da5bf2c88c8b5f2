"""Resampling between grids with the same axes: one small matrix per axis, applied by BLAS.

Grids cover the same extent: voxel *edges* of the first and last voxel agree, so spacing is
extent / count exactly and nothing drifts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calciscope.volume import Array, Volume


def axis_weights(count_in: int, count_out: int) -> NDArray[np.float32]:
    """Interpolation weights from `count_in` samples to `count_out` over the same extent.

    Linear where the output is finer; where it is coarser the triangle is widened to the output
    spacing, so that fine voxels are averaged rather than skipped.

    Returns:
        Shape (count_out, count_in); each row sums to 1.
    """
    ratio = count_in / count_out
    centers = (np.arange(count_out) + 0.5) * ratio - 0.5
    distance = np.abs(np.arange(count_in)[None, :] - np.clip(centers, 0, count_in - 1)[:, None])
    weights = np.clip(1.0 - distance / max(ratio, 1.0), 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def resample_array(array: Array, shape: Sequence[int]) -> NDArray[np.float32]:
    """Resample values to another number of voxels over the same extent.

    Args:
        array: shape (I, J, K).
        shape: wanted number of voxels along each axis.

    Returns:
        float32, shape as asked; axes whose count does not change are left as they are.
    """
    result = np.asarray(array, dtype=np.float32)
    # Coarsened axes first: the later, finer ones then have less to do.
    for axis in sorted(range(3), key=lambda a: shape[a] / array.shape[a]):
        if shape[axis] != result.shape[axis]:
            weights = axis_weights(result.shape[axis], shape[axis])
            result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
    return result


def nearest_indices(count_in: int, count_out: int) -> NDArray[np.intp]:
    """For each of `count_out` voxels the input voxel (of `count_in`) that holds its center."""
    centers = (np.arange(count_out) + 0.5) * (count_in / count_out)
    return np.minimum(centers.astype(np.intp), count_in - 1)


def resample_labels(labels: Array, shape: Sequence[int]) -> Array:
    """Resample integer labels to another number of voxels by nearest neighbor."""
    indices = [nearest_indices(labels.shape[axis], shape[axis]) for axis in range(3)]
    return np.asarray(labels[np.ix_(*indices)])


def resampled_affine(volume: Volume, shape: Sequence[int]) -> NDArray[np.float64]:
    """Affine of the grid of `shape` voxels over the extent of `volume`."""
    ratio = np.asarray(volume.shape, dtype=np.float64) / np.asarray(shape, dtype=np.float64)
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, :3] * ratio
    affine[:3, 3] = volume.lps_mm(0.5 * ratio - 0.5)
    return affine


def block_affine(volume: Volume, blocks: Sequence[int]) -> NDArray[np.float64]:
    """Affine of the grid whose voxels are blocks of so many voxels, from the first one on."""
    size = np.asarray(blocks, dtype=np.float64)
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, :3] * size
    affine[:3, 3] = volume.lps_mm(0.5 * size - 0.5)
    return affine
