"""`ct.definition`: the settings and rules behind the figures; cautions about the acquisition."""

from calciscope.ct import calcium_score
from calciscope.ct.calcium_score import AgatstonRule
from calciscope.ct.lesions import margin_voxels
from calciscope.ct.masks import CONNECTIVITY
from calciscope.ct.patterns import pattern_rules
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import CtDefinition
from calciscope.models.operating_point import FULL, PLAIN, OperatingMode
from calciscope.physics import DEFAULT_KVP, ha_mg_cc_per_hu, kvp_range, physics_table
from calciscope.readers.kernels import is_sharp_kernel
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

THICK_SLICES_MM = 3.0
"""Above this slice thickness or spacing the figures of small lesions are unreliable."""


def describe_definition(
    ct: Volume,
    acquisition: CtAcquisition,
    settings: MeasurementSettings,
    mode: OperatingMode = PLAIN,
) -> CtDefinition:
    """Write down everything the figures depend on."""
    kvp = assumed_kvp(acquisition)
    i, j, k = (float(spacing) for spacing in ct.spacing_mm)
    return CtDefinition(
        mask="label 6 (soft-tissue calcification) of the CT network, not where a dense structure "
        "is bone by majority, drawn again at 45 % of its local contrast on the native grid",
        connectivity=CONNECTIVITY,
        minimum_volume_mm3=settings.minimum_volume_mm3,
        minimum_voxels=settings.minimum_voxels,
        minimum_peak_hu=settings.minimum_peak_hu,
        spacing_mm=(i, j, k),
        slice_thickness_mm=acquisition.slice_thickness_mm,
        slice_increment_mm=k,
        kvp=kvp,
        kvp_assumed=acquisition.kvp is None,
        kernel=acquisition.kernel,
        contrast_agent=acquisition.contrast_agent,
        ha_mg_cc_per_hu=ha_mg_cc_per_hu(kvp),
        ha_mg_cc_per_hu_relative_uncertainty=physics_table().ha_slope_relative_uncertainty,
        background="median HU of the shell around the lesion, for muscle and subcutis apart, "
        "without bone, other lesions, vessel walls, metal and air",
        background_shell_mm=settings.background_shell_mm,
        volume_pv="sum of (HU - background) over lesion and margin, divided by (core - "
        "background); core is the stated percentile of the lesion's HU less its share of noise, in "
        "lesions of few voxels the fallback where that is higher",
        core_percentile=settings.core_percentile,
        core_minimum_voxels=settings.core_minimum_voxels,
        core_fallback_hu=settings.core_fallback_hu,
        mass="sum of (HU - background) over lesion and margin, times calibration and voxel "
        "volume; a voxel counts for its nearest lesion only, none in bone, and voxels darker "
        "than 3 SD of noise as empty",
        mass_margin_voxels=margin_voxels(ct.spacing_mm),
        mass_uncertainty="SD, sqrt(noise^2 + (calibration x mass)^2); noise is calibration factor "
        "x voxel volume x sqrt(V + N^2 B) with V the variance of the sum over N voxels, from the "
        "covariance of the background's voxels up to 4 mm apart, and B that of the background's "
        "median; in a sum of lesions noise adds in quadrature, calibration linearly",
        calcium_share_of_ha=physics_table().calcium_share_of_ha,
        agatston="extended to soft tissue: per slice, 8-connected areas at or above the "
        "threshold within lesion and margin, weighted 1 to 4 by their peak, times slice "
        "increment / reference increment; a trend within one protocol only",
        agatston_weights_from_hu=AgatstonRule.for_kvp(kvp).weights_from_hu,
        agatston_threshold_hu=AgatstonRule.for_kvp(kvp).threshold_hu,
        agatston_minimum_area_mm2=calcium_score.MINIMUM_AREA_MM2,
        agatston_reference_increment_mm=calcium_score.REFERENCE_INCREMENT_MM,
        compartment="majority of the tissue in the lesion and its shell; fascia is what lies near "
        "the border of muscle and subcutis, joint is bone around the lesion",
        compartment_shell_mm=settings.compartment_shell_mm,
        fascia_margin_mm=settings.fascia_margin_mm,
        diameters="between farthest voxel centers plus one voxel along that line; the short axis "
        "is the longest extent across it within one section",
        side="by position against the gap between the legs or the middle of the body",
        level="thirds of the long bone, joints placed from where the shafts flare",
        minimum_oriented_mm=settings.minimum_oriented_mm,
        chain=f"{settings.chain_minimum_lesions} lesions or more of one side, each with its center "
        f"within {settings.chain_link_mm:g} mm of the next along the bone's axis and within "
        f"{settings.chain_offset_mm:g} mm across it; linear along the axis where its own axis is "
        f"within {settings.chain_angle_deg:g} degrees of the bone's and its linearity is "
        f"{settings.chain_linearity:g} or more",
        pattern=pattern_rules(settings),
        metal_from_hu=settings.metal_from_hu,
        metal_within_mm=settings.metal_within_mm,
        tibia_length_mm=settings.tibia_length_mm,
        femur_length_mm=settings.femur_length_mm,
        mode=mode.name,
        minimum_voxel_probability=mode.least / FULL,
        minimum_lesion_probability=mode.lesion_probability,
    )


def assumed_kvp(acquisition: CtAcquisition) -> float:
    """The tube voltage, or the default where the source does not state one."""
    return DEFAULT_KVP if acquisition.kvp is None else acquisition.kvp


def acquisition_cautions(ct: Volume, acquisition: CtAcquisition) -> list[str]:
    """What about the acquisition makes the figures less certain, one sentence each."""
    cautions = []
    if acquisition == CtAcquisition():
        cautions.append(
            f"The file says nothing about how the CT was made; {DEFAULT_KVP:.0f} kVp and no "
            "contrast agent are assumed for mass and Agatston score."
        )
    elif acquisition.kvp is None:
        cautions.append(
            f"The tube voltage is not stated; {DEFAULT_KVP:.0f} kVp is assumed for mass and "
            "Agatston score."
        )
    else:
        lowest, highest = kvp_range()
        if not lowest <= acquisition.kvp <= highest:
            cautions.append(
                f"The mass calibration covers {lowest:.0f} to {highest:.0f} kVp, this CT was made "
                f"at {acquisition.kvp:.0f} kVp."
            )
    spacing = max(float(ct.spacing_mm[2]), acquisition.slice_thickness_mm or 0.0)
    if spacing > THICK_SLICES_MM:
        cautions.append(
            f"Slices of {spacing:.3g} mm are thicker than {THICK_SLICES_MM:.0f} mm: small lesions "
            "may be missed and their sizes are unreliable."
        )
    if acquisition.contrast_agent:
        cautions.append(
            f"A contrast agent was given ({acquisition.contrast_agent}): enhanced vessels and "
            "organs may be taken for mineral."
        )
    if is_sharp_kernel(acquisition.kernel):
        cautions.append(
            f"The kernel {acquisition.kernel} is sharp: noise and edge enhancement raise maximum "
            "HU and Agatston score."
        )
    return cautions
