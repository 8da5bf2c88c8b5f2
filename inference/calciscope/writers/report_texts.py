"""What the files of a report share: key figures, hints for the reader, how it was measured."""

from calciscope.findings import CtDefinition, CtFindings, Findings
from calciscope.writers.gallery import CloseUp
from calciscope.writers.report_blocks import KeyFigure
from calciscope.writers.wording import compartment_text, mass_text, sentence, volume_text

TITLE = "Soft-tissue calcification on CT"
TITLE_WITH_SPECT = f"{TITLE} and uptake on SPECT"


def title(findings: Findings) -> str:
    """Name of the report of a study."""
    return TITLE if findings.spect is None else TITLE_WITH_SPECT


def key_figures(ct: CtFindings) -> tuple[KeyFigure, ...]:
    """The figures a reader looks for first; none where nothing was found."""
    if not ct.lesions:
        return ()
    total = ct.burden.total
    longest = max(lesion.longest_diameter_mm for lesion in ct.lesions)
    return (
        KeyFigure(str(total.count), "lesion" if total.count == 1 else "lesions"),
        KeyFigure(
            volume_text(total.volume_pv_mm3),
            "volume, partial-volume corrected",
            f"{volume_text(total.volume_mm3)} by voxels",
        ),
        KeyFigure(
            mass_text(total.ha_mass_mg),
            "hydroxyapatite",
            f"± {mass_text(total.ha_mass_uncertainty_mg)}, of which noise "
            f"{mass_text(total.ha_mass_noise_mg)}; calcium "
            f"{mass_text(total.calcium_mass_mg)}",
        ),
        KeyFigure(f"{max(lesion.hu_max for lesion in ct.lesions):.0f} HU", "densest voxel"),
        KeyFigure(f"{longest:.0f} mm", "longest lesion"),
    )


def projections_hint(numbered: bool) -> str:
    """How to read the projections, in which the largest lesions may bear their number."""
    numbers = "; the largest bear their number" if numbered else ""
    return (
        "Maximum-intensity projections of the body. Lesions are drawn on top, so that those behind"
        f" bone are seen too{numbers}. H head, F foot, R and L the patient's right and left,"
        " A front, P back."
    )


def burden_hint(definition: CtDefinition) -> str:
    """How to read the burden table."""
    return (
        "V pv: volume corrected for partial volume. HA: hydroxyapatite; SD: by calibration,"
        f" ± {_percent(definition)} of all alike, and by noise. Ca: elemental calcium."
        " Agatston-like: comparable within one protocol only. Share: of V pv."
    )


def gallery_title(shown: int) -> str:
    """Heading of the close-ups."""
    return "The lesion" if shown == 1 else "Largest lesions"


def gallery_hint(shown: int, found: int) -> str:
    """How to read the close-ups."""
    part = f"{shown} of {found}: the largest of each compartment in turn. " if found > shown else ""
    return (
        f"{part}Axial slice that holds most of the lesion; window center 40, width 400 HU."
        " Thick outline: the lesion; thin outlines: others in the same slice."
    )


def close_up_lines(close_up: CloseUp) -> tuple[str, str, str]:
    """What stands below a close-up: where the lesion is, its figures, the slice."""
    lesion = close_up.lesion
    return (
        f"{compartment_text(lesion.compartment)}, {lesion.laterality.value}",
        f"{volume_text(lesion.volume_mm3)} · {mass_text(lesion.ha_mass_mg)} HA"
        f" · max {lesion.hu_max:.0f} HU",
        close_up.slice_text,
    )


def method_rows(definition: CtDefinition) -> tuple[tuple[str, str], ...]:
    """What each figure is, as name and text."""
    assumed = " (assumed)" if definition.kvp_assumed else ""
    return (
        (
            "Lesions",
            f"{sentence(definition.mask)} {definition.connectivity}-connected components of at"
            f" least {definition.minimum_volume_mm3:g} mm³ and {definition.minimum_voxels} voxels.",
        ),
        (
            "Hydroxyapatite mass",
            f"{sentence(definition.mass)} Calibration: {definition.ha_mg_cc_per_hu:.3f} mg/cm³ per"
            f" HU at {definition.kvp:g} kVp{assumed}, ± {_percent(definition)} without a"
            f" calibration phantom in the scan. Background: {sentence(definition.background)}"
            f" Uncertainty: {sentence(definition.mass_uncertainty)}",
        ),
        ("Volume corrected for partial volume (V pv)", sentence(definition.volume_pv)),
        (
            "Agatston-like score",
            f"{sentence(definition.agatston)} Threshold {definition.agatston_threshold_hu:.0f} HU.",
        ),
        ("Pattern", sentence(definition.pattern)),
        (
            "Compartment, side, level",
            f"Compartment: {sentence(definition.compartment)} Side: {sentence(definition.side)}"
            f" Level: {sentence(definition.level)}",
        ),
    )


def _percent(definition: CtDefinition) -> str:
    """Uncertainty of the calibration."""
    return f"{100 * definition.ha_mg_cc_per_hu_relative_uncertainty:.0f} %"
