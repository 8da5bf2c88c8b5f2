"""The burden table of the report: figures by compartment and side, with sums."""

from collections.abc import Mapping
from dataclasses import dataclass

from calciscope.ct.burden import add_figures
from calciscope.findings import Burden, BurdenFigures
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.writers.pictures import compartment_color
from calciscope.writers.wording import (
    compartment_text,
    mass_pm_text,
    number_text,
    percent_text,
)


@dataclass(frozen=True)
class BurdenRow:
    """One line of the burden table.

    Attributes:
        side: "left", "right", "midline" or "all sides".
        share: of the volume of all lesions, 0 to 1.
        is_sum: whether the line sums up others above it.
        cells: count, volumes, masses and Agatston score.
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


BURDEN_HEAD = (
    "Lesions",
    "Volume (mm³)",
    "V pv (mm³)",
    "HA ± SD (mg)",
    "Ca (mg)",
    "Agatston-like",
)

REGION_HEAD = ("Region", "Compartment", "Side", *BURDEN_HEAD)


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
    share = figures.volume_pv_mm3 / whole if whole > 0 else 0.0
    return BurdenRow(name, share, is_sum, figure_cells(figures))


def figure_cells(figures: BurdenFigures) -> tuple[str, ...]:
    """Figures as text, in the order of `BURDEN_HEAD`."""
    return (
        f"{figures.count}",
        number_text(figures.volume_mm3),
        number_text(figures.volume_pv_mm3),
        mass_pm_text(figures.ha_mass_mg, figures.ha_mass_uncertainty_mg),
        number_text(figures.calcium_mass_mg),
        number_text(figures.agatston),
    )


def region_rows(burden: Burden) -> list[tuple[str, ...]]:
    """Figures by region, compartment and side, in the order of `REGION_HEAD`; only what there is.

    The lines of one region stand together, from the pelvis down.
    """
    order = list(Region)
    places = sorted(burden.by_region, key=lambda place: order.index(place.region))
    return [
        (
            place.region.value,
            compartment_text(place.compartment),
            place.laterality.value,
            *figure_cells(place.figures),
        )
        for place in places
    ]


def compartments_found(burden: Burden) -> tuple[Compartment, ...]:
    """Compartments that hold a lesion."""
    return tuple(
        compartment
        for compartment, sides in burden.by_compartment.items()
        if any(figures.count for figures in sides.values())
    )
