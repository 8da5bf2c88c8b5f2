"""The SPECT part of `findings.json`, and how its hot spots and the CT lesions belong together.

Millimeters in the DICOM LPS patient frame. Field names are a contract with outside scripts: they
change only by adding.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from calciscope.decimals import Number1, Number2, Number3, Number6
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Level, Region

Matrix = tuple[tuple[Number6, ...], ...]
NOT_MOVED: Matrix = (
    (1.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, 0.0, 1.0),
)


class ConcordanceClass(StrEnum):
    """What CT and SPECT say together of one place. Active and inert are interpretation."""

    CALCIFIED_HOT = "calcified_hot"
    CALCIFIED_COLD = "calcified_cold"
    HOT_WITHOUT_CALCIFICATION = "hot_without_calcification"
    NOT_ASSESSABLE = "not_assessable"


@dataclass(frozen=True)
class UptakeRatios:
    """Largest uptake of a hot spot / mean uptake elsewhere; None where that is not in view.

    Attributes:
        contralateral: the same place mirrored to the other side of the body.
        muscle: muscle of the same scan, see `SpectFindings.muscle_mean`.
        bone: shaft of the tibia (of the femur, else any bone) of the same side.
    """

    contralateral: Number2 | None
    muscle: Number2 | None
    bone: Number2 | None


@dataclass(frozen=True)
class HotSpot:
    """One focus of uptake, see `calciscope.spect.hot_spots`.

    Attributes:
        id: value in `hot_spots.nii.gz`; 1 has the highest uptake.
        compartment: where it lies; indeterminate where no compartment is likely enough.
        probability: of the likeliest compartment, calibrated.
        probabilities: of all 11 compartments; sum 1.
        physiologic: whether uptake is expected there (joints, kidneys, bladder ...).
        volume_ml: at its threshold.
        uptake_max: highest voxel, in `SpectFindings.units`.
        suv_max, suv_mean, suv_peak: SUVbw of the highest voxel, over the hot spot, and of the 1 mL
            sphere of highest mean around that voxel; None where SUV cannot be computed.
        total_uptake_suv_ml: suv_mean x volume_ml.
        lesion_ids: CT lesions that belong to it, rising.
        mixed: whether another compartment is nearly as likely; runner_up names it.
        level, bone_fraction: as of a CT lesion.
        longest_diameter_mm, linearity, angle_to_bone_axis_deg: form, as of a CT lesion.
    """

    id: int
    compartment: Compartment
    probability: Number3
    probabilities: Mapping[Compartment, Number3]
    physiologic: bool
    laterality: Laterality
    region: Region
    centroid_lps_mm: tuple[Number1, Number1, Number1]
    peak_lps_mm: tuple[Number1, Number1, Number1]
    volume_ml: Number2
    uptake_max: Number2
    suv_max: Number2 | None
    suv_mean: Number2 | None
    suv_peak: Number2 | None
    total_uptake_suv_ml: Number2 | None
    ratios: UptakeRatios
    lesion_ids: tuple[int, ...] = ()
    mixed: bool = False
    runner_up: Compartment | None = None
    level: Level | None = None
    bone_fraction: Number3 | None = None
    longest_diameter_mm: Number1 = 0.0
    linearity: Number3 = 0.0
    angle_to_bone_axis_deg: Number1 | None = None


@dataclass(frozen=True)
class SpectDefinition:
    """Every setting the SPECT figures depend on, with the rules in words."""

    hot_spot: str
    relative_threshold: float
    minimum_suv: float
    background_factor: float
    minimum_volume_ml: float
    split_distance_mm: float
    spacing_mm: tuple[Number2, Number2, Number2]
    reconstruction: str | None
    radiopharmaceutical: str | None
    suv: str
    abstention: str
    minimum_probability: Number3
    matching: str
    matching_distance_mm: float
    assessable: str
    assessable_volume_ml: float
    assessable_diameter_mm: float
    physiologic: str = ""
    references: str = ""


@dataclass(frozen=True)
class ActivitySummary:
    """What the patient's uptake amounts to.

    Attributes:
        hot_spots, physiologic: how many, and how many of them are expected.
        suv_max, total_uptake_suv_ml: over the hot spots that are neither physiologic nor
            artefacts; None where there are none, or no SUV.
        by_compartment: how many that are not physiologic.
        by_class: how many rows of the concordance; all classes.
    """

    hot_spots: int
    physiologic: int
    suv_max: Number2 | None
    total_uptake_suv_ml: Number2 | None
    by_compartment: Mapping[Compartment, int]
    by_class: Mapping[ConcordanceClass, int]


@dataclass(frozen=True)
class SpectFindings:
    """The SPECT part of the findings.

    Attributes:
        hot_spots: by falling uptake.
        suv_refused: why there is no SUV, in one sentence; None where there is.
        units: of the image as read: SUVbw, Bq/mL or counts.
        muscle_mean, bone_mean: reference uptake in `units`; None where it is not in view.
        misregistration_mm: estimated shift between uptake and bone of the CT; None where it
            cannot be told.
        registered: whether it was corrected (`--register`).
        spect_to_ct: the motion that corrected it, 4 x 4, LPS mm: it takes a place in the SPECT as
            it came, and in masks of its hot spots, to where these findings have it.
        series: the series that was analyzed, in words; "" for NIfTI.
        acquired_on: YYYY-MM-DD; None where the source does not say.
    """

    hot_spots: tuple[HotSpot, ...]
    suv_refused: str | None
    units: str
    definition: SpectDefinition
    summary: ActivitySummary
    muscle_mean: Number3 | None = None
    bone_mean: Number3 | None = None
    misregistration_mm: Number1 | None = None
    registered: bool = False
    spect_to_ct: Matrix = NOT_MOVED
    series: str = ""
    acquired_on: str | None = None


@dataclass(frozen=True)
class Concordance:
    """Lesions and hot spots that lie together; see `calciscope.fusion`.

    Attributes:
        classified: written as `class`.
        lesion_ids, hot_spot_ids: rising; either may be empty.
    """

    classified: ConcordanceClass = field(metadata={"key": "class"})
    lesion_ids: tuple[int, ...]
    hot_spot_ids: tuple[int, ...]

    @property
    def beyond_ct(self) -> bool:
        """Whether it is a hot spot that the CT does not show: mineral cannot be told there."""
        return self.classified is ConcordanceClass.NOT_ASSESSABLE and not self.lesion_ids
