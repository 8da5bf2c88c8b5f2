"""The tables of the report: typed findings become rows of text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from calciscope.findings import Burden, BurdenFigures, CtDefinition, Findings, Lesion
from calciscope.labels import Compartment
from calciscope.locations import Laterality
from calciscope.writers.pictures import compartment_color
from calciscope.writers.wording import compartment_text, percent_text


@dataclass(frozen=True)
class BurdenRow:
    """One line of the burden table.

    Attributes:
        side: "left", "right", "midline" or "all sides".
        share: of the volume of all lesions, 0 to 1.
        is_sum: whether the line sums up others above it.
        cells: count, volumes, mass and Agatston score.
    """

    side: str
    share: float
    is_sum: bool
    cells: tuple[str, ...]

    @property
    def share_text(self) -> str:
        """The share in percent."""
        return percent_text(self.share)


@dataclass(frozen=True)
class BurdenGroup:
    """The lines of one compartment, or of all together."""

    title: str
    color: str | None
    rows: tuple[BurdenRow, ...]


BURDEN_HEAD = ("Lesions", "Volume (mm³)", "V pv (mm³)", "HA mass (mg)", "Agatston-like")

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


def burden_groups(burden: Burden) -> tuple[BurdenGroup, ...]:
    """Figures by compartment and side with sums, without lines where nothing was found."""
    whole = burden.total.volume_pv_mm3
    groups = [
        BurdenGroup(compartment_text(c).capitalize(), compartment_color(c), _rows(sides, whole))
        for c, sides in burden.by_compartment.items()
        if any(figures.count for figures in sides.values())
    ]
    by_side = {
        side: add_figures(sides[side] for sides in burden.by_compartment.values() if side in sides)
        for side in Laterality
    }
    if len(groups) > 1:
        groups.append(BurdenGroup("All", None, _rows(by_side, whole)))
    return tuple(groups)


def _rows(sides: Mapping[Laterality, BurdenFigures], whole: float) -> tuple[BurdenRow, ...]:
    found = [
        (side.value, sides[side]) for side in Laterality if side in sides and sides[side].count
    ]
    rows = [_row(name, figures, whole, False) for name, figures in found]
    if len(found) > 1:
        rows.append(_row("all sides", add_figures(figures for _, figures in found), whole, True))
    return tuple(rows)


def _row(name: str, figures: BurdenFigures, whole: float, is_sum: bool) -> BurdenRow:
    cells = (
        f"{figures.count}",
        number(figures.volume_mm3),
        number(figures.volume_pv_mm3),
        number(figures.ha_mass_mg),
        number(figures.agatston),
    )
    share = figures.volume_pv_mm3 / whole if whole > 0 else 0.0
    return BurdenRow(name, share, is_sum, cells)


def add_figures(parts: Iterable[BurdenFigures]) -> BurdenFigures:
    """The sum of burdens."""
    figures = list(parts)
    return BurdenFigures(
        count=sum(part.count for part in figures),
        volume_mm3=sum(part.volume_mm3 for part in figures),
        volume_pv_mm3=sum(part.volume_pv_mm3 for part in figures),
        ha_mass_mg=sum(part.ha_mass_mg for part in figures),
        agatston=sum(part.agatston for part in figures),
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
        number(lesion.volume_mm3),
        number(lesion.volume_pv_mm3),
        number(lesion.ha_mass_mg),
        number(lesion.agatston),
        f"{lesion.hu_mean:.0f}",
        f"{lesion.hu_max:.0f}",
        number(lesion.longest_diameter_mm),
        number(lesion.short_axis_mm),
        f"{lesion.linearity:.2f}",
        "–" if lesion.angle_to_bone_axis_deg is None else f"{lesion.angle_to_bone_axis_deg:.0f}",
        number(lesion.distance_to_skin_mm),
        number(lesion.distance_to_bone_mm),
        f"{x:.0f}, {y:.0f}, {z:.0f}",
        f"{lesion.probability:.2f}",
    )


def number(value: float | None) -> str:
    """A figure with one decimal below 100, thousands parted by a comma; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:,.0f}"


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


def compartments_found(burden: Burden) -> tuple[Compartment, ...]:
    """Compartments that hold a lesion."""
    return tuple(
        compartment
        for compartment, sides in burden.by_compartment.items()
        if any(figures.count for figures in sides.values())
    )
