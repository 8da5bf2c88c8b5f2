"""True foci against the hot spots that were detected: what was found, what is there for nothing.

Only foci whose true uptake reaches the least SUV of a hot spot count: others are not hot. One is
found if a hot spot comes within `REACH_MM` of its center; a longer one also if a hot spot of its
compartment comes within half of its length. A hot spot is false if no focus has its center so near
and the true uptake beneath it, at its highest, stays below the SUV that a hot spot needs: neither a
focus nor a normal organ, bone or bladder explains it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.spect.rows import FocusRow
from calciscope.labels import Compartment
from calciscope.volume import Volume

Places = NDArray[np.float64]

REACH_MM = 10.0
"""Farthest from the center of a focus that a hot spot may end and still show it: the resolution."""

ASSESSABLE_ML = 0.5
ASSESSABLE_MM = 8.0
"""A focus that is smaller in both is one that SPECT need not show."""


def hot_foci(meta: Mapping[str, Any], least_suv: float) -> list[Mapping[str, Any]]:
    """Rows of the table of foci that are hot; cold and lukewarm mineral stands in it too."""
    return [row for row in meta["foci"] if row["suv"] >= least_suv]


def focus_centers(foci: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> Places:
    """Centers of foci where the SPECT saw them, LPS mm, shape (n, 3)."""
    centers = np.array([row["center_mm"] for row in foci], float).reshape(-1, 3)
    matrix = np.array(meta.get("misregistration", {}).get("matrix", np.eye(4)), dtype=float)
    return np.asarray(centers @ matrix[:3, :3].T + matrix[:3, 3])


def focus_distances(centers_mm: Places, hot_spot_ids: Volume, ids: Sequence[int]) -> Places:
    """Distance from each center to the nearest voxel of each hot spot, mm, (foci, hot spots)."""
    distances = np.full((len(centers_mm), len(ids)), np.inf)
    index = np.argwhere(hot_spot_ids.array > 0)
    values = hot_spot_ids.array[tuple(index.T)]
    places = hot_spot_ids.lps_mm(index)
    for column, hot_spot in enumerate(ids):
        voxels = places[values == hot_spot]
        for row, center in enumerate(centers_mm):
            distances[row, column] = np.sqrt(((voxels - center) ** 2).sum(axis=1).min())
    return distances


def focus_rows(
    foci: Sequence[Mapping[str, Any]], distances: Places, truths: Sequence[Compartment | None]
) -> tuple[FocusRow, ...]:
    """Every hot focus, and whether a hot spot shows it.

    Args:
        foci: of `hot_foci`.
        distances: of `focus_distances`.
        truths: compartment of each hot spot.
    """
    return tuple(
        FocusRow(
            int(row["id"]),
            str(row["kind"]),
            Compartment(row["compartment"]),
            float(row["suv"]),
            float(row["volume_ml"]),
            float(row["length_mm"]),
            row["volume_ml"] >= ASSESSABLE_ML or row["length_mm"] >= ASSESSABLE_MM,
            bool(row["physiologic"]),
            _is_found(row, near, truths),
        )
        for row, near in zip(foci, distances, strict=True)
    )


def _is_found(row: Mapping[str, Any], near: Places, truths: Sequence[Compartment | None]) -> bool:
    same = np.array([truth == row["compartment"] for truth in truths], dtype=bool)
    return bool(((near <= REACH_MM) | (same & (near <= 0.5 * row["length_mm"]))).any())


def are_false(distances: Places, highest_true: Places, least_suv: float) -> NDArray[np.bool_]:
    """Whether each hot spot is there for nothing, shape (hot spots,).

    Args:
        distances: of `focus_distances`.
        highest_true: highest true SUV beneath each hot spot.
        least_suv: that a hot spot needs.
    """
    far = (distances > REACH_MM).all(axis=0)
    return np.asarray(far & (highest_true < least_suv))
