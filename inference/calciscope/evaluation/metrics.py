"""Overlap, surface and confusion metrics of one case; pure functions.

Empty cases are stated, never NaN: two empty masks agree fully (1, or 0 mm), and one empty mask
against one that is not gets the worst value (0, or the image's diagonal).
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calciscope.evaluation.surfaces import SurfacePair, surfaces_between, weighted_percentile
from calciscope.labels import IGNORE, Label
from calciscope.volume import Array

VESSEL_AND_BONE = (Label.BONE, Label.VASCULAR)
"""Labels whose mineral is easily taken for soft-tissue calcification."""


def dice(reference: Array, prediction: Array) -> float:
    """Dice coefficient 2 |A and B| / (|A| + |B|) of two masks.

    Args:
        reference, prediction: bool, one shape.

    Returns:
        0 to 1; 1 where both are empty.
    """
    reference, prediction = _masks(reference, prediction)
    size = int(reference.sum()) + int(prediction.sum())
    return 1.0 if size == 0 else 2.0 * int((reference & prediction).sum()) / size


def scored_masks(
    reference_labels: Array, predicted_labels: Array, label: int = Label.CALCIFICATION
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of one label in reference and prediction, without the voxels to ignore.

    Args:
        reference_labels: uint8 labels, 255 where nothing is scored.
        predicted_labels: uint8 labels, same shape.
    """
    scored = reference_labels != IGNORE
    return reference_labels == label, (predicted_labels == label) & scored


def normalized_surface_dice(
    reference: Array, prediction: Array, spacing_mm: ArrayLike, tolerance_mm: float
) -> float:
    """Share of both surfaces that lies within a tolerance of the other (Nikolov 2018).

    Surfaces are the faces between a voxel of the mask and one outside it, weighted by area; the
    distance of a face is that to the nearest face center of the other mask.

    Returns:
        0 to 1; 1 where both are empty, 0 where one is.
    """
    reference, prediction = _masks(reference, prediction)
    if not (reference.any() and prediction.any()):
        return 0.0 if (reference.any() or prediction.any()) else 1.0
    return _share_near(surfaces_between(reference, prediction, spacing_mm), tolerance_mm)


@dataclass(frozen=True)
class SurfaceScores:
    """Both surface figures of one pair of masks."""

    normalized_dice: float
    hausdorff_95_mm: float


def surface_scores(
    reference: Array, prediction: Array, spacing_mm: ArrayLike, tolerance_mm: float
) -> SurfaceScores:
    """`normalized_surface_dice` and `hausdorff_95_mm` at once: the distances are found once."""
    reference, prediction = _masks(reference, prediction)
    if not (reference.any() and prediction.any()):
        return SurfaceScores(
            normalized_surface_dice(reference, prediction, spacing_mm, tolerance_mm),
            hausdorff_95_mm(reference, prediction, spacing_mm),
        )
    surfaces = surfaces_between(reference, prediction, spacing_mm)
    return SurfaceScores(_share_near(surfaces, tolerance_mm), _hausdorff_95(surfaces))


def hausdorff_95_mm(reference: Array, prediction: Array, spacing_mm: ArrayLike) -> float:
    """95th percentile of the surface distances, the larger one of both directions.

    Returns:
        Millimeters; 0 where both are empty, the image's diagonal where one is.
    """
    reference, prediction = _masks(reference, prediction)
    if not (reference.any() and prediction.any()):
        diagonal = float(np.linalg.norm(np.array(reference.shape) * np.asarray(spacing_mm)))
        return diagonal if (reference.any() or prediction.any()) else 0.0
    return _hausdorff_95(surfaces_between(reference, prediction, spacing_mm))


def confusion_rate(
    reference_labels: Array,
    prediction: Array,
    labels: Collection[int] = VESSEL_AND_BONE,
) -> float:
    """Share of the voxels of some labels that are called calcification.

    Args:
        reference_labels: uint8 labels.
        prediction: bool, what is called calcification.
        labels: of the voxels that should not be.

    Returns:
        0 to 1; 0 where the reference has no such voxel.
    """
    other = np.isin(reference_labels, list(labels))
    count = int(other.sum())
    return 0.0 if count == 0 else int((other & np.asarray(prediction, dtype=bool)).sum()) / count


def _share_near(surfaces: SurfacePair, tolerance_mm: float) -> float:
    near = sum(
        float(areas[distances <= tolerance_mm].sum())
        for distances, areas in (surfaces.of_reference, surfaces.of_prediction)
    )
    return near / surfaces.area_mm2


def _hausdorff_95(surfaces: SurfacePair) -> float:
    return max(
        weighted_percentile(distances, areas, 0.95)
        for distances, areas in (surfaces.of_reference, surfaces.of_prediction)
    )


def _masks(reference: Array, prediction: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if reference.shape != prediction.shape:
        raise ValueError(f"masks differ in shape: {reference.shape} and {prediction.shape}")
    return np.asarray(reference, dtype=bool), np.asarray(prediction, dtype=bool)
