"""Which lesions of two dates are the same: a graph between them, and its connected groups.

Lesions match where they overlap in registered space. One without any overlap matches the nearest
lesion within 5 mm if that has none either and no nearer one: rods of a chain lie 5 mm apart, so
that distance alone would tie whole chains together. The left is never matched with the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from calciscope.followup.settings import ComparisonSettings
from calciscope.locations import Laterality


@dataclass(frozen=True, eq=False)
class Placed:
    """A lesion in the space of the later scan.

    Attributes:
        id: of its own date.
        voxels_mm: centers of its voxels, in mm along the axes of the later grid, shape (N, 3).
        voxel_mm: size of its voxels, shape (3,).
        side: of its own date.
    """

    id: int
    voxels_mm: NDArray[np.float64]
    voxel_mm: NDArray[np.float64]
    side: Laterality

    @property
    def volume_mm3(self) -> float:
        """Of its voxels."""
        return len(self.voxels_mm) * float(self.voxel_mm.prod())


@dataclass(frozen=True)
class Group:
    """Lesions of both dates that belong together; one of the two may be empty."""

    earlier: tuple[int, ...]
    later: tuple[int, ...]


@dataclass(frozen=True)
class Contact:
    """How two lesions lie to each other.

    Attributes:
        gap_mm: between their surfaces; 0 where they overlap.
        shared: share of the smaller one that lies in the other, 0 to 1.
    """

    gap_mm: float
    shared: float


def match(
    earlier: Sequence[Placed], later: Sequence[Placed], settings: ComparisonSettings
) -> tuple[Group, ...]:
    """Group the lesions of two dates; each is in one group.

    Args:
        earlier: moved into the space of the later scan.
        later: as they are.
        settings: how much overlap and which distance count.
    """
    contacts = _contacts(earlier, later, settings.match_mm)
    edges = [pair for pair, c in contacts.items() if c.shared >= settings.least_shared]
    loose_earlier = set(range(len(earlier))) - {i for i, _ in edges}
    loose_later = set(range(len(later))) - {j for _, j in edges}
    gaps = {
        (i, j): contact.gap_mm
        for (i, j), contact in contacts.items()
        if i in loose_earlier and j in loose_later
    }
    # Nearest first; each lesion that has no overlap is given away once.
    for i, j in sorted(gaps, key=lambda pair: (gaps[pair], pair)):
        if i in loose_earlier and j in loose_later:
            edges.append((i, j))
            loose_earlier.discard(i)
            loose_later.discard(j)
    return _groups(earlier, later, edges)


def contact(one: Placed, other: Placed) -> Contact:
    """How two lesions lie to each other, voxels taken as boxes."""
    reach = 0.5 * (one.voxel_mm + other.voxel_mm)
    gaps_of_one = _gaps(one.voxels_mm, KDTree(other.voxels_mm), reach)
    gaps_of_other = _gaps(other.voxels_mm, KDTree(one.voxels_mm), reach)
    smaller = gaps_of_one if one.volume_mm3 <= other.volume_mm3 else gaps_of_other
    return Contact(
        float(min(gaps_of_one.min(), gaps_of_other.min())), float((smaller == 0.0).mean())
    )


def _gaps(
    points: NDArray[np.float64], tree: KDTree, reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Gap of each box to the box with the nearest center."""
    _, nearest = tree.query(points)
    offsets = np.abs(points - tree.data[nearest])
    return np.asarray(np.linalg.norm(np.maximum(offsets - reach, 0.0), axis=1))


def _contacts(
    earlier: Sequence[Placed], later: Sequence[Placed], most_mm: float
) -> dict[tuple[int, int], Contact]:
    """Contacts of all pairs of one side whose gap is at most `most_mm`."""
    found = {}
    boxes = [(b.voxels_mm.min(axis=0), b.voxels_mm.max(axis=0)) for b in later]
    for i, one in enumerate(earlier):
        low, high = one.voxels_mm.min(axis=0), one.voxels_mm.max(axis=0)
        for j, other in enumerate(later):
            room = most_mm + 0.5 * (one.voxel_mm + other.voxel_mm)
            apart = np.maximum(boxes[j][0] - high, low - boxes[j][1]) > room
            if apart.any() or not _same_side(one.side, other.side):
                continue
            each = contact(one, other)
            if each.gap_mm <= most_mm:
                found[i, j] = each
    return found


def _same_side(one: Laterality, other: Laterality) -> bool:
    """Whether two lesions may be the same: near the midline a side may change its name."""
    return one is other or Laterality.MIDLINE in (one, other)


def _groups(
    earlier: Sequence[Placed], later: Sequence[Placed], edges: Sequence[tuple[int, int]]
) -> tuple[Group, ...]:
    """Connected groups, lesions without any edge included."""
    root = list(range(len(earlier) + len(later)))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for i, j in edges:
        root[find(i)] = find(len(earlier) + j)
    members: dict[int, tuple[list[int], list[int]]] = {}
    for node in range(len(root)):
        mine = members.setdefault(find(node), ([], []))
        if node < len(earlier):
            mine[0].append(earlier[node].id)
        else:
            mine[1].append(later[node - len(earlier)].id)
    groups = [Group(tuple(sorted(a)), tuple(sorted(b))) for a, b in members.values()]
    return tuple(sorted(groups, key=lambda group: (group.earlier or (10**9,), group.later)))
