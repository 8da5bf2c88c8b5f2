"""Maximum-intensity rays through a CT: the body, and lesions on their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.volume import Array

AIR_HU = -1024
"""What a ray holds that meets no body."""

CODE_BITS = 16
"""Compartment codes are smaller than this."""


@dataclass(frozen=True, eq=False)
class Rays:
    """Largest values along rays, on a plane of shape (across, Z).

    Attributes:
        hu: int16, of the body.
        lesion: int32, of lesions: HU and compartment code in one, 0 where there is none. The
            largest of such keys is that of the densest lesion voxel.
    """

    hu: NDArray[np.int16]
    lesion: NDArray[np.int32]

    @property
    def code(self) -> NDArray[np.int32]:
        """Compartment code of the densest lesion on each ray, 0 without one."""
        return self.lesion % CODE_BITS

    @property
    def lesion_hu(self) -> NDArray[np.int32]:
        """HU of the densest lesion voxel on each ray; `AIR_HU` without one."""
        return self.lesion // CODE_BITS + AIR_HU


def cast_rays(
    hu: Array, body: Array, ids: Array, codes: NDArray[np.int32], sides: Sequence[slice]
) -> tuple[Rays, tuple[Rays, ...]]:
    """Project along y once, and along x for each range of x.

    Args:
        hu: HU, canonical axes (X, Y, Z).
        body: True inside the patient; where it is False everywhere all is shown.
        ids: lesion ids.
        codes: compartment code of each id, 1 to 15; 0 for id 0.
        sides: ranges of x.

    Returns:
        Coronal rays (X, Z), and sagittal rays (Y, Z) for each of `sides`.
    """
    width, depth, height = hu.shape
    coronal = _empty(width, height)
    sagittals = tuple(_empty(depth, height) for _ in sides)
    shows_all = not body.any()
    # Slice by slice, to stay in cache and to hold no masked copy of the CT.
    for z in range(height):
        plane, lesion_ids = hu[:, :, z], ids[:, :, z]
        values = plane if shows_all else np.where(body[:, :, z], plane, AIR_HU)
        coronal.hu[:, z] = values.max(axis=1)
        for rays, side in zip(sagittals, sides, strict=True):
            rays.hu[:, z] = values[side].max(axis=0, initial=AIR_HU)
        if lesion_ids.any():
            key = _keys(plane, codes[lesion_ids])
            coronal.lesion[:, z] = key.max(axis=1)
            for rays, side in zip(sagittals, sides, strict=True):
                rays.lesion[:, z] = key[side].max(axis=0, initial=0)
    return coronal, sagittals


def _empty(across: int, height: int) -> Rays:
    shape = (across, height)
    return Rays(np.full(shape, AIR_HU, dtype=np.int16), np.zeros(shape, dtype=np.int32))


def _keys(hu: Array, code: NDArray[np.int32]) -> NDArray[np.int32]:
    height = np.clip(hu, AIR_HU, 32000).astype(np.int32) - AIR_HU
    return np.where(code > 0, height * CODE_BITS + code, 0)


def gap_between_legs(body: Array) -> int | None:
    """Index along x that parts two legs; None where the body does not fall in two.

    Args:
        body: bool, canonical axes (X, Y, Z).
    """
    profile = np.count_nonzero(body, axis=(1, 2))
    first = 3 * len(profile) // 10
    middle = profile[first : 7 * len(profile) // 10]
    if middle.size == 0:
        return None
    thinnest = np.flatnonzero(middle == middle.min())
    gap = first + int(thinnest[len(thinnest) // 2])
    peaks = [int(part.max(initial=0)) for part in (profile[:gap], profile[gap:])]
    return gap if profile[gap] < 0.4 * min(peaks) else None
