"""Tables of the report: lesions, settings and provenance as rows of text."""

from dataclasses import fields
from typing import Any

from calciscope.findings import CtDefinition, Findings, Lesion
from calciscope.writers.wording import compartment_text, number_text

LESION_HEAD = (
    "Lesion",
    "Compartment",
    "Side",
    "Region",
    "Level",
    "Volume (mm³)",
    "V pv (mm³)",
    "HA (mg)",
    "Agatston-like",
    "HU mean",
    "HU max",
    "Length (mm)",
    "Width (mm)",
    "Linearity",
    "Angle to bone (°)",
    "To skin (mm)",
    "To bone (mm)",
    "Center L, P, S (mm)",
    "Probability",
)


def lesion_cells(lesion: Lesion) -> tuple[str, ...]:
    """A line of the table of all lesions, in the order of `LESION_HEAD`."""
    x, y, z = lesion.centroid_lps_mm
    return (
        f"{lesion.id}",
        compartment_text(lesion.compartment),
        lesion.laterality.value,
        lesion.region.value,
        lesion.level.value if lesion.level else "–",
        number_text(lesion.volume_mm3),
        number_text(lesion.volume_pv_mm3),
        number_text(lesion.ha_mass_mg),
        number_text(lesion.agatston),
        f"{lesion.hu_mean:.0f}",
        f"{lesion.hu_max:.0f}",
        number_text(lesion.longest_diameter_mm),
        number_text(lesion.short_axis_mm),
        f"{lesion.linearity:.2f}",
        "–" if lesion.angle_to_bone_axis_deg is None else f"{lesion.angle_to_bone_axis_deg:.0f}",
        number_text(lesion.distance_to_skin_mm),
        number_text(lesion.distance_to_bone_mm),
        f"{x:.0f}, {y:.0f}, {z:.0f}",
        f"{lesion.probability:.2f}",
    )


def definition_rows(definition: CtDefinition) -> tuple[tuple[str, str], ...]:
    """Every setting the figures depend on, as name and value."""
    return tuple(
        (field.name.replace("_", " "), _setting(getattr(definition, field.name)))
        for field in fields(definition)
    )


def _setting(value: Any) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(_setting(part) for part in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def provenance_rows(findings: Findings) -> tuple[tuple[str, str], ...]:
    """What made the report, as name and value."""
    made = findings.provenance
    times = ", ".join(f"{stage.replace('_', ' ')} {s:.1f}" for stage, s in made.times_s.items())
    models = [(f"Model {m.name} {m.version}", f"sha256 {m.sha256}") for m in made.models]
    return (
        ("Program", f"{made.program} {made.program_version}"),
        *models,
        ("Engine", f"{made.engine} on {made.device}"),
        ("Time (s)", times),
        ("Memory", f"at most {made.peak_ram_mb:,.0f} MB"),
        ("Findings", f"schema {findings.schema_version}"),
    )
