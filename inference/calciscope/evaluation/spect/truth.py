"""What a hot spot truly is: the compartment that holds most of the activity inside it.

Share of true activity, not of voxels; on a tie the earlier of `labels.HOT_SPOT_COMPARTMENTS`
(bone, joint, muscle, subcutaneous, vascular ...).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError
from calciscope.evaluation.spect.cases import NO_COMPARTMENT
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.volume import Volume

PURE = 0.6
"""Below this share of its largest compartment a hot spot is mixed."""


@dataclass(frozen=True)
class HotSpotTruth:
    """Where the activity of a hot spot lies.

    Attributes:
        id: of the hot spot.
        shares: of its activity per compartment, in order of HOT_SPOT_COMPARTMENTS; sum 1, or all
            0 where the image shows a hot spot without activity below it.
        index: of the largest share.
        mixed: whether that share is below `PURE`.
        runner_up: index of the second largest share.
    """

    id: int
    shares: tuple[float, ...]
    index: int
    mixed: bool
    runner_up: int

    @property
    def compartment(self) -> Compartment:
        """The class."""
        return HOT_SPOT_COMPARTMENTS[self.index]


def hot_spot_truth(
    hot_spot_ids: Volume,
    activity: Volume,
    compartments: Volume,
    ids: Sequence[int] | None = None,
) -> tuple[HotSpotTruth, ...]:
    """Look up the truth of hot spots.

    A voxel of the activity counts for the hot spot whose SPECT voxel holds its center.

    Args:
        hot_spot_ids: 0 or an id, any grid.
        activity: true SUV on a fine grid in the same world; negative values count as none.
        compartments: index into HOT_SPOT_COMPARTMENTS, or NO_COMPARTMENT, on that grid.
        ids: what is asked for; all that occur, rising, if None.

    Raises:
        InputError: activity and compartments do not share a grid.
    """
    if not activity.same_grid(compartments):
        raise InputError("activity and compartments of a case do not share a grid; make it again")
    wanted = np.unique(hot_spot_ids.array) if ids is None else np.asarray(ids)
    wanted = wanted[wanted > 0]
    found = ids_at_voxels(hot_spot_ids, activity)
    chosen = (found > 0) & (compartments.array.ravel() != NO_COMPARTMENT)
    classes = len(HOT_SPOT_COMPARTMENTS)
    highest = int(max(wanted.max(initial=0), found.max(initial=0)))
    places = found[chosen].astype(np.intp) * classes + compartments.array.ravel()[chosen]
    weights = np.maximum(activity.array.ravel()[chosen].astype(np.float64), 0.0)
    table = np.bincount(places, weights, (highest + 1) * classes).reshape(-1, classes)
    return tuple(_truth(int(number), table[number]) for number in wanted)


def _truth(number: int, sums: NDArray[np.float64]) -> HotSpotTruth:
    total = float(sums.sum())
    shares = sums / total if total > 0 else np.zeros_like(sums)
    # argsort of the negative keeps the order of equals, argmax likewise.
    order = np.argsort(-shares, kind="stable")
    largest = int(order[0])
    return HotSpotTruth(
        number,
        tuple(float(share) for share in shares),
        largest,
        bool(shares[largest] < PURE),
        int(order[1]),
    )


def ids_at_voxels(hot_spot_ids: Volume, grid: Volume) -> NDArray[np.int64]:
    """Id at the center of each voxel of a grid, flat, plane by plane to spare memory."""
    _, rows, planes = grid.shape
    plane = np.stack(
        np.meshgrid(np.arange(rows), np.arange(planes), indexing="ij"), axis=-1
    ).reshape(-1, 2)
    result = np.zeros((grid.shape[0], len(plane)), dtype=np.int64)
    shape = np.array(hot_spot_ids.shape)
    for i in range(grid.shape[0]):
        places = grid.lps_mm(np.column_stack([np.full(len(plane), i), plane]))
        index = np.rint(hot_spot_ids.index(places)).astype(np.intp)
        inside = ((index >= 0) & (index < shape)).all(axis=1)
        result[i, inside] = hot_spot_ids.array[tuple(index[inside].T)]
    return result.ravel()
