"""Joining bed positions of a SPECT on one grid, blended where they overlap."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import affine_transform

from calciscope.readers.geometry import Floats
from calciscope.readers.limits import room_for
from calciscope.volume import Array, Volume

ALIGNED = 1e-3
"""Offsets smaller than this, in voxels, are rounding: values are copied, not interpolated."""


def joined(beds: Sequence[Volume], name: str) -> Volume:
    """One volume of several that continue each other along k; alone, a bed stays as it is.

    The grid is that of the first bed, extended along k. In an overlap a bed weighs the more the
    further a slice lies from its end, so that no seam shows; where one bed lies alone its values
    stay as they are, or are interpolated linearly where it lies between voxels of the grid.

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
    origins = [_rounded(first.index(bed.lps_mm([0, 0, 0]))) for bed in beds]
    low = int(np.floor(min(origin[2] for origin in origins)))
    high = int(np.ceil(max(o[2] + b.shape[2] - 1 for o, b in zip(origins, beds, strict=True))))
    shape = (first.shape[0], first.shape[1], high - low + 1)
    total = room_for(shape, np.dtype(np.float32), name)
    total[:] = 0.0
    weights = np.zeros(shape[2], np.float32)
    for bed, origin in zip(beds, origins, strict=True):
        start = origin - [0, 0, low]
        along = np.arange(shape[2]) - start[2]
        weight = np.minimum(along + 1, bed.shape[2] - along)
        # Half a slice beyond its ends a bed still is the nearest to what it shows.
        weight = np.where(weight > 0.25 + ALIGNED, weight, 0.0).astype(np.float32)
        total += _placed(bed.array, start, shape) * weight
        weights += weight
    affine = first.affine.copy()
    affine[:3, 3] = first.lps_mm([0, 0, low])
    total /= np.where(weights > 0, weights, 1.0)
    return Volume(total, affine)


def _rounded(origin: Floats) -> Floats:
    whole = np.rint(origin)
    return np.asarray(np.where(np.abs(origin - whole) < ALIGNED, whole, origin))


def _placed(array: Array, start: Floats, shape: tuple[int, int, int]) -> Array:
    """An array on a larger grid, its ends continued along k and nothing around it in its plane."""
    placed: Array = affine_transform(
        array,
        np.ones(3),
        offset=-start,
        output_shape=shape,
        output=np.dtype(np.float32),
        order=1,
        mode="nearest",
    )
    for axis in (0, 1):
        index = np.arange(shape[axis]) - start[axis]
        outside = (index < -0.5) | (index > array.shape[axis] - 0.5)
        placed[(slice(None),) * axis + (outside,)] = 0.0
    return placed
