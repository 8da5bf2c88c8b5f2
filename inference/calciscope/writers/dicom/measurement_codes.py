"""Concepts and units of the measurements in the SR, one table.

Standard codes where DICOM has them (PS3.16); the rest carries the private scheme of this program.
DCM 122661 "Calcium Mass" is that of elemental calcium, 40 % of the hydroxyapatite.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from calciscope.findings import BurdenFigures, Lesion
from calciscope.locations import Laterality, Level, Region
from calciscope.patterns import LesionPattern

SCHEME = "99CALCISCOPE"
"""Designator of the private coding scheme (PS3.3 8.2)."""

HA_MASS = DicomCode("HA_MASS", SCHEME, "Hydroxyapatite mass")
HA_MASS_UNCERTAINTY = DicomCode("HA_MASS_SD", SCHEME, "Hydroxyapatite mass, standard uncertainty")
VOLUME_PV = DicomCode("VOLUME_PV", SCHEME, "Volume corrected for partial volume")
SKIN_DISTANCE = DicomCode("DISTANCE_SKIN", SCHEME, "Distance to skin surface")
BONE_DISTANCE = DicomCode("DISTANCE_BONE", SCHEME, "Distance to nearest bone")
BONE_ANGLE = DicomCode("ANGLE_BONE", SCHEME, "Angle to axis of long bone")
EXTENDED_AGATSTON = DicomCode("AGATSTON_SOFT", SCHEME, "Agatston-like, soft tissue")

PATTERN = DicomCode("PATTERN", SCHEME, "Pattern of calcification")

MM3 = codes.UCUM.CubicMillimeter
MM = codes.UCUM.Millimeter
HU = codes.UCUM.HounsfieldUnit
NO_UNITS = codes.UCUM.NoUnits
MG = DicomCode("mg", "UCUM", "milligram")
DEGREES = DicomCode("deg", "UCUM", "degree")

T_contra = TypeVar("T_contra", contravariant=True)
"""Contravariant: what can be taken of either of two records can be taken of each."""


@dataclass(frozen=True)
class Quantity(Generic[T_contra]):
    """A figure as it stands in the SR.

    Attributes:
        value: takes it from its record; None where it could not be measured.
        derivation: mean, maximum and so on.
        method: how it was measured, where its name does not say.
        digits: after the decimal point.
    """

    name: DicomCode
    unit: DicomCode
    value: Callable[[T_contra], float | None]
    derivation: DicomCode | None = None
    method: DicomCode | None = None
    digits: int = 1


PATTERNS: Mapping[LesionPattern, DicomCode] = MappingProxyType(
    {pattern: DicomCode(pattern.name, SCHEME, pattern.value) for pattern in LesionPattern}
)
"""What a lesion looks like; a description, not a diagnosis."""

_SHARED: tuple[Quantity[Lesion | BurdenFigures], ...] = (
    Quantity(codes.SCT.Volume, MM3, lambda figures: figures.volume_mm3),
    Quantity(VOLUME_PV, MM3, lambda figures: figures.volume_pv_mm3),
    Quantity(HA_MASS, MG, lambda figures: figures.ha_mass_mg, digits=2),
    Quantity(HA_MASS_UNCERTAINTY, MG, lambda figures: figures.ha_mass_uncertainty_mg, digits=2),
    Quantity(codes.DCM.CalciumMass, MG, lambda figures: figures.calcium_mass_mg, digits=2),
    Quantity(
        codes.DCM.CalciumScore,
        NO_UNITS,
        lambda figures: figures.agatston,
        method=EXTENDED_AGATSTON,
    ),
)
"""What a lesion and a sum of lesions both have."""

LESION_QUANTITIES: tuple[Quantity[Lesion], ...] = (
    *_SHARED,
    Quantity(
        codes.DCM.AttenuationCoefficient,
        HU,
        lambda lesion: lesion.hu_mean,
        derivation=codes.SCT.Mean,
    ),
    Quantity(
        codes.DCM.AttenuationCoefficient,
        HU,
        lambda lesion: lesion.hu_max,
        derivation=codes.SCT.Maximum,
    ),
    Quantity(codes.SCT.LongAxis, MM, lambda lesion: lesion.longest_diameter_mm),
    Quantity(codes.SCT.ShortAxis, MM, lambda lesion: lesion.short_axis_mm),
    Quantity(SKIN_DISTANCE, MM, lambda lesion: lesion.distance_to_skin_mm),
    Quantity(BONE_DISTANCE, MM, lambda lesion: lesion.distance_to_bone_mm),
    Quantity(BONE_ANGLE, DEGREES, lambda lesion: lesion.angle_to_bone_axis_deg),
    Quantity(codes.DCM.Probability, NO_UNITS, lambda lesion: lesion.probability, digits=3),
)

BURDEN_QUANTITIES: tuple[Quantity[BurdenFigures], ...] = (
    Quantity(codes.DCM.NumberOfCalcifications, NO_UNITS, lambda sums: sums.count, digits=0),
    *_SHARED,
)

SIDES: Mapping[Laterality, DicomCode] = MappingProxyType(
    {
        Laterality.LEFT: codes.SCT.Left,
        Laterality.RIGHT: codes.SCT.Right,
        Laterality.MIDLINE: codes.SCT.Midline,
    }
)

REGIONS: Mapping[Region, DicomCode] = MappingProxyType(
    {
        Region.PELVIS: codes.SCT.Pelvis,
        Region.THIGH: codes.SCT.Thigh,
        Region.KNEE: codes.SCT.Knee,
        Region.LOWER_LEG: codes.SCT.LowerLeg,
        Region.ANKLE: codes.SCT.AnkleJoint,
        Region.FOOT: codes.SCT.Foot,
    }
)
"""Regions that have a name; where bones do not tell the region the SR has none."""

LEVELS: Mapping[Level, DicomCode] = MappingProxyType(
    {
        Level.DISTAL: codes.SCT.Distal,
        Level.MIDDLE: DicomCode("MIDDLE_THIRD", SCHEME, "Middle third"),
        Level.PROXIMAL: codes.SCT.Proximal,
    }
)
