"""Ways through a limb: along its arteries, and along the marrow of a bone."""

from collections.abc import Callable

import numpy as np

from calciscope.labels import Label
from calciscope.phantom.shapes import Points
from calciscope.phantom.sites import Site, TissueMap, VesselPath

Rng = np.random.Generator
Score = Callable[[Points], Points]

STEP_MM = 3.0
SIDEWAYS_MM = 1.2
SOFT = (Label.MUSCLE, Label.SUBCUTANEOUS)


def vessel_run(
    tissues: TissueMap, site: Site, length_mm: float, radius_mm: float, rng: Rng
) -> VesselPath | None:
    """A run along an artery.

    Args:
        tissues: whose `vessels` are followed where there are any.
        site: where the run starts if no artery is known.
        length_mm: wanted; what the grid cuts off is lost.
        radius_mm: of the lumen where it is not known.
        rng: of the choice.

    Returns:
        Points about 3 mm apart and the lumen's radius; None where fewer than 3 points lie in
        soft tissue.
    """
    if tissues.vessels:
        lengths = np.array([_length(v.points_mm) for v in tissues.vessels])
        vessel = tissues.vessels[int(rng.choice(len(lengths), p=lengths / lengths.sum()))]
        path, radius_mm = _resampled(vessel.points_mm), vessel.radius_mm
    else:
        path = _bundle(tissues, site, length_mm, rng)
    path = _longest_soft(tissues, path)
    count = int(length_mm / STEP_MM) + 1
    first = int(rng.integers(max(len(path) - count, 0) + 1)) if len(path) else 0
    path = path[first : first + count]
    return VesselPath(path, radius_mm) if len(path) >= 3 else None


def _length(points: Points) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) + 1e-6


def _resampled(points: Points) -> Points:
    """The same line with points `STEP_MM` apart."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.arange(0.0, along[-1], STEP_MM)
    return np.stack([np.interp(wanted, along, c) for c in points.T], axis=-1)


def _longest_soft(tissues: TissueMap, path: Points) -> Points:
    """The longest part of a path that lies in soft tissue of the grid."""
    if len(path) == 0:
        return path
    soft = np.isin(tissues.label_at(path), SOFT)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], soft.astype(int), [0]])))
    runs = edges.reshape(-1, 2)
    if len(runs) == 0:
        return path[:0]
    start, stop = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return path[start:stop]


def _bundle(tissues: TissueMap, site: Site, length_mm: float, rng: Rng) -> Points:
    """A way along the limb that keeps its distance from bone and fascia."""
    room = np.minimum(tissues.room_mm[Label.MUSCLE], tissues.bone_distance_mm)
    wanted = float(np.clip(tissues.bone_distance_mm[_at(tissues, site.point)], 5.0, 15.0))

    def score(points: Points) -> Points:
        index, inside = tissues.coarse_index(points)
        where = tuple(np.moveaxis(index, -1, 0))
        free = np.where(inside, room[where], -1.0)
        away = np.abs(tissues.bone_distance_mm[where] - wanted)
        return np.where(free < 1.5, -np.inf, np.minimum(free, 5.0) - 0.15 * away)

    half = 0.5 * length_mm
    up = _march(site.point, 1.0, half, score, rng)
    down = _march(site.point, -1.0, half, score, rng)
    return np.concatenate([down[::-1], site.point[None], up])


def _at(tissues: TissueMap, point: Points) -> tuple[int, int, int]:
    index, _ = tissues.coarse_index(point)
    return int(index[0]), int(index[1]), int(index[2])


def _march(start: Points, sign: float, length_mm: float, score: Score, rng: Rng) -> Points:
    """Steps along z, each to the best of 25 places ahead; ends where all are forbidden."""
    shifts = np.array([(i, j) for i in range(-2, 3) for j in range(-2, 3)]) * 0.5 * SIDEWAYS_MM
    point, slope = start, np.zeros(2)
    path = []
    for _ in range(int(length_mm / STEP_MM)):
        ahead = np.column_stack(
            [point[:2] + slope + shifts, np.full(25, point[2] + sign * STEP_MM)]
        )
        value = score(ahead) - 0.8 * np.linalg.norm(shifts, axis=1) + rng.normal(0, 0.15, 25)
        best = int(np.argmax(value))
        if not np.isfinite(value[best]):
            break
        slope = np.clip(0.7 * (ahead[best, :2] - point[:2]), -1.5, 1.5)
        point = ahead[best]
        path.append(point)
    return np.array(path).reshape(-1, 3)


def bone_axis(tissues: TissueMap, site: Site) -> Points:
    """Middle of the bone around a site, straightened as a rod in it would be, (n, 3) upward."""
    depth = tissues.room_mm[Label.BONE]

    def score(points: Points) -> Points:
        index, inside = tissues.coarse_index(points)
        value = np.where(inside, depth[tuple(np.moveaxis(index, -1, 0))], -1.0)
        return np.where(value < 3.0, -np.inf, 2.0 * value)

    still = np.random.default_rng(0)
    start = site.point
    up = _march(start, 1.0, 1e3, score, still)
    down = _march(start, -1.0, 1e3, score, still)
    path = np.concatenate([down[::-1], start[None], up])
    if len(path) < 5:
        return path
    # A rod bends little: one arc through all of the marrow.
    z = path[:, 2] - path[:, 2].mean()
    fitted = [np.polyval(np.polyfit(z, path[:, axis], 2), z) for axis in (0, 1)]
    return np.column_stack([*fitted, path[:, 2]])
