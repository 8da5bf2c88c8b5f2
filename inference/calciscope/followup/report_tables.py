"""Tables of the report of a comparison as rows of text."""

from collections.abc import Sequence
from dataclasses import dataclass

from calciscope.followup.comparison import (
    ComparedDate,
    Comparison,
    LesionChange,
    PartRegistration,
    Relation,
    Scope,
    TotalChange,
)
from calciscope.followup.wording import SCTC, percent_change_text
from calciscope.writers.wording import mass_text, number_text, percent_text, volume_text

TOTAL_HEAD = (
    "Lesions",
    "Volume (mm³)",
    "HA (mg)",
    "Change",
    "Error ± (mg)",
    "Beyond error",
    "Class",
)

CHANGE_HEAD = (
    "No.",
    "Change",
    "Match",
    "Compartment",
    "Side",
    "Region",
    "Earlier ids",
    "Later ids",
    "HA earlier (mg)",
    "HA later (mg)",
    "Change (mg)",
    "Change (%)",
    "Error ± (mg)",
    "Beyond error",
    "Note",
)

REGISTRATION_HEAD = (
    "Part",
    "Distance of surfaces (mm)",
    "Of it in the later scan",
    "Turned (°)",
    "Used",
)


@dataclass(frozen=True)
class TotalRow:
    """One line of the table of sums."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class TotalGroup:
    """Sums by one thing, such as the side."""

    title: str
    rows: tuple[TotalRow, ...]


def total_groups(totals: Sequence[TotalChange], scope: Scope) -> tuple[TotalGroup, ...]:
    """The sums of one scope in the order of their groups."""
    groups: dict[str, list[TotalRow]] = {}
    for total in totals:
        if total.scope is scope:
            row = TotalRow(total.name.replace("_", " "), _total_cells(total))
            groups.setdefault(total.group, []).append(row)
    return tuple(TotalGroup(title.capitalize(), tuple(rows)) for title, rows in groups.items())


def _total_cells(total: TotalChange) -> tuple[str, ...]:
    return (
        f"{total.earlier.count} → {total.later.count}",
        f"{number_text(total.earlier.volume_mm3)} → {number_text(total.later.volume_mm3)}",
        f"{number_text(total.earlier.ha_mass_mg)} → {number_text(total.later.ha_mass_mg)}",
        percent_change_text(total.change_percent),
        number_text(total.measurement_error_mg),
        "yes" if total.beyond_error else "no",
        SCTC[total.trend],
    )


def change_cells(change: LesionChange) -> tuple[str, ...]:
    """A line of the table of all changes, in the order of `CHANGE_HEAD`."""
    return (
        f"{change.id}",
        change.trend.value,
        change.relation.value,
        change.compartment.value,
        change.laterality.value,
        change.region.value,
        _ids(change.earlier_ids),
        _ids(change.later_ids),
        number_text(change.ha_mass_earlier_mg) if change.earlier_ids else "–",
        number_text(change.ha_mass_later_mg) if change.later_ids else "–",
        "–" if change.change_mg is None else f"{change.change_mg:+.1f}",
        "–" if change.change_percent is None else f"{change.change_percent:+.0f}",
        number_text(change.measurement_error_mg),
        "–" if change.beyond_error is None else "yes" if change.beyond_error else "no",
        change.note,
    )


def _ids(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers) or "–"


def registration_cells(part: PartRegistration) -> tuple[str, ...]:
    """A line of the table of registered parts, in the order of `REGISTRATION_HEAD`."""
    name = part.part if part.side is None else f"{part.side.value} {part.part}"
    return (
        name,
        "not found" if part.residual_mm is None else f"{part.residual_mm:.2f}",
        percent_text(part.overlap),
        "–" if part.turn_deg is None else f"{part.turn_deg:.1f}",
        "yes" if part.usable else "no",
    )


def close_up_text(change: LesionChange) -> str:
    """What a close-up says of its change below the title."""
    masses = [
        mass_text(mass) if ids else "none"
        for mass, ids in (
            (change.ha_mass_earlier_mg, change.earlier_ids),
            (change.ha_mass_later_mg, change.later_ids),
        )
    ]
    text = f"{' → '.join(masses)} hydroxyapatite"
    if change.earlier_ids and change.later_ids and change.change_mg is not None:
        text += f" ({percent_change_text(change.change_percent)})"
    if change.relation in (Relation.MERGED, Relation.SPLIT, Relation.REGROUPED):
        text += f", {change.relation.value}"
    return text


def date_rows(comparison: Comparison) -> tuple[tuple[str, str, str], ...]:
    """Both dates side by side: what it is, earlier, later."""
    one, two = _date_cells(comparison.earlier), _date_cells(comparison.later)
    names = ("Date", "Series", "Scan", "Analyzed by", "Found", "Results")
    rows = zip(names, one, two, strict=True)
    return tuple(row for row in rows if row[1] or row[2])


def _date_cells(date: ComparedDate) -> tuple[str, ...]:
    scan = [
        f"{date.kvp:g} kVp{' (assumed)' if date.kvp_assumed else ''}",
        f"{date.slice_thickness_mm:.3g} mm slices" if date.slice_thickness_mm is not None else "",
        f"every {date.slice_increment_mm:.3g} mm",
        f"kernel {date.kernel}" if date.kernel else "",
        f"contrast agent {date.contrast_agent}" if date.contrast_agent else "",
    ]
    found = date.figures
    return (
        date.acquired_on or "not stated",
        date.series,
        ", ".join(part for part in scan if part),
        f"{date.model} ({date.mode}), program {date.program_version}",
        f"{found.count} lesions, {volume_text(found.volume_pv_mm3)}, {mass_text(found.ha_mass_mg)} "
        "hydroxyapatite",
        f"folder {date.results}/" if date.results else "",
    )


def rules(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """How it was compared, as name and text."""
    settings, error = comparison.settings, comparison.repeatability
    calibration = (
        f" Calibration ({100 * error.calibration:.0f} %) is part of it, as tube voltages differ or "
        "are not known."
        if error.calibration
        else " Calibration is no part of it: in one protocol its error is the same at both dates."
    )
    return (
        (
            "Registration",
            "Each long bone, with what lies beside it, is registered on its own, or with its whole "
            "limb where that fits as well: a rigid motion found from distance maps of bone. The "
            "left is only ever compared with the left. A part whose surfaces lie more than "
            f"{settings.bad_mm:g} mm apart is not used.",
        ),
        (
            "Matching",
            f"Lesions are the same if {100 * settings.least_shared:.0f} % or more of the smaller "
            "one lies in the other after registration. One without such overlap matches the "
            f"nearest other one without, up to {settings.match_mm:g} mm away. Several may merge "
            "into one, or one split; they are then compared together.",
        ),
        (
            "Field of view",
            f"Where the other scan shows less than {100 * settings.least_covered:.0f} % of a "
            "lesion's place, it is not compared: nobody looked there.",
        ),
        (
            "Change",
            "Of hydroxyapatite mass, as each date's own run measured it on its own grid. Up to "
            f"± {settings.stable_percent:g} % is stable; beyond that a sum is called progression "
            "or improvement (thresholds of the SCTC trial score, which were made for hand "
            "radiographs).",
        ),
        (
            "Measurement error",
            f"± sqrt(({error.proportional:.2f} m)² + {error.noise_mg:.2f} mg · m"
            + (f" + ({error.calibration:.2f} m)²" if error.calibration else "")
            + "), m the larger mass: 95 % of repeated measurements are to differ by less. Small "
            f"lesions have the wider band.{calibration} Source: {error.source}.",
        ),
    )
