"""Concepts and units of the hot spots in the SR, one table.

Standardized uptake values are DCM 126401 by body weight, computed as DCM 126410, in g/ml, with how
they were taken from the voxels as derivation (PS3.16 CID 7464, 7469, 85; TID 1419). A ratio of
uptakes is the same in any linear unit, so DCM 126039 holds where SUV cannot be computed, too.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from calciscope.spect.findings import ActivitySummary, ConcordanceClass, HotSpot, UptakeRatios
from calciscope.writers.dicom.measurement_codes import (
    BONE_ANGLE,
    DEGREES,
    MM,
    NO_UNITS,
    SCHEME,
    Quantity,
)

SUV = codes.UCUM.StandardizedUptakeValueBodyWeight
ML = DicomCode("ml", "UCUM", "milliliter")
GRAM = DicomCode("g", "UCUM", "gram")

TOTAL_UPTAKE = DicomCode("TOTAL_UPTAKE", SCHEME, "Total uptake, mean SUVbw times volume")
HOT_SPOTS = DicomCode("NUMBER_HOT_SPOTS", SCHEME, "Number of hot spots")
PHYSIOLOGIC_HOT_SPOTS = DicomCode(
    "NUMBER_EXPECTED", SCHEME, "Number of hot spots where uptake is expected"
)

CONCORDANCE = DicomCode("CONCORDANCE", SCHEME, "Concordance of CT and SPECT")
PHYSIOLOGIC = DicomCode("PHYSIOLOGIC", SCHEME, "Uptake is expected there")
RUNNER_UP = DicomCode("RUNNER_UP", SCHEME, "Second likeliest compartment")
SUV_COMPUTED = DicomCode("SUV_COMPUTED", SCHEME, "Standardized uptake value could be computed")

CONCORDANCES: Mapping[ConcordanceClass, DicomCode] = MappingProxyType(
    {
        each: DicomCode(code, SCHEME, each.value.replace("_", " "))
        for each, code in (
            (ConcordanceClass.CALCIFIED_HOT, "CALCIFIED_HOT"),
            (ConcordanceClass.CALCIFIED_COLD, "CALCIFIED_COLD"),
            (ConcordanceClass.HOT_WITHOUT_CALCIFICATION, "HOT_ALONE"),
            (ConcordanceClass.NOT_ASSESSABLE, "NOT_ASSESSABLE"),
        )
    }
)
"""What lies together; whether mineral is active or inert is interpretation. Code values are short:
longer ones go into an element that few readers know (PS3.3 8.8)."""

YES_NO: Mapping[bool, DicomCode] = MappingProxyType({True: codes.SCT.Yes, False: codes.SCT.No})


def _suv(derivation: DicomCode, value: Callable[[HotSpot], float | None]) -> Quantity[HotSpot]:
    return Quantity(
        codes.DCM.Suvbw,
        SUV,
        value,
        derivation,
        codes.DCM.SUVBodyWeightCalculationMethod,
        digits=2,
    )


def _ratio(
    code: str, background: str, value: Callable[[UptakeRatios], float | None]
) -> Quantity[HotSpot]:
    return Quantity(
        codes.DCM.LesionToBackgroundSUVRatio,
        codes.UCUM.Ratio,
        lambda hot_spot: value(hot_spot.ratios),
        method=DicomCode(code, SCHEME, f"Maximum / mean of {background}"),
        digits=2,
    )


HOT_SPOT_QUANTITIES: tuple[Quantity[HotSpot], ...] = (
    Quantity(
        codes.SCT.Volume,
        ML,
        lambda hot_spot: hot_spot.volume_ml,
        method=codes.DCM.SumOfSegmentedVoxelMethodForVolume,
        digits=2,
    ),
    _suv(codes.SCT.Maximum, lambda hot_spot: hot_spot.suv_max),
    _suv(codes.SCT.Mean, lambda hot_spot: hot_spot.suv_mean),
    _suv(codes.DCM.PeakValueWithinROI, lambda hot_spot: hot_spot.suv_peak),
    Quantity(TOTAL_UPTAKE, GRAM, lambda hot_spot: hot_spot.total_uptake_suv_ml, digits=2),
    _ratio("TO_CONTRALATERAL", "the same place of the other side", lambda r: r.contralateral),
    _ratio("TO_MUSCLE", "muscle", lambda r: r.muscle),
    _ratio("TO_BONE", "bone (shaft where in view)", lambda r: r.bone),
    Quantity(codes.SCT.LongAxis, MM, lambda hot_spot: hot_spot.longest_diameter_mm),
    Quantity(BONE_ANGLE, DEGREES, lambda hot_spot: hot_spot.angle_to_bone_axis_deg),
    Quantity(codes.DCM.Probability, NO_UNITS, lambda hot_spot: hot_spot.probability, digits=3),
)

ACTIVITY_QUANTITIES: tuple[Quantity[ActivitySummary], ...] = (
    Quantity(HOT_SPOTS, NO_UNITS, lambda sums: sums.hot_spots, digits=0),
    Quantity(PHYSIOLOGIC_HOT_SPOTS, NO_UNITS, lambda sums: sums.physiologic, digits=0),
    Quantity(
        codes.DCM.Suvbw,
        SUV,
        lambda sums: sums.suv_max,
        codes.SCT.Maximum,
        codes.DCM.SUVBodyWeightCalculationMethod,
        digits=2,
    ),
    Quantity(TOTAL_UPTAKE, GRAM, lambda sums: sums.total_uptake_suv_ml, digits=2),
)
"""The numbers are over all hot spots, SUV and total uptake over those that are neither physiologic
nor artefacts."""
