"""Planar contours to voxels."""

from collections.abc import Sequence

import numpy as np
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from calciscope.volume import Volume

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]

ON_EDGE = 1e-6
"""A center on the outline, to rounding, counts as inside."""


def filled(points: Points, shape: tuple[int, int]) -> Mask:
    """Voxels of a plane whose centers lie inside an outline.

    Args:
        points: corners as (i, j) indices, shape (n, 2).
        shape: of the plane.
    """
    mask = np.zeros(shape, dtype=bool)
    low = np.maximum(np.ceil(points.min(axis=0) - ON_EDGE), 0).astype(int)
    high = np.minimum(np.floor(points.max(axis=0) + ON_EDGE) + 1, shape).astype(int)
    if len(points) < 3 or (low >= high).any():
        return mask
    grid = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
    outline = Outline(np.vstack([points, points[:1]]), closed=True)
    centers = grid.reshape(-1, 2)
    # The sign of `radius` that widens an outline depends on which way round it is drawn.
    inside = outline.contains_points(centers, radius=ON_EDGE) | outline.contains_points(
        centers, radius=-ON_EDGE
    )
    mask[low[0] : high[0], low[1] : high[1]] = inside.reshape(grid.shape[:2])
    return mask


def voxels_inside(contours: Sequence[Points], volume: Volume) -> Mask:
    """Voxels inside closed planar contours (PS3.3 C.8.8.6).

    Contours of one plane cut holes in one another; planes that fall on the same slice add up.

    Args:
        contours: LPS mm, shape (n, 3) each, each in a plane of the volume's k.
        volume: the grid.
    """
    planes: dict[float, Mask] = {}
    mask = np.zeros(volume.shape, dtype=bool)
    for contour in contours:
        index = volume.index(contour)
        height = round(float(index[:, 2].mean()), 2)
        inside = filled(index[:, :2], volume.shape[:2])
        planes[height] = planes[height] ^ inside if height in planes else inside
    for height, inside in planes.items():
        k = round(height)
        if 0 <= k < volume.shape[2]:
            mask[:, :, k] |= inside
    return mask
