"""Sentences and figures that the files of a report share about the SPECT."""

from collections import Counter

from calciscope.findings import Findings
from calciscope.labels import Compartment
from calciscope.spect.findings import (
    Concordance,
    ConcordanceClass,
    HotSpot,
    SpectDefinition,
    SpectFindings,
)
from calciscope.writers.report_blocks import KeyFigure
from calciscope.writers.spect.fused_slices import FusedSlice
from calciscope.writers.wording import WHERE, compartment_text, number_text, sentence

HEADING = "Uptake on SPECT"

CLASS_TEXTS = {
    ConcordanceClass.CALCIFIED_HOT: "calcified and hot (active pattern)",
    ConcordanceClass.CALCIFIED_COLD: "calcified and cold (inert pattern)",
    ConcordanceClass.HOT_WITHOUT_CALCIFICATION: "hot without calcification",
    ConcordanceClass.NOT_ASSESSABLE: "calcified, uptake not assessable",
}
BEYOND_CT_TEXT = "hot, outside of the CT: calcification not assessable"

PICTURES_HINT = (
    "Fused projection: highest uptake in color over the densest tissue in gray. Planar-like views:"
    " uptake summed toward a camera in front and behind, weakened by tissue as by water, in inverse"
    " gray; no planar image was taken. Numbers: hot spots outside of physiologic uptake, at their"
    " highest voxel. On the anterior view the patient's right is on the left, on the posterior view"
    " the patient's left."
)

SLICES_HINT = (
    "CT in gray (window center 40, width 400 HU), SPECT in color on one scale for all; hotter than"
    " its end looks alike. Cyan: calcification. Dashed with number: hot spots; dotted: physiologic"
    " ones. The hottest of each compartment in turn, as far as the CT shows them."
)

CONCORDANCE_HINT = (
    "What CT and SPECT say together of one place. The words active and inert are interpretation,"
    " not measurement. Uptake is not assessable where mineral is too small for SPECT, hidden by"
    " uptake beside it, of faint uptake or out of view."
)


def class_text(row: Concordance) -> str:
    """What a row of the concordance says, in words."""
    return BEYOND_CT_TEXT if row.beyond_ct else CLASS_TEXTS[row.classified]


def uptake_summary(findings: Findings) -> str:
    """What SPECT found, in one sentence; nothing without SPECT."""
    spect = findings.spect
    if spect is None:
        return ""
    outside = [spot for spot in spect.hot_spots if not spot.physiologic]
    if not outside:
        return "No hot spot outside of physiologic uptake on SPECT."
    counts = Counter(spot.compartment for spot in outside)
    parts = ", ".join(
        f"{count} {WHERE.get(kind, f'in {compartment_text(kind)}')}"
        for kind, count in counts.most_common()
    )
    many = "One hot spot" if len(outside) == 1 else f"{len(outside)} hot spots"
    return f"{many} outside of physiologic uptake on SPECT: {parts}."


def uptake_figures(spect: SpectFindings | None) -> tuple[KeyFigure, ...]:
    """The figures of the SPECT a reader looks for first."""
    if spect is None:
        return ()
    outside = [spot for spot in spect.hot_spots if not spot.physiologic]
    physiologic = len(spect.hot_spots) - len(outside)
    name = "hot spot" if len(outside) == 1 else "hot spots"
    figures = [KeyFigure(str(len(outside)), name, f"and {physiologic} of physiologic uptake")]
    suv, muscle = spect.summary.suv_max, spect.muscle_mean
    of_tissue = [spot for spot in outside if spot.compartment is not Compartment.ARTEFACT]
    if suv is not None:
        note = "" if not muscle else f"muscle {muscle:.2f}"
        figures.append(KeyFigure(f"{suv:.1f}", f"highest SUVbw of these{_left_out(spect)}", note))
    elif spect.suv_refused is not None and of_tissue and muscle:
        hottest = max(spot.uptake_max for spot in of_tissue)
        name = f"highest uptake / muscle{_left_out(spect)}"
        figures.append(KeyFigure(f"{hottest / muscle:.1f}", name, "no SUV"))
    return tuple(figures)


def _left_out(spect: SpectFindings) -> str:
    """Highest and total uptake are told without artefacts, see `ActivitySummary`."""
    return ", artefacts left out" if Compartment.ARTEFACT in spect.summary.by_compartment else ""


def refusal(spect: SpectFindings) -> str | None:
    """Why figures are ratios only; None where there is SUV."""
    if spect.suv_refused is None:
        return None
    return f"No SUV: {sentence(spect.suv_refused)} Uptake is told relative to other tissue only."


def summary_rows(spect: SpectFindings) -> tuple[tuple[str, str], ...]:
    """What the uptake amounts to, and what it was read from, as name and value."""
    summary = spect.summary
    kinds = ", ".join(
        f"{compartment_text(kind)} {count}"
        for kind, count in summary.by_compartment.items()
        if count
    )
    left_out = _left_out(spect)
    unit = "" if spect.suv_refused is None else f" {spect.units}"
    rows = (
        ("Hot spots", f"{summary.hot_spots}, of which physiologic {summary.physiologic}"),
        ("Not physiologic, by compartment", kinds),
        (
            f"Highest SUVbw of these{left_out}",
            number_text(summary.suv_max) if summary.suv_max else "",
        ),
        (
            f"Total uptake of these{left_out} (SUVbw × mL)",
            number_text(summary.total_uptake_suv_ml) if summary.total_uptake_suv_ml else "",
        ),
        ("Muscle, mean", _reference(spect.muscle_mean, unit)),
        ("Bone (shaft where in view), mean", _reference(spect.bone_mean, unit)),
        ("Registration to the CT", registration_text(spect)),
        ("Series", spect.series),
        ("Acquired on", spect.acquired_on or ""),
        ("Radiopharmaceutical", spect.definition.radiopharmaceutical or ""),
        ("Reconstruction", spect.definition.reconstruction or ""),
        ("Voxels (mm)", " × ".join(f"{value:.2f}" for value in spect.definition.spacing_mm)),
    )
    return tuple((name, value) for name, value in rows if value)


def _reference(value: float | None, unit: str) -> str:
    return "not in view" if value is None else f"{value:.3g}{unit}"


def registration_text(spect: SpectFindings) -> str:
    """Whether the SPECT lies where the CT lies, in words."""
    shift = spect.misregistration_mm
    if spect.registered:
        return "corrected" if shift is None else f"corrected by {shift:.1f} mm"
    if shift is None:
        return "as scanned; a shift could not be estimated"
    return f"as scanned; estimated shift {shift:.1f} mm"


def slice_lines(fused: FusedSlice) -> tuple[str, ...]:
    """What stands below a fused slice: where the hot spot is, its uptake, the slice."""
    spot = fused.spot
    where = f"{compartment_text(spot.compartment)}, {spot.laterality.value}"
    lines = (where, uptake_text(spot), fused.slice_text)
    return tuple(line for line in lines if line)


def uptake_text(spot: HotSpot) -> str:
    """The highest uptake in words: SUV, else what it is relative to."""
    if spot.suv_max is not None:
        return f"SUVmax {spot.suv_max:.1f} · {spot.volume_ml:.1f} mL"
    ratio = spot.ratios.muscle
    relative = "" if ratio is None else f"{ratio:.1f} × muscle · "
    return f"{relative}{spot.volume_ml:.1f} mL"


def spect_method_rows(definition: SpectDefinition) -> tuple[tuple[str, str], ...]:
    """What each figure of the SPECT is, as name and text."""
    rows = (
        ("Hot spots", sentence(definition.hot_spot)),
        ("Compartment of a hot spot", sentence(definition.abstention)),
        ("SUV", sentence(definition.suv)),
        ("Muscle and bone", sentence(definition.references) if definition.references else ""),
        (
            "Concordance",
            f"{sentence(definition.matching)} {sentence(definition.assessable)}"
            " Active and inert are interpretation.",
        ),
    )
    return tuple((name, text) for name, text in rows if text)
