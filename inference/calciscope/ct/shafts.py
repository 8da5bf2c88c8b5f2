"""The long bones in view: where a shaft runs, where it flares towards its joints, its axis.

A limb whose slices show two bones, one much thicker, is a lower leg; one thick bone is a thigh.
Forearms (two bones alike) and upper arms (thinner) are told apart by these figures only roughly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.bone_sections import BoneSlice
from calciscope.locations import Region

_SECOND_BONE_SHARE = (0.05, 0.6)
_MINIMUM_TIBIA_MM2 = 250.0
_MINIMUM_FEMUR_MM2 = 450.0
_MAXIMUM_ELONGATION = 2.0
_BONES_APART_MM = (12.0, 60.0)
_MINIMUM_SHAFT_MM = 40.0
_GAP_MM = 15.0
_FLARE = 1.8
"""A bone this much larger in section than its shaft has begun to flare towards a joint."""
_FLARE_REACH_MM = 25.0


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


def _longest_shaft(slices: list[BoneSlice], region: Region) -> Shaft | None:
    """The longest run of slices that look like the shaft of one region."""
    fits = [_looks_like(s, region) for s in slices]
    typical = [s.areas_mm2[0] for s, fit in zip(slices, fits, strict=True) if fit]
    if len(typical) < 2:
        return None
    # The thin part of the bone is its shaft, also where most of what is in view is flared.
    limit = _FLARE * float(np.percentile(typical, 25))
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
    if bones.elongation > _MAXIMUM_ELONGATION:
        return False
    if region is Region.THIGH:
        return len(bones.areas_mm2) == 1 and largest >= _MINIMUM_FEMUR_MM2
    least, most = _SECOND_BONE_SHARE
    return (
        len(bones.areas_mm2) == 2
        and largest >= _MINIMUM_TIBIA_MM2
        and least <= bones.areas_mm2[1] / largest <= most
        and _BONES_APART_MM[0] <= bones.second_mm <= _BONES_APART_MM[1]
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
