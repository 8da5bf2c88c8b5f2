"""What CT and SPECT say together: which mineral takes up tracer, and which uptake has no mineral.

A row of the concordance is a cluster of lesions, or a hot spot of soft tissue without mineral.
"Active" and "inert" are interpretations of uptake and of its absence; the classes do not say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calciscope.findings import Chain, Lesion
from calciscope.labels import Compartment
from calciscope.lesion_clusters import Points, Unit, clustered, lesion_points, units_of
from calciscope.spect.findings import Concordance, ConcordanceClass, HotSpot
from calciscope.spect.settings import SpectSettings
from calciscope.spect.uptake import values_at
from calciscope.volume import Volume

SOFT_TISSUE: Final = frozenset(
    {
        Compartment.MUSCLE,
        Compartment.SUBCUTANEOUS,
        Compartment.VASCULAR,
        Compartment.THORACIC,
        Compartment.ABDOMINAL,
        Compartment.BREAST,
        Compartment.INDETERMINATE,
    }
)
"""Compartments whose uptake may be that of soft-tissue mineral; what is indeterminate may be."""

_ORDER = (
    ConcordanceClass.CALCIFIED_HOT,
    ConcordanceClass.CALCIFIED_COLD,
    ConcordanceClass.HOT_WITHOUT_CALCIFICATION,
    ConcordanceClass.NOT_ASSESSABLE,
)


@dataclass(frozen=True)
class Fusion:
    """How lesions and hot spots belong together.

    Attributes:
        rows: by class, then by the largest lesion or the hottest spot.
        lesions_of: ids of the lesions of each hot spot that has any, rising.
    """

    rows: tuple[Concordance, ...]
    lesions_of: Mapping[int, tuple[int, ...]]


def fuse(
    lesions: Sequence[Lesion],
    chains: Sequence[Chain],
    lesion_ids: Volume,
    hot_spots: Sequence[HotSpot],
    hot_spot_ids: Volume,
    outside_ct: Sequence[int],
    relative_uptake: Volume,
    settings: SpectSettings,
) -> Fusion:
    """Match lesions and hot spots, see `matching_rule` and `assessable_rule`.

    Args:
        lesions, chains, lesion_ids: of the CT.
        hot_spots: with their compartments; their own `lesion_ids` are not looked at.
        hot_spot_ids: on the SPECT grid, where it lies after any registration.
        outside_ct: ids of the hot spots that the CT does not show.
        relative_uptake: uptake over that of the soft tissue around, on the SPECT grid.
        settings: distances and least sizes.
    """
    points = lesion_points(lesion_ids)
    lesions = [lesion for lesion in lesions if lesion.id in points]
    matches: dict[int, set[int]] = {}
    beside: set[int] = set()
    for spot in hot_spots:
        for number, distance in _distances(spot.id, hot_spot_ids, points, settings).items():
            if _may_match(spot, distance):
                matches.setdefault(number, set()).add(spot.id)
            elif spot.compartment not in SOFT_TISSUE:
                beside.add(number)
    units = units_of(lesions, chains)
    unseen = {number for number in points if not _in_view(relative_uptake, points[number])}
    hidden = unseen | beside | {
        number
        for number, cloud in points.items()
        if number not in unseen
        and values_at(relative_uptake, cloud).mean() > settings.faint_factor
    }  # fmt: skip
    states = {unit: _state(unit, set(matches), hidden) for unit in units}
    _claim_orphans(states, matches)
    rows = []
    for cluster in clustered(
        units,
        points,
        settings.cluster_link_mm,
        lambda unit: (states[unit], unit.lesions[0].compartment, unit.lesions[0].laterality),
    ):
        rows.append(_row(cluster, states[cluster[0]], matches, settings))
    matched = {number for row in rows for number in row.hot_spot_ids}
    rows += [_lone(spot, outside_ct) for spot in hot_spots
             if spot.id not in matched and _is_pathologic(spot)]  # fmt: skip
    rows.sort(key=lambda row: (_ORDER.index(row.classified), row.lesion_ids, row.hot_spot_ids))
    return Fusion(tuple(rows), _lesions_of(rows, matches))


def matching_rule(settings: SpectSettings) -> str:
    """How lesions and hot spots are matched, in words."""
    return (
        "a lesion belongs to the hot spots of soft tissue (or indeterminate ones) that are not "
        f"physiologic and lie within {settings.matching_distance_mm:g} mm of it, and to such of "
        "other compartments that it lies in; CT lesions count by clusters: chains and lesions of "
        f"one compartment and side, within {settings.cluster_link_mm:g} mm of one another; a chain "
        "is hot where half of its volume is, or where it alone is near a hot spot; hot and cold "
        "ones never share a cluster; a hot "
        "spot of soft tissue that is not physiologic and has no lesion is hot without "
        "calcification; physiologic uptake, and uptake of bone, joints, urine, bowel and artefacts "
        "has no row of its own; active and inert are interpretations of hot and cold"
    )


def assessable_rule(settings: SpectSettings) -> str:
    """When the absence of uptake means something, in words."""
    return (
        "a cluster without uptake is cold only where it has "
        f"{settings.assessable_volume_ml:g} mL (partial volume corrected) or a lesion of "
        f"{settings.assessable_diameter_mm:g} mm; smaller ones, those that the SPECT does not show "
        f"and those within {settings.matching_distance_mm:g} mm of uptake of bone, joint or urine, "
        "which would hide theirs, are not assessable, nor are those with faint uptake, above "
        f"{settings.faint_factor:g} times that of the soft tissue around, nor hot spots that the "
        "CT does not show"
    )


def _is_pathologic(spot: HotSpot) -> bool:
    return spot.compartment in SOFT_TISSUE and not spot.physiologic


def _may_match(spot: HotSpot, distance_mm: float) -> bool:
    """Whether uptake of a hot spot may be that of a lesion this near."""
    if spot.physiologic:
        return False
    return spot.compartment in SOFT_TISSUE or (
        spot.compartment in (Compartment.BONE, Compartment.JOINT) and distance_mm <= 0.0
    )


def _distances(
    number: int, hot_spot_ids: Volume, points: Mapping[int, Points], settings: SpectSettings
) -> dict[int, float]:
    """Distance of the lesions near a hot spot, from a lesion's voxel centers to its voxels."""
    voxels = np.argwhere(hot_spot_ids.array == number)
    if not len(voxels):
        return {}
    centers = hot_spot_ids.lps_mm(voxels)
    tree = cKDTree(centers)
    half = 0.5 * hot_spot_ids.spacing_mm
    reach = settings.matching_distance_mm + float(np.linalg.norm(half))
    low, high = centers.min(axis=0) - reach, centers.max(axis=0) + reach
    found = {}
    for lesion, cloud in points.items():
        near = cloud[((cloud >= low) & (cloud <= high)).all(axis=1)]
        if not len(near):
            continue
        gap, index = tree.query(near, distance_upper_bound=reach)
        within, nearest = np.isfinite(gap), np.asarray(index)
        if not within.any():
            continue
        apart = (near[within] - centers[nearest[within]]) @ hot_spot_ids.direction
        beyond = np.maximum(np.abs(apart) - half, 0.0)
        distance = float(np.linalg.norm(beyond, axis=1).min())
        if distance <= settings.matching_distance_mm:
            found[lesion] = distance
    return found


def _in_view(uptake: Volume, cloud: NDArray[np.float64]) -> bool:
    """Whether a SPECT shows at least half of a lesion.

    Exactly 0 is no uptake that was measured: so are corners between bed positions, and what lies
    outside of a round field of view.
    """
    index = uptake.index(cloud)
    inside = ((index >= -0.5) & (index <= np.array(uptake.shape) - 0.5)).all(axis=1)
    return bool((inside & (values_at(uptake, cloud) != 0)).mean() >= 0.5)


def _state(unit: Unit, hot: set[int], hidden: set[int]) -> ConcordanceClass:
    """Hot, cold (if it is large enough) or not assessable."""
    if unit.most_of(hot):
        return ConcordanceClass.CALCIFIED_HOT
    if unit.most_of(hidden):
        return ConcordanceClass.NOT_ASSESSABLE
    return ConcordanceClass.CALCIFIED_COLD


def _claim_orphans(states: dict[Unit, ConcordanceClass], matches: Mapping[int, set[int]]) -> None:
    """Hot spots near no hot unit are the uptake of the units that they are near."""
    spots = {
        unit: {spot for lesion in unit.lesions for spot in matches.get(lesion.id, ())}
        for unit in states
    }
    hot = ConcordanceClass.CALCIFIED_HOT
    claimed = {spot for unit, near in spots.items() if states[unit] is hot for spot in near}
    for unit, near in spots.items():
        if near - claimed:
            states[unit] = hot


def _row(
    cluster: Sequence[Unit],
    state: ConcordanceClass,
    matches: Mapping[int, set[int]],
    settings: SpectSettings,
) -> Concordance:
    """The row of a cluster of lesions."""
    members = sorted(lesion.id for unit in cluster for lesion in unit.lesions)
    if state is ConcordanceClass.CALCIFIED_HOT:
        spots = sorted({spot for number in members for spot in matches.get(number, ())})
        return Concordance(state, tuple(members), tuple(spots))
    if state is ConcordanceClass.CALCIFIED_COLD:
        volume_ml = sum(unit.volume_mm3 for unit in cluster) / 1000.0
        longest = max(lesion.longest_diameter_mm for unit in cluster for lesion in unit.lesions)
        large = volume_ml >= settings.assessable_volume_ml
        if not large and longest < settings.assessable_diameter_mm:
            state = ConcordanceClass.NOT_ASSESSABLE
    return Concordance(state, tuple(members), ())


def _lone(spot: HotSpot, outside_ct: Sequence[int]) -> Concordance:
    """The row of a hot spot without lesions."""
    if spot.id in outside_ct:
        return Concordance(ConcordanceClass.NOT_ASSESSABLE, (), (spot.id,))
    return Concordance(ConcordanceClass.HOT_WITHOUT_CALCIFICATION, (), (spot.id,))


def _lesions_of(
    rows: Sequence[Concordance], matches: Mapping[int, set[int]]
) -> dict[int, tuple[int, ...]]:
    """Lesions of each hot spot, as the rows have them."""
    found: dict[int, list[int]] = {}
    for row in rows:
        for lesion in row.lesion_ids:
            for spot in sorted(matches.get(lesion, set()) & set(row.hot_spot_ids)):
                found.setdefault(spot, []).append(lesion)
    return {spot: tuple(sorted(members)) for spot, members in found.items()}
