"""Where to start a registration: a coarse search over turns and over shifts along the bone.

Scanner coordinates say little: the patient lies elsewhere on the table, and one scan may show more
of the leg than the other. So the part's surface is tried in many places of the other date's bone.
"""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from calciscope.followup.fit import POINTS, Surfaces
from calciscope.followup.rigid import Rigid, euler

STEP_MM = 8.0
TURNS_DEG = (-40.0, -20.0, 0.0, 20.0, 40.0)
TILTS_DEG = (-10.0, 0.0, 10.0)


def best_starts(
    surfaces: Surfaces,
    target: NDArray[np.float64],
    count: int,
    allowed: Callable[[Rigid], bool] | None = None,
) -> list[Rigid]:
    """The most promising places of a part, best first.

    Args:
        surfaces: of both dates.
        target: voxels of the bone that it may be found in at the later date, shape (M, 3).
        count: how many; they differ by more than a step.
        allowed: which motions may be tried at all.
    """
    some = surfaces.earlier[:: max(1, len(surfaces.earlier) // POINTS)]
    center = some.mean(axis=0)
    tried = [m for m in _candidates(some, center, target) if allowed is None or allowed(m)]
    if not tried:
        return []
    costs = surfaces.costs(tried)
    chosen: list[Rigid] = []
    for index in np.argsort(costs, kind="stable"):
        if len(chosen) == count or not np.isfinite(costs[index]):
            break
        motion = tried[int(index)]
        if all(_differ(motion, other, center) for other in chosen):
            chosen.append(motion)
    return chosen


def _candidates(
    points: NDArray[np.float64], center: NDArray[np.float64], target: NDArray[np.float64]
) -> Iterator[Rigid]:
    """Turned about its center, shifted along z, and across to the middle of the bone there."""
    turns = [euler(x, y, z) for x, y, z in product(TILTS_DEG, TILTS_DEG, TURNS_DEG)]
    order = np.argsort(target[:, 2])
    heights = target[order, 2]
    sums = np.vstack([np.zeros(3), np.cumsum(target[order], axis=0)])
    half = 0.5 * float(np.ptp(points[:, 2]))
    low, high = heights[0] - half, heights[-1] + half
    for z in np.arange(low, high + STEP_MM, STEP_MM):
        first, last = np.searchsorted(heights, [z - half, z + half])
        if last <= first:
            continue
        slab = (points[:, 2] >= heights[0] - z + center[2]) & (
            points[:, 2] <= heights[-1] - z + center[2]
        )
        if not slab.any():
            continue
        # The middle of what both show, not of all: a scan may end half-way.
        middle = (sums[last] - sums[first]) / (last - first)
        shown = points[slab].mean(axis=0)
        across = middle[:2] - shown[:2]
        to = np.array([center[0] + across[0], center[1] + across[1], z])
        for turn in turns:
            yield Rigid.about(center, turn, to)
    yield Rigid.identity()


def _differ(one: Rigid, other: Rigid, center: NDArray[np.float64]) -> bool:
    """Whether two starts lead to different places."""
    apart = float(np.linalg.norm(one(center) - other(center)))
    turn = Rigid(one.rotation @ other.rotation.T, np.zeros(3)).angle_deg
    return apart > 1.5 * STEP_MM or turn > 15.0
