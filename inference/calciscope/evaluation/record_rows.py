"""Rows of an evaluation: one per case, per reference lesion, per false positive, per failure.

Volumes are mm3, masses mg of hydroxyapatite, positions LPS mm. None says "not known" or "nothing to
measure" (see the definitions of the report); no number is ever NaN or infinite.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ground(StrEnum):
    """What a false positive lies on, by the reference labels beneath and next to it."""

    BONE = "bone"
    VESSEL = "vessel"
    FOREIGN = "metal or foreign"
    MUSCLE = "muscle"
    SUBCUTANEOUS = "subcutaneous"
    OUTSIDE_BODY = "outside body"
    OTHER = "other"


class FailureKind(StrEnum):
    """Why a place is shown in the failure gallery."""

    MISSED = "missed lesion"
    FALSE_POSITIVE = "false positive"
    POOR_OUTLINE = "poor outline"


class CaseFlag(StrEnum):
    """What is worst about a case."""

    EMPTY_REFERENCE = "no reference lesion"
    FALSE_POSITIVE_ON_EMPTY = "false positives where there is no lesion"
    ALL_MISSED = "every lesion missed"
    WORST_HD95 = "HD95 set to its worst value, the diagonal of the image"


@dataclass(frozen=True)
class CaseStrata:
    """What a case is like; None where it is not known.

    Attributes:
        noise_hu: standard deviation in soft tissue.
        metal: whether metal is in the field.
    """

    slice_thickness_mm: float | None = None
    kernel: str | None = None
    noise_hu: float | None = None
    body_part: str | None = None
    kvp: float | None = None
    metal: bool | None = None


@dataclass(frozen=True)
class CaseRow:
    """One predictor on one case.

    Attributes:
        lesions, found: reference lesions, and those found (the true positives).
        false_negatives: reference lesions missed.
        predicted: predicted components that are scored.
        false_positives, false_positive_mm3: those that touch no lesion, and their volume.
        dice, normalized_surface_dice: of the whole mask; 1 where both masks are empty.
        hd95_mm: 0 where both are empty, the image's diagonal where one is.
        lesion_dice: mean over lesions of 30 mm3 or more, missed ones as 0.
        recognition_quality, segmentation_quality: panoptic RQ and SQ at IoU 0.5.
        reference_ha_mg, predicted_ha_mg: the predicted one is given the true HU of the mineral.
        confusion: share of the vessel and bone voxels called calcification.
        flags: what is worst about it.
        tissue_dice: of the other labels, by name, where the predictor gives them.
    """

    case_id: str
    patient: str
    strata: CaseStrata
    lesions: int
    found: int
    false_negatives: int
    predicted: int
    false_positives: int
    false_positive_mm3: float
    dice: float
    normalized_surface_dice: float
    hd95_mm: float
    lesion_dice: float | None
    f1: float | None
    recognition_quality: float | None
    segmentation_quality: float | None
    reference_mm3: float
    predicted_mm3: float
    reference_ha_mg: float | None
    predicted_ha_mg: float | None
    confusion: float | None
    flags: tuple[CaseFlag, ...] = ()
    tissue_dice: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LesionRow:
    """One reference lesion and what became of it.

    Attributes:
        id: number of the component in the case's reference, from 1.
        kind: of mineral ("C1", "H2", ... as in `calciscope.phantom`), where the reference says so.
        contrast_hu: its 95th percentile HU over the median HU of the tissue around it.
        probability: highest of the predicted components that hit it; None where missed or unknown.
        center_lps_mm: a voxel of it nearest its centroid.
    """

    case_id: str
    patient: str
    id: int
    kind: str | None
    compartment: str | None
    volume_mm3: float
    contrast_hu: float | None
    ha_mass_mg: float | None
    found: bool
    dice: float
    probability: float | None
    center_lps_mm: tuple[float, float, float]


@dataclass(frozen=True)
class FalsePositiveRow:
    """One predicted component that touches no reference lesion."""

    case_id: str
    patient: str
    volume_mm3: float
    on: Ground
    probability: float | None
    hu_max: float | None
    center_lps_mm: tuple[float, float, float]


@dataclass(frozen=True)
class FailureRow:
    """One place for the failure gallery, worst first.

    Attributes:
        text: one sentence: what, how large, where.
    """

    kind: FailureKind
    case_id: str
    patient: str
    volume_mm3: float
    text: str
    center_lps_mm: tuple[float, float, float]
