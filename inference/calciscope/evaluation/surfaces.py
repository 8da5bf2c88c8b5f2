"""Surfaces of masks as faces with areas, and the distances between two of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree


@dataclass(frozen=True, eq=False)
class SurfacePair:
    """Distances and areas of the faces of both surfaces, each to the other."""

    of_reference: tuple[NDArray[np.float64], NDArray[np.float64]]
    of_prediction: tuple[NDArray[np.float64], NDArray[np.float64]]

    @property
    def area_mm2(self) -> float:
        """Area of both surfaces together."""
        return float(self.of_reference[1].sum() + self.of_prediction[1].sum())


def surfaces_between(
    reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: ArrayLike
) -> SurfacePair:
    """Both surfaces with the distance of each face to the nearest face of the other.

    Args:
        reference, prediction: masks of one shape, neither empty.
        spacing_mm: of their grid.
    """
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    one, one_areas = _faces(reference, spacing)
    two, two_areas = _faces(prediction, spacing)
    return SurfacePair(
        (np.asarray(KDTree(two).query(one)[0]), one_areas),
        (np.asarray(KDTree(one).query(two)[0]), two_areas),
    )


def _faces(
    mask: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centers (n, 3) in mm and areas (n,) of the faces between a mask and its outside."""
    padded = np.pad(mask, 1)
    centers, areas = [], []
    for axis in range(3):
        edges = np.argwhere(np.diff(padded.astype(np.int8), axis=axis) != 0).astype(np.float64)
        edges[:, axis] += 0.5
        centers.append(edges * spacing)
        areas.append(np.full(len(edges), np.prod(np.delete(spacing, axis))))
    return np.concatenate(centers), np.concatenate(areas)


def weighted_percentile(
    values: NDArray[np.float64], weights: NDArray[np.float64], share: float
) -> float:
    """Smallest value at or below which at least `share` of the weight lies."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    index = int(np.searchsorted(cumulative, share * cumulative[-1] * (1 - 1e-12)))
    return float(values[order[min(index, len(values) - 1)]])
