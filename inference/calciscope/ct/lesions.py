"""Lesions: 26-connected components of the calcification mask, largest first."""

import math
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import component_voxels
from calciscope.ct.settings import MeasurementSettings
from calciscope.labels import Label
from calciscope.volume import Array, Volume

MARGIN_MM = 1.0
"""Least width of the margin around a lesion within which its blurred mineral is summed."""


@dataclass(frozen=True, eq=False)
class LesionMap:
    """Lesions on the native CT grid.

    Attributes:
        ids: 0 outside lesions, else 1, 2, ... by falling volume; uint16 (uint32 if needed).
        voxels: for each lesion its voxel indices, shape (N, 3), in id order.
    """

    ids: Volume
    voxels: tuple[NDArray[np.intp], ...]

    @property
    def count(self) -> int:
        """Number of lesions."""
        return len(self.voxels)


def find_lesions(
    calcification: Volume, settings: MeasurementSettings, hu: Array | None = None
) -> LesionMap:
    """Find lesions in a mask of calcification.

    Args:
        calcification: bool, shape (I, J, K), on the native grid.
        settings: gives the minimum size and the minimum peak.
        hu: the CT, same shape; where it is not given the peak is not asked for.

    Returns:
        Lesions by falling volume; equal ones in the order of their first voxel.
    """
    voxel_mm3 = calcification.voxel_volume_mm3
    kept = [
        group
        for group in component_voxels(calcification.array)
        if len(group) >= settings.minimum_voxels
        and len(group) * voxel_mm3 >= settings.minimum_volume_mm3
        and (hu is None or float(hu[tuple(group.T)].max()) >= settings.minimum_peak_hu)
    ]
    kept.sort(key=lambda group: (-len(group), tuple(group[0])))
    ids = np.zeros_like(calcification.array, dtype=np.uint16 if len(kept) < 2**16 else np.uint32)
    for number, group in enumerate(kept, start=1):
        ids[tuple(group.T)] = number
    return LesionMap(calcification.with_array(ids), tuple(kept))


def lesion_territories(lesions: LesionMap, tissues: Array, bone: Array) -> Array:
    """Each lesion with a margin around it; a voxel counts for its nearest lesion only.

    Mineral blurs into the voxels around a mask; sums over territories hold it all and none of it
    twice. The margin is one voxel along each axis, or as many as make up 1 mm: where pixels are
    smaller than the blur, one of them holds too little of it.

    Args:
        lesions: the lesions.
        tissues: uint8 labels, shape (I, J, K); vessel walls, metal and contrast belong to no
            territory, as their density is something else's.
        bone: bool, shape (I, J, K); belongs to no territory either.

    Returns:
        Lesion ids on the native grid, 0 elsewhere; on equal distance the smaller id wins.
    """
    ids, shape = lesions.ids.array, np.array(lesions.ids.shape)
    territories = np.zeros_like(ids)
    if not lesions.count:
        return territories
    voxels = np.concatenate(lesions.voxels)
    owners = ids[tuple(voxels.T)]
    territories[tuple(voxels.T)] = owners
    for _, ring in groupby(_margin_steps(lesions.ids), key=lambda step: step[0]):
        claims = []
        for _, offset in ring:
            targets = voxels + offset
            fits = ((targets >= 0) & (targets < shape)).all(axis=1)
            where = tuple(targets[fits].T)
            blocked = bone[where] | np.isin(tissues[where], (Label.VASCULAR, Label.FOREIGN))
            free = (territories[where] == 0) & ~blocked
            claims.append((targets[fits][free], owners[fits][free]))
        places = np.concatenate([place for place, _ in claims])
        claimants = np.concatenate([claimant for _, claimant in claims])
        # Larger ids are written first, so that the smallest one stays.
        order = np.argsort(-claimants.astype(np.int64), kind="stable")
        territories[tuple(places[order].T)] = claimants[order]
    return territories


def margin_voxels(spacing_mm: NDArray[np.float64]) -> tuple[int, int, int]:
    """Width of a territory's margin along each axis, in voxels."""
    i, j, k = (max(1, math.ceil(MARGIN_MM / spacing - 0.1)) for spacing in spacing_mm)
    return i, j, k


def _margin_steps(volume: Volume) -> list[tuple[float, NDArray[np.intp]]]:
    """The steps that lead from a voxel into its margin with their length in mm, shortest first."""
    ranges = [range(-count, count + 1) for count in margin_voxels(volume.spacing_mm)]
    steps = [np.array(step) for step in product(*ranges) if any(step)]
    lengths = [round(float(np.linalg.norm(step * volume.spacing_mm)), 4) for step in steps]
    return sorted(zip(lengths, steps, strict=True), key=lambda step: step[0])
