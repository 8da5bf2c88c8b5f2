"""The true compartment of a hot spot: where most of the true activity within its mask lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.volume import Volume

PURE_SHARE = 0.6
"""A hot spot with less of its activity in one compartment is mixed."""


@dataclass(frozen=True)
class HotSpotTruth:
    """Truth of one hot spot.

    Attributes:
        compartment: with most of the activity; None where there is none.
        share: of the activity in it; runner_up: the next compartment with any.
        mixed: whether `share` is below `PURE_SHARE`.
    """

    compartment: Compartment | None
    share: float
    mixed: bool
    runner_up: Compartment | None


def hot_spot_truth(
    activity: Volume, compartments: Volume, hot_spot_ids: Volume, ids: Sequence[int]
) -> list[HotSpotTruth]:
    """Truth of hot spots, in the order of `ids`.

    Args:
        activity: true SUV on a fine grid; compartments: index or 255, same grid.
        hot_spot_ids: on the SPECT grid.
        ids: which ones.
    """
    where = ids_on(hot_spot_ids, activity)
    known = (where > 0) & (np.asarray(compartments.array) < len(HOT_SPOT_COMPARTMENTS))
    cells = where[known].astype(np.int64) * len(HOT_SPOT_COMPARTMENTS)
    cells += np.asarray(compartments.array)[known]
    size = (max(ids, default=0) + 1) * len(HOT_SPOT_COMPARTMENTS)
    sums = np.bincount(cells, np.asarray(activity.array)[known], size)
    table = sums.reshape(-1, len(HOT_SPOT_COMPARTMENTS))
    return [_truth(table[number]) for number in ids]


def _truth(amounts: NDArray[np.float64]) -> HotSpotTruth:
    total = float(amounts.sum())
    if total <= 0:
        return HotSpotTruth(None, 0.0, True, None)
    order = np.argsort(-amounts, kind="stable")
    share = float(amounts[order[0]] / total)
    second = HOT_SPOT_COMPARTMENTS[order[1]] if amounts[order[1]] > 0 else None
    return HotSpotTruth(HOT_SPOT_COMPARTMENTS[order[0]], share, share < PURE_SHARE, second)


def ids_on(hot_spot_ids: Volume, grid: Volume) -> NDArray[np.uint16]:
    """The id of the hot spot that each voxel of another grid lies in; 0 outside."""
    result = np.zeros(grid.shape, np.uint16)
    rows = np.arange(grid.shape[0])[:, None]
    columns = np.arange(grid.shape[1])[None, :]
    for k in range(grid.shape[2]):
        index = np.stack(np.broadcast_arrays(rows, columns, np.intp(k)), axis=-1)
        there = np.rint(hot_spot_ids.index(grid.lps_mm(index))).astype(np.intp)
        inside = ((there >= 0) & (there < np.array(hot_spot_ids.shape))).all(axis=-1)
        result[:, :, k][inside] = hot_spot_ids.array[tuple(there[inside].T)]
    return result
