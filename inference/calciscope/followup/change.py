"""Change of mass of matched lesions and of sums, with the 25 % rule and the measurement error."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from calciscope.ct.burden import figures_of
from calciscope.findings import BurdenFigures, Lesion
from calciscope.followup.comparison import LesionChange, Relation, Scope, TotalChange, Trend
from calciscope.followup.matching import Group
from calciscope.followup.repeatability import Repeatability
from calciscope.followup.settings import ComparisonSettings

Lesions = Mapping[int, Lesion]

GROUPS: dict[str, Callable[[Lesion], str]] = {
    "total": lambda lesion: "all",
    "side": lambda lesion: lesion.laterality.value,
    "compartment": lambda lesion: lesion.compartment.value,
    "region": lambda lesion: lesion.region.value,
    "side and compartment": lambda lesion: f"{lesion.laterality.value}, {lesion.compartment.value}",
}
"""What lesions are summed by."""


def trend_of(earlier_mg: float, later_mg: float, stable_percent: float) -> Trend:
    """What became of a mass; nothing that stays nothing is stable."""
    if earlier_mg <= 0 and later_mg <= 0:
        return Trend.STABLE
    if earlier_mg <= 0:
        return Trend.NEW
    if later_mg <= 0:
        return Trend.RESOLVED
    percent = 100.0 * (later_mg - earlier_mg) / earlier_mg
    if abs(percent) <= stable_percent:
        return Trend.STABLE
    return Trend.GROWN if percent > 0 else Trend.SHRUNK


def relation_of(group: Group) -> Relation:
    """How many lesions of each date belong together."""
    counts = (len(group.earlier), len(group.later))
    if 0 in counts:
        return Relation.UNMATCHED
    if counts == (1, 1):
        return Relation.ONE_TO_ONE
    if counts[1] == 1:
        return Relation.MERGED
    return Relation.SPLIT if counts[0] == 1 else Relation.REGROUPED


def lesion_change(
    group: Group,
    earlier: Lesions,
    later: Lesions,
    beside: str,
    note: str,
    error: Repeatability,
    settings: ComparisonSettings,
) -> LesionChange:
    """The change of one group; its number is given by `numbered`.

    Args:
        group: which lesions.
        earlier, later: all lesions of each date by id.
        beside: part of the skeleton.
        note: why it cannot be compared; "" where it can.
        error: of the measurement.
        settings: what is stable.
    """
    before = [earlier[number] for number in group.earlier]
    after = [later[number] for number in group.later]
    sums = [figures_of(lesions) for lesions in (before, after)]
    mass, mass_later = (figures.ha_mass_mg for figures in sums)
    if note:
        trend = Trend.NOT_COVERED
    elif not before or not after:
        # A lesion without any mass above its surroundings is one all the same.
        trend = Trend.RESOLVED if before else Trend.NEW
    else:
        trend = trend_of(mass, mass_later, settings.stable_percent)
    limit = None
    if before and after and not note:
        limit = error.limit_mg(max(mass, mass_later))
    first = heaviest(after or before)
    return LesionChange(
        id=0,
        trend=trend,
        relation=relation_of(group),
        earlier_ids=group.earlier,
        later_ids=group.later,
        laterality=first.laterality,
        compartment=first.compartment,
        region=first.region,
        beside=beside,
        ha_mass_earlier_mg=mass,
        ha_mass_later_mg=mass_later,
        volume_earlier_mm3=sums[0].volume_mm3,
        volume_later_mm3=sums[1].volume_mm3,
        change_mg=None if note else mass_later - mass,
        change_percent=None if note else percent_change(mass, mass_later),
        measurement_error_mg=limit,
        beyond_error=None if limit is None else abs(mass_later - mass) > limit,
        centroid_earlier_mm=heaviest(before).centroid_lps_mm if before else None,
        centroid_later_mm=heaviest(after).centroid_lps_mm if after else None,
        note=note,
    )


def heaviest(lesions: Iterable[Lesion]) -> Lesion:
    """The lesion of the largest mass."""
    return max(lesions, key=lambda lesion: (lesion.ha_mass_mg, -lesion.id))


def percent_change(earlier: float, later: float) -> float | None:
    """Change in percent of the earlier value; None where that is nothing."""
    return None if earlier <= 0 else 100.0 * (later - earlier) / earlier


def total_changes(
    earlier: Sequence[Lesion],
    later: Sequence[Lesion],
    changes: Sequence[LesionChange],
    error: Repeatability,
    settings: ComparisonSettings,
) -> tuple[TotalChange, ...]:
    """Sums over what both scans show, then over all; groups without any lesion are left out.

    In what both show, a lesion counts at both dates where its change does: one that is named
    otherwise at the second date neither goes from one compartment nor comes to the other.
    """
    covered = [change for change in changes if change.trend is not Trend.NOT_COVERED]
    common = (
        _as_named(earlier, {n: change for change in covered for n in change.earlier_ids}),
        _as_named(later, {n: change for change in covered for n in change.later_ids}),
    )
    result = []
    for scope in Scope:
        before, after = (earlier, later) if scope is Scope.ALL else common
        for group, key in GROUPS.items():
            for name in sorted({key(lesion) for lesion in (*before, *after)}):
                sums = [
                    figures_of(lesion for lesion in lesions if key(lesion) == name)
                    for lesions in (before, after)
                ]
                result.append(_total(scope, group, name, sums[0], sums[1], error, settings))
    return tuple(result)


def _as_named(lesions: Sequence[Lesion], changes: Mapping[int, LesionChange]) -> list[Lesion]:
    """The lesions of some changes, with the names of these."""
    return [
        replace(
            lesion,
            laterality=changes[lesion.id].laterality,
            compartment=changes[lesion.id].compartment,
            region=changes[lesion.id].region,
        )
        for lesion in lesions
        if lesion.id in changes
    ]


def _total(
    scope: Scope,
    group: str,
    name: str,
    earlier: BurdenFigures,
    later: BurdenFigures,
    error: Repeatability,
    settings: ComparisonSettings,
) -> TotalChange:
    change = later.ha_mass_mg - earlier.ha_mass_mg
    limit = error.limit_mg(max(earlier.ha_mass_mg, later.ha_mass_mg))
    return TotalChange(
        scope=scope,
        group=group,
        name=name,
        earlier=earlier,
        later=later,
        change_mg=change,
        change_percent=percent_change(earlier.ha_mass_mg, later.ha_mass_mg),
        trend=trend_of(earlier.ha_mass_mg, later.ha_mass_mg, settings.stable_percent),
        measurement_error_mg=limit,
        beyond_error=abs(change) > limit,
    )
