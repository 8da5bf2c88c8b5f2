"""The long bones in view: where a shaft runs, where it flares towards its joints, its axis.

A limb whose slices show two bones, one much thicker, is a lower leg; one thick bone is a thigh.
Forearms (two bones alike) and upper arms (thinner) are told apart by these figures only roughly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.coarse import thinned
from calciscope.ct.sides import SideMap
from calciscope.locations import Laterality, Region
from calciscope.volume import Volume

_STEP_MM = (1.5, 1.5, 4.0)
_MINIMUM_BONE_MM2 = 50.0
_SECOND_BONE_SHARE = (0.05, 0.6)
_MINIMUM_TIBIA_MM2 = 250.0
_MINIMUM_FEMUR_MM2 = 450.0
_MINIMUM_SHAFT_MM = 40.0
_GAP_MM = 15.0
_FLARE = 1.8
"""A bone this much larger in section than its shaft has begun to flare towards a joint."""
_FLARE_REACH_MM = 25.0


@dataclass(frozen=True, eq=False)
class BoneSlice:
    """Sections of the bones of one limb in one axial slice.

    Attributes:
        z_mm: height of the slice.
        areas_mm2: of its bones, largest first.
        center_lps_mm: of the largest; shape (3,).
    """

    z_mm: float
    areas_mm2: tuple[float, ...]
    center_lps_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shaft:
    """The shaft of a tibia or femur, as far as it is in view.

    Attributes:
        region: lower leg or thigh.
        low_mm, high_mm: its ends in z.
        flares_low, flares_high: whether the bone is seen to flare beyond that end.
        axis: unit vector (LPS) along the shaft; shape (3,).
    """

    region: Region
    low_mm: float
    high_mm: float
    flares_low: bool
    flares_high: bool
    axis: NDArray[np.float64]


def bone_slices(bone: Volume, sides: SideMap) -> dict[Laterality, list[BoneSlice]]:
    """Measure the bone sections of each limb, slice by slice.

    Args:
        bone: bool mask on any grid.
        sides: tells to which limb a section belongs.

    Returns:
        Slices with bone, z rising, by the limb's side.
    """
    coarse = thinned(bone, _STEP_MM)
    pixel_mm2 = float(coarse.spacing_mm[0] * coarse.spacing_mm[1])
    limbs: dict[Laterality, list[BoneSlice]] = {}
    for k in range(coarse.shape[2]):
        sections: dict[Laterality, list[tuple[float, NDArray[np.float64]]]] = {}
        for area, center in _sections(coarse, k, pixel_mm2):
            sections.setdefault(_limb(center, sides), []).append((area, center))
        for side, found in sections.items():
            found.sort(key=lambda section: -section[0])
            areas = tuple(area for area, _ in found)
            center = found[0][1]
            limbs.setdefault(side, []).append(BoneSlice(float(center[2]), areas, center))
    return limbs


def find_shafts(slices: list[BoneSlice]) -> list[Shaft]:
    """Find the shafts of one limb: at most one lower leg, and one thigh above it.

    Args:
        slices: of one limb, z rising.
    """
    ordered = sorted(slices, key=lambda s: s.z_mm)
    shank = _longest_shaft(ordered, Region.LOWER_LEG)
    above = ordered if shank is None else [s for s in ordered if s.z_mm > shank.high_mm]
    thigh = _longest_shaft(above, Region.THIGH)
    return [shaft for shaft in (shank, thigh) if shaft is not None]


def _sections(coarse: Volume, k: int, pixel_mm2: float) -> list[tuple[float, NDArray[np.float64]]]:
    """Area and center of each bone in a slice, its marrow included."""
    plane = np.asarray(coarse.array[:, :, k], dtype=bool)
    if not plane.any():
        return []
    labels, count = ndimage.label(_filled(plane), structure=np.ones((3, 3), dtype=int))
    numbers = np.arange(1, count + 1)
    areas = np.bincount(labels.ravel())[1:] * pixel_mm2
    centers = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
    world = coarse.lps_mm(np.column_stack([centers, np.full(count, k)]))
    return [
        (float(area), center)
        for area, center in zip(areas, world, strict=True)
        if area >= _MINIMUM_BONE_MM2
    ]


def _filled(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A slice's mask with its holes filled."""
    outside, _ = ndimage.label(np.pad(~plane, 1, constant_values=True))
    return np.asarray(outside[1:-1, 1:-1] != outside[0, 0])


def _limb(center: NDArray[np.float64], sides: SideMap) -> Laterality:
    """The limb that a bone section belongs to."""
    side = sides.laterality(center)
    if side is not Laterality.MIDLINE:
        return side
    return Laterality.LEFT if center[0] > sides.middle_x_mm else Laterality.RIGHT


def _longest_shaft(slices: list[BoneSlice], region: Region) -> Shaft | None:
    """The longest run of slices that look like the shaft of one region."""
    fits = [_looks_like(s, region) for s in slices]
    typical = [s.areas_mm2[0] for s, fit in zip(slices, fits, strict=True) if fit]
    if len(typical) < 2:
        return None
    limit = _FLARE * float(np.median(typical))
    flares = [s.areas_mm2[0] > limit for s in slices]
    run = _longest_run([s.z_mm for s in slices], fits, flares)
    if run is None:
        return None
    low, high = slices[run[0]].z_mm, slices[run[1]].z_mm
    if high - low < _MINIMUM_SHAFT_MM:
        return None
    flared = [s.z_mm for s, flare in zip(slices, flares, strict=True) if flare]
    return Shaft(
        region,
        low,
        high,
        flares_low=any(low - _FLARE_REACH_MM <= z < low for z in flared),
        flares_high=any(high < z <= high + _FLARE_REACH_MM for z in flared),
        axis=_axis(slices[run[0] : run[1] + 1]),
    )


def _looks_like(bones: BoneSlice, region: Region) -> bool:
    """Whether a slice's sections are those of a lower leg or of a thigh."""
    largest = bones.areas_mm2[0]
    if region is Region.THIGH:
        return len(bones.areas_mm2) == 1 and largest >= _MINIMUM_FEMUR_MM2
    least, most = _SECOND_BONE_SHARE
    return (
        len(bones.areas_mm2) == 2
        and largest >= _MINIMUM_TIBIA_MM2
        and least <= bones.areas_mm2[1] / largest <= most
    )


def _longest_run(z_mm: list[float], fits: list[bool], flares: list[bool]) -> tuple[int, int] | None:
    """First and last index of the longest run of fitting slices.

    Small gaps are bridged, but none in which the bone flares: that is a joint.
    """
    best: tuple[int, int] | None = None
    start: int | None = None
    last = 0
    for index, (z, fit, flare) in enumerate(zip(z_mm, fits, flares, strict=True)):
        if flare or (start is not None and z - z_mm[last] > _GAP_MM):
            start = None
        if fit and not flare:
            start, last = (index if start is None else start), index
            if best is None or z - z_mm[start] > z_mm[best[1]] - z_mm[best[0]]:
                best = (start, last)
    return best


def _axis(slices: list[BoneSlice]) -> NDArray[np.float64]:
    """First principal component of the bone's centers between 20 and 80 % of the shaft."""
    centers = np.array([s.center_lps_mm for s in slices])
    low, high = centers[0, 2], centers[-1, 2]
    share = (centers[:, 2] - low) / (high - low)
    middle = centers[(share >= 0.2) & (share <= 0.8)]
    used = middle if len(middle) >= 3 else centers
    _, vectors = np.linalg.eigh(np.cov(used.T))
    axis = np.asarray(vectors[:, -1])
    return axis if axis[2] >= 0 else -axis
