"""Values of a volume at points of another grid: only those that are drawn are computed."""

from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.volume import Array, Volume


def sample(
    volume: Volume, lps_mm: NDArray[np.float64], order: Literal[0, 1] = 1
) -> NDArray[np.float32]:
    """Values at world positions, 0 beyond the volume.

    Args:
        volume: may lie obliquely.
        lps_mm: shape (..., 3).
        order: 1 for linear interpolation, 0 for the nearest voxel.

    Returns:
        Shape (...).
    """
    index = np.moveaxis(volume.index(lps_mm), -1, 0)
    array: Array = volume.array if order == 0 else np.asarray(volume.array, dtype=np.float32)
    # Where the axes agree, so that a slice is cut along its edge, rounding must not lose the edge.
    values: Array = ndimage.map_coordinates(
        array, np.round(index, 6), output=np.float32, order=order, mode="grid-constant", cval=0.0
    )
    return values


def on_grid(volume: Volume, grid: Volume) -> NDArray[np.float32]:
    """Values at every voxel of a grid, whose own values do not matter.

    Slice by slice: positions of all voxels at once would take eight times the memory.
    """
    i, j, k = grid.shape
    plane = np.stack(np.meshgrid(np.arange(i), np.arange(j), indexing="ij"), axis=-1)
    result = np.empty(grid.shape, dtype=np.float32)
    for z in range(k):
        index = np.concatenate([plane, np.full((i, j, 1), z)], axis=-1)
        result[:, :, z] = sample(volume, grid.lps_mm(index))
    return result


def upright(volume: Volume) -> Volume:
    """The volume with axes along L, P and S: itself where it has, else resampled around it."""
    canonical = volume.canonical().volume
    if np.allclose(canonical.direction, np.eye(3), atol=1e-3):
        return canonical
    top = np.array(canonical.shape) - 1
    corners = canonical.lps_mm([[a * b for a, b in zip(top, c, strict=True)]
                                for c in product((0, 1), repeat=3)])  # fmt: skip
    spacing = canonical.spacing_mm
    shape = np.ceil(np.ptp(corners, axis=0) / spacing).astype(int) + 1
    blank = np.broadcast_to(np.float32(0.0), tuple(shape))
    grid = Volume.from_spacing(blank, spacing, corners.min(axis=0))
    return grid.with_array(on_grid(canonical, grid))
