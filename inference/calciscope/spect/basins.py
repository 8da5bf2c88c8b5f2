"""Basins of an image: what belongs to each of its maxima, with maxima too near or too like merged.

A watershed: every voxel climbs to its highest neighbor until it reaches a maximum. Two basins
become one where their maxima are near one another, or where the way between them hardly falls.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

_STEPS = np.array([step for step in product((-1, 0, 1), repeat=3) if any(step)])
_AHEAD = [int(np.flatnonzero((step == _STEPS).all(axis=1))[0]) for step in np.eye(3, dtype=int)]
_BEHIND = [len(_STEPS) - 1 - step for step in _AHEAD]


@dataclass(frozen=True, eq=False)
class Basins:
    """Basins over some voxels.

    Attributes:
        voxels: shape (N, 3), in the order of the array.
        basin: basin of each of them, 0 .. count - 1; shape (N,).
        count: number of basins.
    """

    voxels: NDArray[np.intp]
    basin: NDArray[np.intp]
    count: int


def find_basins(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    spacing_mm: NDArray[np.float64],
    distance_mm: float,
    saddle_share: float,
) -> Basins:
    """Divide the voxels of a mask among the maxima.

    Args:
        values: what is climbed, shape (I, J, K).
        mask: voxels to divide, 26-connected.
        spacing_mm: of the voxels.
        distance_mm: maxima nearer to one another are merged where they touch.
        saddle_share: so are those whose saddle is at least this share of the lower maximum.
    """
    voxels = np.argwhere(mask)
    if not len(voxels):
        return Basins(voxels, np.zeros(0, np.intp), 0)
    heights = values[mask].astype(np.float64)
    neighbors = _neighbors(voxels, mask)
    peak = _peaks(heights, neighbors)
    places_mm = _peak_places(voxels, heights, neighbors) * spacing_mm
    merged = _merged(places_mm, heights, neighbors, peak, distance_mm, saddle_share)
    _, basin = np.unique(merged, return_inverse=True)
    return Basins(voxels, basin.reshape(-1), int(basin.max()) + 1)


def _neighbors(voxels: NDArray[np.intp], mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Numbers of each voxel's 26 neighbors, -1 outside of the mask; shape (N, 26)."""
    number = np.full(np.array(mask.shape) + 2, -1, dtype=np.intp)
    number[1:-1, 1:-1, 1:-1][mask] = np.arange(len(voxels))
    return np.stack([number[tuple((voxels + 1 + step).T)] for step in _STEPS], axis=1)


def _peaks(heights: NDArray[np.float64], neighbors: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number of the maximum that each voxel climbs to; of equal voxels the first is higher."""
    rank = np.empty(len(heights), np.intp)
    rank[np.lexsort((-np.arange(len(heights)), heights))] = np.arange(len(heights))
    around = np.where(neighbors >= 0, rank[neighbors], -1)
    best = around.argmax(axis=1)
    rows = np.arange(len(heights))
    target = np.where(around[rows, best] > rank, neighbors[rows, best], rows)
    while True:
        further = target[target]
        if (further == target).all():
            return np.asarray(target)
        target = further


def _peak_places(
    voxels: NDArray[np.intp], heights: NDArray[np.float64], neighbors: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Where the maximum near each voxel lies, by a parabola along each axis; in voxels.

    Voxels are as large as a third of the distance that two maxima must keep.
    """
    places = voxels.astype(np.float64)
    for axis, (ahead, behind) in enumerate(zip(_AHEAD, _BEHIND, strict=True)):
        right, left = neighbors[:, ahead], neighbors[:, behind]
        slope = heights[right] - heights[left]
        bend = 2 * heights - heights[right] - heights[left]
        bent = (right >= 0) & (left >= 0) & (bend > 0)
        shift = np.divide(slope, 2 * bend, out=np.zeros_like(slope), where=bent)
        places[:, axis] += np.clip(shift, -0.5, 0.5)
    return places


def _merged(
    places_mm: NDArray[np.float64],
    heights: NDArray[np.float64],
    neighbors: NDArray[np.intp],
    peak: NDArray[np.intp],
    distance_mm: float,
    saddle_share: float,
) -> NDArray[np.intp]:
    """Number of each voxel's maximum after merging, the highest saddles first."""
    root = {int(number): int(number) for number in np.unique(peak)}

    def find(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    for height, one, other in _saddles(heights, neighbors, peak):
        high, low = sorted((find(one), find(other)), key=lambda n: (-heights[n], n))
        if high == low:
            continue
        apart = float(np.linalg.norm(places_mm[high] - places_mm[low]))
        if apart < distance_mm or height >= saddle_share * heights[low]:
            root[low] = high
    table = np.zeros(len(heights), np.intp)
    for number in root:
        table[number] = find(number)
    return np.asarray(table[peak])


def _saddles(
    heights: NDArray[np.float64], neighbors: NDArray[np.intp], peak: NDArray[np.intp]
) -> list[tuple[float, int, int]]:
    """Highest pass between each two basins that touch, falling: (height, one, other)."""
    rows, columns = np.nonzero(neighbors > np.arange(len(heights))[:, None])
    one, other = rows, neighbors[rows, columns]
    borders = peak[one] != peak[other]
    one, other = one[borders], other[borders]
    passes = np.minimum(heights[one], heights[other])
    low, high = np.minimum(peak[one], peak[other]), np.maximum(peak[one], peak[other])
    order = np.lexsort((high, low, -passes))
    seen: dict[tuple[int, int], float] = {}
    for index in order.tolist():
        seen.setdefault((int(low[index]), int(high[index])), float(passes[index]))
    return [(height, first, second) for (first, second), height in seen.items()]
