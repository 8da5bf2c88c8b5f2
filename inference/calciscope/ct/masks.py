"""Small tools for masks: where they are, their voxels, their crop, their components."""

from typing import Final

import cc3d
import numpy as np
from numpy.typing import ArrayLike, NDArray

from calciscope.volume import Array

CONNECTIVITY: Final = 26
"""Voxels that share a face, an edge or a corner belong together."""


def bounding_box(mask: Array) -> tuple[slice, slice, slice] | None:
    """The smallest box of indices that holds all that is set; None if nothing is."""
    along_k = np.flatnonzero(mask.any(axis=(0, 1)))
    if len(along_k) == 0:
        return None
    k = slice(int(along_k[0]), int(along_k[-1]) + 1)
    plane = np.any(mask[:, :, k], axis=2)
    along_i, along_j = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    return (
        slice(int(along_i[0]), int(along_i[-1]) + 1),
        slice(int(along_j[0]), int(along_j[-1]) + 1),
        k,
    )


def indices_of(mask: Array) -> NDArray[np.intp]:
    """Indices of all that is set, shape (N, 3), in the array's own memory order, which is fast."""
    if mask.flags.f_contiguous:
        return np.argwhere(mask.T)[:, ::-1]
    return np.argwhere(mask)


def component_voxels(mask: Array) -> list[NDArray[np.intp]]:
    """Voxel indices, shape (N, 3), of each 26-connected component."""
    box = bounding_box(mask)
    if box is None:
        return []
    components = cc3d.connected_components(_bordered(mask, box), connectivity=CONNECTIVITY)
    inside = indices_of(components)
    labels = components[tuple(inside.T)]
    order = np.argsort(labels, kind="stable")
    _, first = np.unique(labels[order], return_index=True)
    voxels = inside + np.array([part.start - 1 for part in box])
    return np.split(voxels[order], first[1:])


def box_around(
    voxels: NDArray[np.intp], margin: ArrayLike, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The box of voxels with a margin, cut to the grid.

    Args:
        voxels: indices, shape (N, 3), N > 0.
        margin: voxels added on each side, one number or one for each axis.
        shape: of the grid.

    Returns:
        First index and the index behind the last, shape (3,) each.
    """
    start = np.maximum(voxels.min(axis=0) - margin, 0)
    stop = np.minimum(voxels.max(axis=0) + margin + 1, shape)
    return start, stop


def without_specks(mask: Array, voxel_mm3: float, minimum_mm3: float) -> Array:
    """A mask without its 26-connected components smaller than a volume."""
    box = bounding_box(mask)
    result = np.zeros_like(mask, dtype=bool)
    if box is None:
        return result
    threshold = max(int(np.ceil(minimum_mm3 / voxel_mm3)), 1)
    kept = cc3d.dust(_bordered(mask, box), threshold=threshold, connectivity=CONNECTIVITY)
    result[box] = kept[1:-1, 1:-1, 1:-1]
    return result


def _bordered(mask: Array, box: tuple[slice, slice, slice]) -> Array:
    """The part of a mask in a box, with an empty voxel around.

    Without that border cc3d 4.1.1 fails on boxes one voxel thin ("cannot be mapped to union-find
    array"): it expects fewer components than they can hold.
    """
    return np.pad(np.asarray(mask[box], dtype=bool), 1)
