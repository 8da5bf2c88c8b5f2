"""Where in the body a lesion lies: side, region, level, and the bone beside it.

Joints are placed from where the shafts flare (offsets of an adult, good to about 15 mm): the
ankle 20 mm below the tibial shaft, the knee 55 mm above it or 80 mm below the femoral shaft.
Regions: ankle within 5 % of the tibial length of the ankle, foot below; knee from 25 mm below to
40 mm above the joint; level by thirds of the bone's length. Without such landmarks the region is
unknown and there is no level.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.bone_sections import bone_slices
from calciscope.ct.settings import MeasurementSettings
from calciscope.ct.shafts import Shaft, find_shafts
from calciscope.ct.sides import SideMap, find_sides
from calciscope.locations import Laterality, Level, Region
from calciscope.volume import Volume

_ANKLE_BELOW_TIBIAL_SHAFT_MM = 20.0
_KNEE_ABOVE_TIBIAL_SHAFT_MM = 55.0
_KNEE_BELOW_FEMORAL_SHAFT_MM = 80.0
_KNEE_MM = (-25.0, 40.0)
_ANKLE_SHARE = 0.05
_BEYOND_SHAFT_MM = 20.0
_HIP_ABOVE_FEMORAL_SHAFT_MM = 60.0


@dataclass(frozen=True, eq=False)
class Limb:
    """Landmarks of one limb; heights are z in mm, None where they cannot be told.

    Attributes:
        shank, thigh: shafts in view.
        ankle_mm, knee_mm: joints.
        tibia_mm: length of the tibia.
        length_assumed: whether that length is the default of an adult.
    """

    shank: Shaft | None
    thigh: Shaft | None
    ankle_mm: float | None
    knee_mm: float | None
    tibia_mm: float
    length_assumed: bool


@dataclass(frozen=True, eq=False)
class Place:
    """Where a point lies.

    Attributes:
        fraction: height along the tibia or femur, 0 at its lower joint (below 0 at the ankle) and
            1 at its upper end; None without landmarks and beyond the bone.
        bone_axis: None where no long bone is in view.
    """

    laterality: Laterality
    region: Region
    level: Level | None
    fraction: float | None
    bone_axis: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Landmarks of a study."""

    sides: SideMap
    limbs: Mapping[Laterality, Limb]
    femur_mm: float

    def locate(self, lps_mm: NDArray[np.float64]) -> Place:
        """Side, region, level and bone axis at a point in the patient."""
        side = self.sides.laterality(lps_mm)
        limb = self.limbs.get(side)
        if limb is None:
            return Place(side, Region.UNKNOWN, None, None, None)
        z = float(lps_mm[2])
        region, fraction = _region(z, limb, self.femur_mm)
        level = _level(region, fraction)
        known = fraction if fraction is not None and fraction <= 1.0 else None
        return Place(side, region, level, known, _nearest_axis(z, limb))


def find_anatomy(body: Volume, bone: Volume, settings: MeasurementSettings) -> Anatomy:
    """Find the landmarks of a study.

    Args:
        body, bone: bool masks on the same grid.
        settings: assumed lengths of the long bones.
    """
    sides = find_sides(body)
    limbs = {
        side: _limb(find_shafts(slices), settings)
        for side, slices in bone_slices(bone, sides).items()
    }
    return Anatomy(sides, limbs, settings.femur_length_mm)


def _limb(shafts: list[Shaft], settings: MeasurementSettings) -> Limb:
    """Place the joints from the shafts."""
    shank = next((s for s in shafts if s.region is Region.LOWER_LEG), None)
    thigh = next((s for s in shafts if s.region is Region.THIGH), None)
    ankle = knee = None
    if shank is not None and shank.flares_low:
        ankle = shank.low_mm - _ANKLE_BELOW_TIBIAL_SHAFT_MM
    if shank is not None and shank.flares_high:
        knee = shank.high_mm + _KNEE_ABOVE_TIBIAL_SHAFT_MM
    elif thigh is not None and thigh.flares_low:
        knee = thigh.low_mm - _KNEE_BELOW_FEMORAL_SHAFT_MM
    if ankle is not None and knee is not None:
        return Limb(shank, thigh, ankle, knee, knee - ankle, length_assumed=False)
    length = settings.tibia_length_mm
    if ankle is not None:
        knee = ankle + length
    elif knee is not None:
        ankle = knee - length
    return Limb(shank, thigh, ankle, knee, length, length_assumed=True)


def _region(z: float, limb: Limb, femur_mm: float) -> tuple[Region, float | None]:
    """Region at a height of a limb, and the height as a fraction of the bone there."""
    if limb.knee_mm is None or limb.ankle_mm is None:
        for shaft in (limb.shank, limb.thigh):
            if shaft and shaft.low_mm - _BEYOND_SHAFT_MM <= z <= shaft.high_mm + _BEYOND_SHAFT_MM:
                return shaft.region, None
        return Region.UNKNOWN, None
    if limb.thigh and z > limb.thigh.high_mm + _HIP_ABOVE_FEMORAL_SHAFT_MM:
        return Region.PELVIS, None
    above_knee = z - limb.knee_mm
    if above_knee > _KNEE_MM[1]:
        return Region.THIGH, above_knee / femur_mm
    if above_knee >= _KNEE_MM[0]:
        return Region.KNEE, None
    share = (z - limb.ankle_mm) / limb.tibia_mm
    if share < -_ANKLE_SHARE:
        return Region.FOOT, None
    if share < _ANKLE_SHARE:
        return Region.ANKLE, share
    return Region.LOWER_LEG, share


def _level(region: Region, fraction: float | None) -> Level | None:
    """Third of the bone, of what lies along its shaft."""
    if fraction is None or region is Region.ANKLE:
        return None
    if fraction < 1 / 3:
        return Level.DISTAL
    return Level.MIDDLE if fraction < 2 / 3 else Level.PROXIMAL


def _nearest_axis(z: float, limb: Limb) -> NDArray[np.float64] | None:
    """Axis of the shaft that ends or runs nearest to a height."""
    shafts = [shaft for shaft in (limb.shank, limb.thigh) if shaft is not None]
    if not shafts:
        return None
    return min(shafts, key=lambda s: max(s.low_mm - z, z - s.high_mm, 0.0)).axis
