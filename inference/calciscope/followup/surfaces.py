"""Surfaces on a coarse grid: where they are, and how far any point lies from them."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.volume import Volume

FAR_MM = 60.0
"""Distance where there is no surface at all."""


def signed_distance(mask: Volume, most_mm: float) -> Volume:
    """Distance to the surface of a mask in mm, negative inside, cut at `most_mm`.

    The ends of the grid are no surface: a leg goes on beyond the last slice. Half-way between two
    voxels across the surface it is 0.
    """
    inside = np.asarray(mask.array, dtype=bool)
    spacing = tuple(mask.spacing_mm)
    if not inside.any() or inside.all():
        far = np.full(mask.shape, FAR_MM if not inside.any() else -FAR_MM, dtype=np.float32)
        return mask.with_array(np.clip(far, -most_mm, most_mm))
    out = ndimage.distance_transform_edt(~inside, sampling=spacing)
    deep = ndimage.distance_transform_edt(inside, sampling=spacing)
    # From voxel centers to the faces between them.
    half = 0.5 * float(np.mean(mask.spacing_mm))
    distance = np.where(inside, half - deep, out - half)
    return mask.with_array(np.clip(distance, -most_mm, most_mm).astype(np.float32))


def surface_points(mask: Volume, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Centers of the faces between a mask and its outside, LPS mm, shape (N, 3).

    Args:
        mask: bool; the ends of its grid are no surface.
        wanted: faces of these of its voxels only; same shape.
    """
    inside = np.asarray(mask.array, dtype=bool)
    found = []
    for axis in range(3):
        ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        edge = (inside[ahead] ^ inside[behind]) & (wanted[ahead] | wanted[behind])
        index = np.argwhere(edge).astype(np.float64)
        index[:, axis] += 0.5
        found.append(mask.lps_mm(index))
    return np.concatenate(found)


def values_at(volume: Volume, lps_mm: NDArray[np.float64], outside: float) -> NDArray[np.float64]:
    """Linearly interpolated values at points, shape (...,); `outside` beyond the grid."""
    index = np.moveaxis(volume.index(lps_mm), -1, 0)
    return np.asarray(
        ndimage.map_coordinates(volume.array, index, order=1, mode="constant", cval=outside),
        dtype=np.float64,
    )
