"""CT lesions as a reader of the SPECT sees them: chains, and what lies too near to tell apart."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from calciscope.ct.masks import indices_of
from calciscope.findings import Chain, Lesion
from calciscope.volume import Volume

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Unit:
    """A chain, or a lesion that is in none.

    Attributes:
        lesions: by rising id.
    """

    lesions: tuple[Lesion, ...]

    @property
    def volume_mm3(self) -> float:
        """Volume that allows for partial volume."""
        return sum(lesion.volume_pv_mm3 for lesion in self.lesions)

    def most_of(self, ids: set[int]) -> bool:
        """Whether lesions of these ids make up at least half of the volume."""
        part = sum(lesion.volume_pv_mm3 for lesion in self.lesions if lesion.id in ids)
        return part > 0 and 2 * part >= self.volume_mm3


def lesion_points(lesion_ids: Volume) -> dict[int, Points]:
    """World positions of each lesion's voxels, shape (N, 3), by id."""
    voxels = indices_of(lesion_ids.array > 0)
    if not len(voxels):
        return {}
    ids = lesion_ids.array[tuple(voxels.T)]
    order = np.argsort(ids, kind="stable")
    names, first = np.unique(ids[order], return_index=True)
    parts = np.split(lesion_ids.lps_mm(voxels[order]), first[1:])
    return dict(zip(names.tolist(), parts, strict=True))


def units_of(lesions: Sequence[Lesion], chains: Sequence[Chain]) -> list[Unit]:
    """Chains and single lesions."""
    known = {lesion.id: lesion for lesion in lesions}
    units = []
    for chain in chains:
        members = [known.pop(number) for number in chain.lesion_ids if number in known]
        if members:
            units.append(Unit(tuple(members)))
    units += [Unit((lesion,)) for lesion in known.values()]
    return units


def clustered(
    units: Sequence[Unit],
    points: Mapping[int, Points],
    distance_mm: float,
    kind: Callable[[Unit], Hashable],
) -> list[tuple[Unit, ...]]:
    """Units joined where lesions of the same kind lie no farther apart than a distance.

    Args:
        units: to be joined.
        points: of each lesion.
        distance_mm: between voxel centers.
        kind: units of different kinds are never joined.
    """
    if not units:
        return []
    clouds = [np.concatenate([points[each.id] for each in unit.lesions]) for unit in units]
    low = np.array([cloud.min(axis=0) for cloud in clouds]) - distance_mm
    high = np.array([cloud.max(axis=0) for cloud in clouds])
    trees: dict[int, cKDTree] = {}
    links: list[tuple[int, int]] = []
    for one in range(len(units)):
        touching = ((low[one] <= high) & (low <= high[one])).all(axis=1)
        for other in np.flatnonzero(touching[:one]).tolist():
            if kind(units[one]) != kind(units[other]):
                continue
            tree = trees.setdefault(other, cKDTree(clouds[other]))
            gap, _ = tree.query(clouds[one], distance_upper_bound=distance_mm + 1e-9)
            if np.isfinite(gap).any():
                links.append((one, other))
    pairs = np.array(links, dtype=int).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(units), len(units)))
    _, group = connected_components(graph, directed=False)
    clusters: dict[int, list[Unit]] = {}
    for unit, number in zip(units, group.tolist(), strict=True):
        clusters.setdefault(number, []).append(unit)
    return [tuple(cluster) for cluster in clusters.values()]
