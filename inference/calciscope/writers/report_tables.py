"""Tables of the report: lesions, settings and provenance as rows of text."""

from dataclasses import fields
from typing import Any

from calciscope.findings import Chain, CtDefinition, Distribution, Findings, Lesion
from calciscope.spect.findings import SpectDefinition
from calciscope.writers.wording import (
    compartment_text,
    mass_pm_text,
    number_text,
    percent_text,
)

LESION_HEAD = (
    "Lesion",
    "Compartment",
    "Side",
    "Region",
    "Level",
    "Pattern",
    "Volume (mm³)",
    "V pv (mm³)",
    "HA ± SD (mg)",
    "Ca (mg)",
    "Agatston-like",
    "HU mean ± SD",
    "HU p5, p50, p95",
    "HU max",
    "Length (mm)",
    "Width (mm)",
    "Linearity",
    "Angle to bone (°)",
    "To skin (mm)",
    "Center to skin (mm)",
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
        pattern_text(lesion),
        number_text(lesion.volume_mm3),
        number_text(lesion.volume_pv_mm3),
        mass_pm_text(lesion.ha_mass_mg, lesion.ha_mass_uncertainty_mg),
        number_text(lesion.calcium_mass_mg),
        number_text(lesion.agatston),
        f"{lesion.hu_mean:.0f} ± {lesion.hu_sd:.0f}",
        f"{lesion.hu_p5:.0f}, {lesion.hu_p50:.0f}, {lesion.hu_p95:.0f}",
        f"{lesion.hu_max:.0f}",
        number_text(lesion.longest_diameter_mm),
        number_text(lesion.short_axis_mm),
        f"{lesion.linearity:.2f}",
        "–" if lesion.angle_to_bone_axis_deg is None else f"{lesion.angle_to_bone_axis_deg:.0f}",
        number_text(lesion.distance_to_skin_mm),
        number_text(lesion.centroid_to_skin_mm),
        number_text(lesion.distance_to_bone_mm),
        f"{x:.0f}, {y:.0f}, {z:.0f}",
        f"{lesion.probability:.2f}",
    )


def pattern_text(lesion: Lesion) -> str:
    """The pattern; where the images cut the lesion, that is said."""
    pattern = "–" if lesion.pattern is None else lesion.pattern.value
    return f"{pattern}, cut off" if lesion.touches_border else pattern


CHAIN_HEAD = (
    "Chain",
    "Compartment",
    "Side",
    "Region",
    "Lesions",
    "Length (mm)",
    "Angle to bone (°)",
    "Linearity",
    "Along the bone",
    "V pv (mm³)",
    "HA (mg)",
)


def chain_cells(chain: Chain) -> tuple[str, ...]:
    """A line of the table of chains, in the order of `CHAIN_HEAD`."""
    return (
        f"{chain.id}",
        compartment_text(chain.compartment),
        chain.laterality.value,
        chain.region.value,
        f"{len(chain.lesion_ids)}",
        f"{chain.length_mm:.0f}",
        f"{chain.angle_to_bone_axis_deg:.0f}",
        f"{chain.linearity:.2f}",
        "yes" if chain.linear_along_axis else "no",
        number_text(chain.volume_pv_mm3),
        number_text(chain.ha_mass_mg),
    )


def distribution_rows(distribution: Distribution | None) -> list[tuple[str, str]]:
    """How mineral is spread, as name and value; without what cannot be told."""
    if distribution is None:
        return []
    index, low = distribution.symmetry_index_volume, distribution.lower_half_share
    of_mass = distribution.symmetry_index_ha_mass
    rows = []
    if index is not None:
        value = f"{index:+.2f}" if of_mass is None else f"{index:+.2f}; of HA {of_mass:+.2f}"
        rows.append(("Symmetry index, (left - right) / (left + right) of V pv", value))
    if low is not None:
        rows.append(("In the lower half of the lower legs, of V pv there", percent_text(low)))
    patterns = distribution.volume_share_by_pattern
    if patterns:
        shares = [f"{name.value} {percent_text(share)}" for name, share in patterns.items()]
        rows.append(("Patterns (form, not diagnosis), of V pv", ", ".join(shares)))
    return rows


def definition_rows(definition: CtDefinition | SpectDefinition) -> tuple[tuple[str, str], ...]:
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
    """What made the report and what it cost, as name and value."""
    made = findings.provenance
    times = ", ".join(f"{stage.replace('_', ' ')} {s:.1f}" for stage, s in made.times_s.items())
    *made_by, schema = origin_rows(findings)
    memory = ("Memory", f"at most {made.peak_ram_mb:,.0f} MB")
    return (*made_by, ("Time (s)", times), memory, schema)


def origin_rows(findings: Findings) -> tuple[tuple[str, str], ...]:
    """What made the report, as name and value: the same each time a study is analyzed."""
    made = findings.provenance
    models = [(f"Model {m.name} {m.version}", f"sha256 {m.sha256}") for m in made.models]
    return (
        ("Program", f"{made.program} {made.program_version}"),
        *models,
        ("Engine", f"{made.engine} on {made.device}"),
        ("Findings", f"schema {findings.schema_version}"),
    )
