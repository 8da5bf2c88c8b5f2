"""Two dates in, the typed comparison out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from calciscope import __version__
from calciscope.errors import InputError
from calciscope.followup.alignment import Alignment, align
from calciscope.followup.change import lesion_change, total_changes
from calciscope.followup.comparison import (
    ComparedDate,
    Comparison,
    LesionChange,
    PartRegistration,
    Trend,
)
from calciscope.followup.matching import Group, match
from calciscope.followup.places import Place, lesion_places
from calciscope.followup.protocols import compare_protocols, method_text
from calciscope.followup.registration import RegisteredPart
from calciscope.followup.repeatability import Repeatability, repeatability
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import Skeleton, find_skeletons
from calciscope.followup.time_point import TimePoint
from calciscope.locations import Laterality

DEFAULT_SETTINGS = ComparisonSettings()


@dataclass(frozen=True, eq=False)
class ComparedPoints:
    """A comparison, and what its pictures need.

    Attributes:
        comparison: what is written to comparison.json.
        alignment: of the two skeletons.
    """

    comparison: Comparison
    alignment: Alignment


def compare_points(
    earlier: TimePoint,
    later: TimePoint,
    settings: ComparisonSettings = DEFAULT_SETTINGS,
    tell: Callable[[str, float], None] | None = None,
) -> ComparedPoints:
    """Compare two dates of one patient.

    Raises:
        InputError: the dates are the wrong way round, were analyzed in different ways, or have no
            part of the body in common.
    """
    protocols = compare_protocols(earlier, later)
    if tell is not None:
        tell("registering", 0.0)
    skeletons = find_skeletons([point.tissues for point in (earlier, later)], settings)
    _refuse_other_side(earlier, later, skeletons[0], skeletons[1])
    alignment = align(skeletons[0], skeletons[1], settings)
    _refuse_unless_registered(earlier, later, alignment)
    if tell is not None:
        tell("matching", 0.0)
    error = repeatability(protocols.same, protocols.same_kvp)
    changes = _changes(earlier, later, alignment, error, settings)
    counts = Counter(change.trend for change in changes)
    comparison = Comparison(
        program_version=__version__,
        earlier=_compared_date(earlier),
        later=_compared_date(later),
        days_between=protocols.days,
        same_protocol=protocols.same,
        differences=protocols.differences,
        warnings=(
            *_warnings(alignment, skeletons, changes),
            *_unchecked(earlier, later, protocols.days),
        ),
        settings=settings,
        repeatability=error,
        registration=tuple(_told(part, alignment) for part in alignment.parts),
        counts={trend: counts[trend] for trend in Trend},
        changes=changes,
        totals=total_changes(
            earlier.findings.ct.lesions, later.findings.ct.lesions, changes, error, settings
        ),
    )
    return ComparedPoints(comparison, alignment)


def _changes(
    earlier: TimePoint,
    later: TimePoint,
    alignment: Alignment,
    error: Repeatability,
    settings: ComparisonSettings,
) -> tuple[LesionChange, ...]:
    """Match the lesions and tell the change of each group, the largest first."""
    before = lesion_places(earlier, later, alignment, settings, of_earlier=True)
    after = lesion_places(earlier, later, alignment, settings, of_earlier=False)
    # A lesion beside an unregistered bone is nowhere in the other scan.
    groups = match(
        [place.placed for place in before.values() if place.part is not None],
        [place.placed for place in after.values() if place.part is not None],
        settings,
    )
    lost = [Group((n,), ()) for n, place in before.items() if place.part is None]
    lost += [Group((), (n,)) for n, place in after.items() if place.part is None]
    lesions = [
        {lesion.id: lesion for lesion in point.findings.ct.lesions} for point in (earlier, later)
    ]
    changes = []
    for group in (*groups, *lost):
        places = [before[n] for n in group.earlier] + [after[n] for n in group.later]
        note = next((place.note for place in places if place.note), "")
        changes.append(
            lesion_change(group, lesions[0], lesions[1], _beside(places), note, error, settings)
        )
    return _numbered(changes)


def _beside(places: Sequence[Place]) -> str:
    part = next((place.part for place in places if place.part is not None), None)
    return "" if part is None else str(part.part)


def _numbered(changes: Sequence[LesionChange]) -> tuple[LesionChange, ...]:
    """Largest change first, what is not covered last."""
    ordered = sorted(
        changes,
        key=lambda c: (
            c.trend is Trend.NOT_COVERED,
            -abs(c.change_mg or 0.0),
            -max(c.ha_mass_earlier_mg, c.ha_mass_later_mg),
            c.earlier_ids,
            c.later_ids,
        ),
    )
    return tuple(replace(change, id=number) for number, change in enumerate(ordered, start=1))


def _compared_date(point: TimePoint) -> ComparedDate:
    made, definition = point.findings.provenance, point.findings.ct.definition
    return ComparedDate(
        acquired_on=made.acquired_on,
        series=made.series,
        model=method_text(point),
        mode=definition.mode,
        program_version=made.program_version,
        kvp=definition.kvp,
        kvp_assumed=definition.kvp_assumed,
        kernel=definition.kernel,
        slice_thickness_mm=definition.slice_thickness_mm,
        slice_increment_mm=definition.slice_increment_mm,
        contrast_agent=definition.contrast_agent,
        figures=point.findings.ct.burden.total,
    )


def _told(part: RegisteredPart, alignment: Alignment) -> PartRegistration:
    shown = part.is_shown
    return PartRegistration(
        part=part.part.name,
        side=part.part.side,
        residual_mm=part.residual_mm if shown else None,
        overlap=part.overlap,
        usable=alignment.is_usable(part),
        turn_deg=part.earlier_to_later.angle_deg if shown else None,
        earlier_to_later=part.earlier_to_later.rows if shown else None,
    )


def _sides(skeleton: Skeleton) -> set[Laterality]:
    return {part.side for part in skeleton.parts if part.side is not None}


def _refuse_other_side(
    earlier: TimePoint, later: TimePoint, first: Skeleton, second: Skeleton
) -> None:
    """Raise if one scan shows only the left and the other only the right."""
    one, two = _sides(first), _sides(second)
    if one and two and not one & two:
        raise InputError(
            f"{earlier.source} shows the {' and '.join(sorted(one))} limb only and {later.source} "
            f"the {' and '.join(sorted(two))} one; the left is never compared with the right"
        )


def _refuse_unless_registered(earlier: TimePoint, later: TimePoint, alignment: Alignment) -> None:
    if alignment.usable:
        return
    raise InputError(
        f"no part of the body of {earlier.source} could be found in {later.source}; give two scans "
        "of the same region of one patient"
    )


def _unchecked(earlier: TimePoint, later: TimePoint, days: int | None) -> list[str]:
    """What nothing in the two dates allows to check."""
    found = []
    if days is None:
        found.append("The order of the dates could not be checked, as a date is not stated.")
    if not (earlier.patient and later.patient):
        found.append("Whether both dates are of one patient could not be checked.")
    return found


def _warnings(
    alignment: Alignment, skeletons: Sequence[Skeleton], changes: Sequence[LesionChange]
) -> list[str]:
    """What about the registration the reader must know."""
    settings = alignment.settings
    found = []
    if any(skeleton.tissue == "body" for skeleton in skeletons):
        found.append(
            "There is too little bone in view of one date or both: the outline of the body was "
            "registered instead."
        )
    for part in alignment.parts:
        if part.is_shown and part.residual_mm > settings.bad_mm:
            found.append(
                f"The {part.part} could not be registered ({part.residual_mm:.1f} mm between "
                "surfaces): lesions beside it are not compared."
            )
        elif part.is_shown and part.overlap < settings.least_used:
            found.append(
                f"The later scan shows {100 * part.overlap:.0f} % of the {part.part}: lesions "
                "beside it are not compared."
            )
        elif part.is_shown and part.residual_mm > settings.good_mm:
            found.append(
                f"The {part.part} is registered to {part.residual_mm:.1f} mm only: look at its "
                "matches."
            )
    lost = sum(change.trend is Trend.NOT_COVERED for change in changes)
    if lost:
        found.append(
            f"{lost} of {len(changes)} entries are not compared, as one of the scans does not show "
            "the place or it could not be registered."
        )
    if any(change.trend in (Trend.NEW, Trend.RESOLVED) for change in changes):
        found.append(
            "A lesion called new or resolved may also be one that the model missed at one date, or "
            "invented at the other: look at both scans."
        )
    return found
