"""Joining bed positions of a SPECT on one grid, blended where they overlap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from calciscope.readers.geometry import Floats
from calciscope.readers.limits import room_for
from calciscope.volume import Array, Volume

ALIGNED = 1e-3
"""Offsets smaller than this, in voxels, are rounding: values are copied, not interpolated."""


def joined(beds: Sequence[Volume], name: str) -> Volume:
    """One volume of several that continue each other along k; alone, a bed stays as it is.

    The grid is that of the first bed, extended to hold all of them. In an overlap a bed weighs the
    more the further a slice lies from its end, so that no seam shows; where one bed lies alone its
    values stay as they are, or are interpolated linearly where it lies between voxels of the grid.

    Args:
        beds: float32, same spacing and direction; not further apart than a slice and a half.
        name: of the series, for the message where memory does not hold it.

    Raises:
        InputError: more voxels than can be analyzed.
    """
    first = beds[0]
    if len(beds) == 1:
        return first
    # Voxel (0, 0, 0) of each bed, in indices of the first.
    origins = np.array([_rounded(first.index(bed.lps_mm([0, 0, 0]))) for bed in beds])
    ends = origins + [bed.shape for bed in beds] - 1
    low, high = origins.min(axis=0), ends.max(axis=0)
    # In the plane less than half a voxel beyond the grid is not worth another row.
    low = np.array([*np.rint(low[:2]), np.floor(low[2])], int)
    high = np.array([*np.rint(high[:2]), np.ceil(high[2])], int)
    size = high - low + 1
    shape = (int(size[0]), int(size[1]), int(size[2]))
    total = room_for(shape, np.dtype(np.float32), name)
    weights = room_for(shape, np.dtype(np.float32), name)
    total[:] = weights[:] = 0.0
    for bed, origin in zip(beds, origins, strict=True):
        start = origin - low
        weight = _weight(bed.shape, start, shape)
        total += _placed(bed.array, start, shape) * weight
        weights += weight
    affine = first.affine.copy()
    affine[:3, 3] = first.lps_mm(low)
    np.divide(total, weights, out=total, where=weights > 0)
    return Volume(total, affine)


def _rounded(origin: Floats) -> Floats:
    whole = np.rint(origin)
    return np.asarray(np.where(np.abs(origin - whole) < ALIGNED, whole, origin))


def _weight(
    bed: tuple[int, int, int], start: Floats, shape: tuple[int, int, int]
) -> NDArray[np.float32]:
    """How much a bed counts at each voxel of a larger grid, 0 around it."""
    inside = []
    for axis in (0, 1):
        index = np.arange(shape[axis]) - start[axis]
        inside.append((index >= -0.5) & (index <= bed[axis] - 0.5))
    along = np.arange(shape[2]) - start[2]
    weight = np.minimum(along + 1, bed[2] - along)
    # Half a slice beyond its ends a bed still is the nearest to what it shows.
    weight = np.where(weight > 0.25 + ALIGNED, weight, 0.0)
    found: NDArray[np.float32] = (
        inside[0][:, None, None] * inside[1][None, :, None] * weight
    ).astype(np.float32)
    return found


def _placed(array: Array, start: Floats, shape: tuple[int, int, int]) -> Array:
    """An array on a larger grid, its ends continued."""
    placed: Array = affine_transform(
        array,
        np.ones(3),
        offset=-start,
        output_shape=shape,
        output=np.dtype(np.float32),
        order=1,
        mode="nearest",
    )
    return placed
