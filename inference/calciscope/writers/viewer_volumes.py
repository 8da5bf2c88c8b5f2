"""Volumes of the 3D viewer: the CT in 8 bits and the lesion ids, coarse enough for a web page."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from calciscope.resampling import block_affine
from calciscope.volume import Array, Volume
from calciscope.writers.projections import body_box

SPACING_MM = 1.4
"""Blocks of voxels come as near to this as whole numbers allow; finer than the CT is nothing."""

MAX_VOXELS = 10_000_000
"""Above this blocks grow: 3 to 5 MB of text, and 40 MB for each texture."""

TONE_HU = (-160.0, 240.0, 1600.0)
TONE = (1, 96, 127)
"""Value of the 8-bit CT at these HU, linear between: soft tissue keeps 4 HU a step, bone 44.

0 is outside of the body. More steps would only store noise, which does not compress."""

LAST_LABEL = 2000
"""Lesions with a higher id share this label: the colors of all labels must fit into a texture, of
which browsers grant at least 2,048 texels across."""

Blocks = tuple[int, int, int]
"""Number of voxels along each axis that become one."""


@dataclass(frozen=True, eq=False)
class ViewerVolumes:
    """What the viewer shows, both on one grid.

    Attributes:
        ct: uint8, see `TONE`.
        lesions: uint16 lesion ids, 0 where there is none.
    """

    ct: Volume
    lesions: Volume


def viewer_volumes(ct: Volume, body: Volume, lesions: Volume) -> ViewerVolumes:
    """Coarsen what lies inside the body's box.

    Args:
        ct: HU.
        body: True inside the patient, on the same grid; all is shown where it is False everywhere.
        lesions: lesion ids on the same grid.
    """
    hu, inside, ids = (volume.canonical().volume for volume in (ct, body, lesions))
    start, stop = body_box(inside)
    hu, inside, ids = (volume.crop(start, stop) for volume in (hu, inside, ids))
    blocks = block_size(hu)
    values = toned(block_means(hu.array, blocks))
    mask = block_centers(inside.array, blocks)
    if mask.any():
        values *= mask
    affine = block_affine(hu, blocks)
    return ViewerVolumes(Volume(values, affine), Volume(kept_labels(ids.array, blocks), affine))


def block_size(volume: Volume) -> Blocks:
    """Voxels that become one: about `SPACING_MM`, and at most `MAX_VOXELS` of them."""
    shape = np.array(volume.shape)
    blocks = np.maximum(np.rint(SPACING_MM / volume.spacing_mm), 1).astype(int)
    blocks = np.minimum(blocks, shape)
    while (-(-shape // blocks)).prod() > MAX_VOXELS:
        blocks[np.argmin(blocks * volume.spacing_mm)] += 1
    i, j, k = (int(count) for count in blocks)
    return i, j, k


def block_means(hu: Array, blocks: Blocks) -> NDArray[np.int16]:
    """Mean of each block, in whole HU rounded down; blocks at the end may be smaller.

    Returns:
        As many voxels along each axis as blocks begin there.
    """
    total = np.zeros_like(hu[tuple(slice(None, None, step) for step in blocks)], dtype=np.int32)
    for first in product(*(range(step) for step in blocks)):
        part = hu[tuple(slice(f, None, step) for f, step in zip(first, blocks, strict=True))]
        # HU may be fractional: after a fractional rescale, and in NIfTI files.
        total[tuple(slice(count) for count in part.shape)] += np.rint(part).astype(np.int32)
    for axis, step in enumerate(blocks):
        size = np.minimum(step, hu.shape[axis] - np.arange(0, hu.shape[axis], step))
        total //= np.expand_dims(size, tuple({0, 1, 2} - {axis}))
    return total.astype(np.int16)


def block_centers(array: Array, blocks: Blocks) -> Array:
    """The middle voxel of each block."""
    middles = [
        np.minimum(np.arange(0, count, step) + step // 2, count - 1)
        for count, step in zip(array.shape, blocks, strict=True)
    ]
    # From the last axis on: six times quicker where slices lie apart in memory.
    return array.T[np.ix_(*middles[::-1])].T


def toned(hu: NDArray[np.int16]) -> NDArray[np.uint8]:
    """HU as 8 bits, see `TONE`."""
    low, high = round(TONE_HU[0]), round(TONE_HU[-1])
    table = np.rint(np.interp(np.arange(low, high + 1), TONE_HU, TONE)).astype(np.uint8)
    return np.asarray(table[np.clip(hu, low, high) - low])


def kept_labels(ids: Array, blocks: Blocks) -> NDArray[np.uint16]:
    """Lesion ids by block.

    A block that holds any voxel of a lesion belongs to it, so that lesions look up to one block
    larger than they are. Where two share a block, the smaller one, of the higher id, has it: the
    larger one is likelier to have others.

    Args:
        ids: shape (I, J, K).
    """
    i, j, k = (-(-count // step) for count, step in zip(ids.shape, blocks, strict=True))
    labels = np.zeros((i, j, k), dtype=np.uint16)
    for slice_ in np.flatnonzero(ids.any(axis=(0, 1))):
        columns, rows = np.nonzero(ids[:, :, slice_])
        values = np.minimum(ids[columns, rows, slice_], LAST_LABEL).astype(np.uint16)
        plane = labels[:, :, slice_ // blocks[2]]
        np.maximum.at(plane, (columns // blocks[0], rows // blocks[1]), values)
    return labels
