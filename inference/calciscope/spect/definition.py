"""`spect.definition`: the settings and rules behind the SPECT figures, in words."""

from calciscope.fusion import assessable_rule, matching_rule
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.spect.findings import SpectDefinition
from calciscope.spect.physiologic import PHYSIOLOGIC_RULE
from calciscope.spect.references import References
from calciscope.spect.settings import SpectSettings


def describe_definition(
    study: SpectStudy, references: References, settings: SpectSettings
) -> SpectDefinition:
    """Write down everything the figures depend on."""
    i, j, k = (float(spacing) for spacing in study.volume.spacing_mm)
    return SpectDefinition(
        hot_spot=_hot_spot(settings),
        relative_threshold=settings.relative_threshold,
        minimum_suv=settings.minimum_suv,
        background_factor=settings.background_factor,
        minimum_volume_ml=settings.minimum_volume_ml,
        split_distance_mm=settings.split_distance_mm,
        spacing_mm=(i, j, k),
        reconstruction=study.reconstruction,
        radiopharmaceutical=study.radiopharmaceutical,
        suv=_suv(study),
        abstention="a hot spot is indeterminate where its likeliest compartment is less likely "
        f"than {settings.minimum_probability:g}, or by less than {settings.mixed_margin:g} more "
        "likely than the next one (mixed); bone and joint count together, the likelier gives the "
        "name",
        minimum_probability=settings.minimum_probability,
        matching=matching_rule(settings),
        matching_distance_mm=settings.matching_distance_mm,
        assessable=assessable_rule(settings),
        assessable_volume_ml=settings.assessable_volume_ml,
        assessable_diameter_mm=settings.assessable_diameter_mm,
        physiologic=PHYSIOLOGIC_RULE,
        references=_references(references, settings),
    )


def _hot_spot(settings: SpectSettings) -> str:
    return (
        "what is connected (26 neighbors) to a maximum at or above the highest of "
        f"{settings.relative_threshold:.0%} of it, SUV {settings.minimum_suv:g} (only where there "
        f"is SUV) and {settings.background_factor:g} times the median of muscle and subcutis in "
        f"the {settings.region_mm:g} mm cube around it, what is hot left out; beyond the CT, of "
        f"all that takes up tracer; of {settings.minimum_volume_ml:g} mL or more; neighbors part "
        f"along a watershed on the image blurred by {settings.smoothing_fwhm_mm:g} mm, maxima "
        f"nearer than {settings.split_distance_mm:g} mm, or with a saddle above "
        f"{settings.split_saddle_share:.0%} of the lower one, being one"
    )


def _suv(study: SpectStudy) -> str:
    if study.units != SUVBW:
        return f"none: {study.suv_refused or 'the source gives no SUV'}"
    return (
        "by body weight, decay corrected to the start of the acquisition; peak is the highest mean "
        "over a sphere of 1 mL that holds the highest voxel; uptake of small foci is "
        "underestimated by partial volume and not corrected for it"
    )


def _references(references: References, settings: SpectSettings) -> str:
    bones = ", ".join(f"{side}: {name}" for side, name in references.bone_source.items())
    return (
        "means between the 10th and 90th percentile; muscle at least "
        f"{settings.reference_margin_mm:g} mm from hot spots; bone likewise from those that are "
        f"not of bone ({bones or 'not in view'}); contralateral is the hot spot mirrored across "
        "the body's middle"
    )
