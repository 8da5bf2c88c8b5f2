"""Thinned-out views of a study, for questions whose answer does not need every voxel."""

import numpy as np

from calciscope.volume import Volume


def thinned(mask: Volume, step_mm: tuple[float, float, float]) -> Volume:
    """A mask on canonical axes (L, P, S), of which every few voxels are kept.

    Args:
        mask: any grid.
        step_mm: wanted distance between kept voxels along L, P, S; at least one voxel.

    Returns:
        A small volume with an array of its own.
    """
    canonical = mask.canonical().volume
    steps = np.maximum(np.round(np.array(step_mm) / canonical.spacing_mm), 1).astype(int)
    affine = canonical.affine.copy()
    affine[:3, :3] = affine[:3, :3] * steps
    array = canonical.array[:: steps[0], :: steps[1], :: steps[2]]
    return Volume(np.ascontiguousarray(array), affine)
