"""What Calciscope found in one study, typed: the content of `findings.json`.

Millimeters in the DICOM LPS patient frame. Field names are a contract with outside scripts: they
change only by adding. Numbers are kept in full here and rounded when written (`Decimals`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from calciscope.decimals import Number0, Number1, Number2, Number3, Number4
from calciscope.labels import Compartment
from calciscope.labs.values import LabFindings
from calciscope.locations import Laterality, Level, Region
from calciscope.patterns import LesionPattern
from calciscope.spect.findings import Concordance, SpectFindings

SCHEMA_VERSION = "1.5"
"""Version of the findings' contract: additions raise the second number."""

NOTICE = "Research use, not a diagnosis. Calciscope is not a medical device."
"""What every output says."""


@dataclass(frozen=True)
class PatternMeasures:
    """What a lesion's pattern is told from, see `calciscope.ct.pattern_measures`.

    Attributes:
        thickness_mm: twice the distance from its middle to its surface.
        slenderness: longest diameter / thickness; 1 for a ball.
        breadth: volume / (longest diameter x thickness^2); 0.5 for a ball, 0.8 for a rod.
        planarity: (l2 - l3) / l1 of the voxel covariance; 1 for a round disk.
        hull_fill: volume / that of the convex hull.
        tunnels: openings through it wider than 3 mm.
        enclosed_share: of it and what it encloses, the part enclosed.
        core_to_rim: mean HU over background deep within it / near its surface; None where it is
            too thin to tell.
    """

    thickness_mm: Number1
    slenderness: Number2
    breadth: Number2
    planarity: Number3
    hull_fill: Number3
    tunnels: int
    enclosed_share: Number3
    core_to_rim: Number2 | None


@dataclass(frozen=True)
class Lesion:
    """One soft-tissue calcification: a 26-connected component on the native CT grid.

    Attributes:
        id: value in `calcification_lesions.nii.gz`; 1 is the largest.
        compartment: tissue around it, see `calciscope.ct.compartments`.
        compartment_fractions: muscle, subcutaneous, fascia, vascular, joint, indeterminate; sum 1.
        volume_mm3: voxels times voxel volume.
        volume_pv_mm3: volume that allows for partial volume.
        ha_mass_mg: mass of hydroxyapatite.
        agatston: extended Agatston score, dimensionless; a trend within one protocol.
        longest_diameter_mm, short_axis_mm: longest extent, and the longest across it.
        linearity: 0 (round) to 1 (a line).
        angle_to_bone_axis_deg: 0 to 90; None without a bone axis or for lesions too small.
        distance_to_skin_mm, distance_to_bone_mm: between surfaces; None where there is none.
        bone_fraction: height along the tibia or femur beside it, 0 at its lower joint (below 0 at
            the ankle) and 1 at its upper end; None without such landmarks, at knee and foot.
        probability: that it is one, calibrated on validation cases; mean of the network's
            probability over the lesion where the model was never calibrated.
        hu_sd, hu_p5, hu_p50: spread and percentiles of the HU of its voxels.
        calcium_mass_mg: elemental calcium of the hydroxyapatite.
        ha_mass_noise_mg: SD of the mass from the noise of image and background.
        ha_mass_uncertainty_mg: SD of the mass from noise and calibration together.
        centroid_to_skin_mm: from the centroid to the skin; None where there is no skin.
        pattern, pattern_measures: a description of its form, not a diagnosis; None in findings
            made before 1.3.
        touches_border: whether it ends where the images do, so that part of it may be missing.
        distance_to_metal_mm: between surfaces; None without metal in view.
    """

    id: int
    compartment: Compartment
    compartment_fractions: Mapping[str, Number3]
    laterality: Laterality
    region: Region
    level: Level | None
    volume_mm3: Number1
    volume_pv_mm3: Number1
    ha_mass_mg: Number2
    agatston: Number1
    hu_mean: Number1
    hu_max: Number1
    hu_p95: Number1
    longest_diameter_mm: Number1
    short_axis_mm: Number1
    linearity: Number3
    angle_to_bone_axis_deg: Number1 | None
    distance_to_skin_mm: Number1 | None
    distance_to_bone_mm: Number1 | None
    centroid_lps_mm: tuple[Number1, Number1, Number1]
    probability: Number3
    bone_fraction: Number3 | None = None
    hu_sd: Number1 = 0.0
    hu_p5: Number1 = 0.0
    hu_p50: Number1 = 0.0
    calcium_mass_mg: Number2 = 0.0
    ha_mass_noise_mg: Number2 = 0.0
    ha_mass_uncertainty_mg: Number2 = 0.0
    centroid_to_skin_mm: Number1 | None = None
    pattern: LesionPattern | None = None
    pattern_measures: PatternMeasures | None = None
    touches_border: bool = False
    distance_to_metal_mm: Number1 | None = None


@dataclass(frozen=True)
class Chain:
    """Lesions that follow one another along a bone, see `calciscope.ct.chains`.

    Attributes:
        lesion_ids: rising.
        compartment: of most of the volume.
        length_mm: longest diameter, as of a lesion.
        angle_to_bone_axis_deg: 0 to 90.
        linearity: 0 (round) to 1 (a line), of all voxels of its lesions.
        linear_along_axis: whether it is a line along the bone.
    """

    id: int
    lesion_ids: tuple[int, ...]
    compartment: Compartment
    laterality: Laterality
    region: Region
    length_mm: Number1
    angle_to_bone_axis_deg: Number1
    linearity: Number3
    linear_along_axis: bool
    volume_pv_mm3: Number1
    ha_mass_mg: Number2


@dataclass(frozen=True)
class Distribution:
    """How mineral is spread; None where there is none to spread.

    Attributes:
        symmetry_index_volume, symmetry_index_ha_mass: (left - right) / (left + right), -1 to 1; of
            the partial-volume corrected volume, and of hydroxyapatite.
        lower_half_share: share of the volume in ankles and lower legs that lies in the lower half
            of the tibia's length.
        volume_share_by_pattern: shares of the volume by pattern; only what is there, largest
            first.
    """

    symmetry_index_volume: Number3 | None
    symmetry_index_ha_mass: Number3 | None
    lower_half_share: Number3 | None
    volume_share_by_pattern: Mapping[LesionPattern, Number3] = field(default_factory=dict)


@dataclass(frozen=True)
class BurdenFigures:
    """Sums over a group of lesions.

    Attributes:
        calcium_mass_mg: elemental calcium.
        ha_mass_noise_mg: SD of the mass by noise, added in quadrature over the lesions.
        ha_mass_uncertainty_mg: SD of the mass with the calibration, which is the same for all.
    """

    count: int
    volume_mm3: Number1
    volume_pv_mm3: Number1
    ha_mass_mg: Number2
    agatston: Number1
    calcium_mass_mg: Number2 = 0.0
    ha_mass_noise_mg: Number2 = 0.0
    ha_mass_uncertainty_mg: Number2 = 0.0


@dataclass(frozen=True)
class PlaceBurden:
    """Sums over the lesions of one compartment, side and region."""

    compartment: Compartment
    laterality: Laterality
    region: Region
    figures: BurdenFigures


@dataclass(frozen=True)
class Burden:
    """Sums over all lesions, by compartment and side, and by compartment, side and region.

    In `findings.json`: {"total": {...}, "muscle": {"left": {...}, "right": {...}, ...}, ...,
    "by_region": [{"compartment": "muscle", "laterality": "left", "region": "lower leg",
    "count": 12, ...}, ...]}; the last holds only what there is.
    """

    total: BurdenFigures
    by_compartment: Mapping[Compartment, Mapping[Laterality, BurdenFigures]]
    by_region: tuple[PlaceBurden, ...] = ()


@dataclass(frozen=True)
class CtDefinition:
    """Every setting the CT figures depend on, with the rules in words."""

    mask: str
    connectivity: int
    minimum_volume_mm3: float
    minimum_voxels: int
    minimum_peak_hu: Number1
    spacing_mm: tuple[Number4, Number4, Number4]
    slice_thickness_mm: Number3 | None
    slice_increment_mm: Number3
    kvp: float
    kvp_assumed: bool
    kernel: str | None
    contrast_agent: str | None
    ha_mg_cc_per_hu: Number4
    ha_mg_cc_per_hu_relative_uncertainty: float
    background: str
    background_shell_mm: tuple[float, float]
    volume_pv: str
    core_percentile: float
    core_minimum_voxels: int
    core_fallback_hu: float
    mass: str
    mass_margin_voxels: tuple[int, int, int]
    mass_uncertainty: str
    calcium_share_of_ha: Number3
    agatston: str
    agatston_threshold_hu: Number1
    agatston_weights_from_hu: tuple[Number1, ...]
    agatston_minimum_area_mm2: float
    agatston_reference_increment_mm: float
    compartment: str
    compartment_shell_mm: float
    fascia_margin_mm: float
    diameters: str
    side: str
    level: str
    minimum_oriented_mm: float
    chain: str
    pattern: str
    metal_from_hu: Number1
    metal_within_mm: float
    tibia_length_mm: float
    femur_length_mm: float
    mode: str
    minimum_voxel_probability: Number3
    minimum_lesion_probability: Number3


@dataclass(frozen=True)
class CtFindings:
    """The CT part of the findings."""

    lesions: tuple[Lesion, ...]
    burden: Burden
    definition: CtDefinition
    chains: tuple[Chain, ...] = ()
    distribution: Distribution | None = None


@dataclass(frozen=True)
class ModelUse:
    """A model that took part."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """How the findings came about.

    Attributes:
        times_s: seconds per stage, in the order they ran.
        warnings: one sentence each, for the reader of the report.
        series: the CT series that was analyzed, in words; "" for NIfTI.
        series_left_out: the other series of the input, each with the reason.
        acquired_on: date of the CT, YYYY-MM-DD; None where the source does not say.
    """

    program: str
    program_version: str
    models: tuple[ModelUse, ...]
    engine: str
    device: str
    times_s: Mapping[str, Number2]
    peak_ram_mb: Number0
    warnings: tuple[str, ...]
    series: str = ""
    series_left_out: tuple[str, ...] = ()
    acquired_on: str | None = None


@dataclass(frozen=True)
class Conclusion:
    """What the findings are compatible with, in one language.

    Attributes:
        language: its code (ISO 639-1).
        sentences: in the order to be read; the last says that it is no diagnosis.
    """

    language: str
    sentences: tuple[str, ...]


class Grade(StrEnum):
    """How far the compartments of the uptake speak for a consideration; strongest first."""

    SUPPORTED = "supported"
    TO_BE_CONSIDERED = "to_be_considered"
    LESS_LIKELY = "less_likely"


@dataclass(frozen=True)
class Consideration:
    """One line of the differential, see `calciscope.differential`: to be considered, no diagnosis.

    Attributes:
        key: its name in every language, such as dystrophic_calcification.
        grade: by the compartments of the uptake, the CT and the laboratory values.
        name, reason: in the language of the conclusion.
        hot_spot_ids: that speak for it, rising.
    """

    key: str
    grade: Grade
    name: str
    reason: str
    hot_spot_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that one run found.

    Attributes:
        spect: None where no SPECT was given.
        concordance: of lesions and hot spots; empty without SPECT.
        labs: None where no laboratory values were given.
        differential: what extra-osseous uptake may be, by falling grade; empty without SPECT.
    """

    schema_version: str = SCHEMA_VERSION
    notice: str = NOTICE
    provenance: Provenance
    ct: CtFindings
    spect: SpectFindings | None = None
    concordance: tuple[Concordance, ...] = ()
    labs: LabFindings | None = None
    conclusion: Conclusion | None = None
    differential: tuple[Consideration, ...] = ()
