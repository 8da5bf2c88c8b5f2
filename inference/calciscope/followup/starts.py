"""Where to start a registration: a coarse search over turns and over shifts along the bone.

Scanner coordinates say little: the patient lies elsewhere on the table, and one scan may show more
of the leg than the other. So the part's surface is tried in many places of the other date's bone.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from calciscope.followup.rigid import Rigid, euler
from calciscope.followup.surfaces import values_at
from calciscope.volume import Volume

CAP_MM = 10.0
"""A surface point farther off than this counts as this far."""

UNSEEN_MM = 3.0
"""What a point costs that falls out of the other scan: less than a miss, more than a fit."""

STEP_MM = 8.0
POINTS = 400
TURNS_DEG = (-40.0, -20.0, 0.0, 20.0, 40.0)
TILTS_DEG = (-10.0, 0.0, 10.0)


def fit_cost(
    points: NDArray[np.float64], distance: Volume, least_overlap: float
) -> NDArray[np.float64]:
    """How badly surface points fit, mm; infinite where too few of them are in the other scan.

    Args:
        points: LPS mm in the other scan, shape (..., N, 3).
        distance: signed distance to the other date's surface, on a grid that covers its scan there.
        least_overlap: share of the points that must be inside of it.

    Returns:
        Shape (...).
    """
    values = values_at(distance, points, np.nan)
    seen = np.isfinite(values)
    cost = np.where(seen, np.minimum(np.abs(values), CAP_MM), UNSEEN_MM).mean(axis=-1)
    return np.asarray(np.where(seen.mean(axis=-1) >= least_overlap, cost, np.inf))


def best_starts(
    points: NDArray[np.float64],
    target: NDArray[np.float64],
    distance: Volume,
    least_overlap: float,
    count: int,
) -> list[Rigid]:
    """The most promising places of a part, best first.

    Args:
        points: of its surface at the earlier date, shape (N, 3).
        target: voxels of the bone that it may be found in at the later date, shape (M, 3).
        distance: signed distance to the surface of that bone.
        least_overlap: share of the points that the later scan must show.
        count: how many; they differ by more than a step.
    """
    some = points[:: max(1, len(points) // POINTS)]
    center = some.mean(axis=0)
    tried = list(_candidates(some, center, target))
    moved = np.stack([motion(some) for motion in tried])
    costs = fit_cost(moved, distance, least_overlap)
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
