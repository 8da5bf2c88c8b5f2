"""Figures of a hot spot that a patch does not show: size, form, and where in the body it lies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError
from calciscope.labels import Label
from calciscope.spect.patch_sampling import sample_linear, sample_nearest
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

LEAST_MUSCLE = 50
"""SPECT voxels of muscle that make a reference."""


@dataclass(frozen=True)
class HotSpotFacts:
    """Figures of a hot spot.

    Attributes:
        centroid_mm: weighted by uptake.
        volume_ml: of the hot spot.
        maximum, mean: uptake in the units of the scene.
        muscle_uptake: reference of the scan, in the same units; positive.
        is_suv: whether the units are SUVbw.
        linearity: (l1 - l2) / l1 of the eigenvalues of its voxels' covariance, 0 to 1.
        axis: unit vector of its longest extent, L, P, S.
        outline_mm: from the centroid to the body's outline in the same axial plane: right, left,
            front, back; 0 where the CT does not show it.
        body_cm2: area of the body in that plane.
        mirrored: uptake at the place mirrored in that outline / maximum; 0 outside the image.
    """

    centroid_mm: tuple[float, float, float]
    volume_ml: float
    maximum: float
    mean: float
    muscle_uptake: float
    is_suv: bool
    linearity: float
    axis: tuple[float, float, float]
    outline_mm: tuple[float, float, float, float]
    body_cm2: float
    mirrored: float


@dataclass(frozen=True, eq=False)
class PlaneOutline:
    """Extent of the body in axial planes.

    Attributes:
        body: share of body in each voxel, on any axes.
    """

    body: Volume

    def at(self, place_mm: NDArray[np.float64]) -> tuple[tuple[float, float, float, float], float]:
        """Distances to the right, left, front and back outline (mm), and the area (cm2)."""
        canonical = self.body.canonical().volume
        k = round(float(canonical.index(place_mm)[2]))
        if not 0 <= k < canonical.shape[2]:
            return (0.0, 0.0, 0.0, 0.0), 0.0
        inside = np.argwhere(canonical.array[:, :, k] > 0.5)
        if len(inside) == 0:
            return (0.0, 0.0, 0.0, 0.0), 0.0
        index = np.column_stack([inside, np.full(len(inside), k)])
        offsets = canonical.lps_mm(index)[:, :2] - place_mm[:2]
        (right, front), (left, back) = offsets.min(axis=0), offsets.max(axis=0)
        area = len(inside) * float(np.prod(canonical.spacing_mm[:2])) / 100.0
        return (float(right), float(left), float(front), float(back)), area


def hot_spot_facts(
    scene: SpectScene, hot_spot_ids: Volume, hot_spot: int, muscle: float, outline: PlaneOutline
) -> HotSpotFacts:
    """Measure a hot spot.

    Raises:
        InputError: there is no hot spot of this id.
    """
    index = np.argwhere(hot_spot_ids.array == hot_spot)
    if len(index) == 0 or hot_spot == 0:
        raise InputError(f"there is no hot spot {hot_spot} in this scene")
    uptake = scene.uptake.array[tuple(index.T)].astype(np.float64)
    weights = np.maximum(uptake, 1e-6)
    places = hot_spot_ids.lps_mm(index)
    center = np.average(places, axis=0, weights=weights)
    linearity, axis = _form(places)
    edges, area = outline.at(center)
    mirror = center.copy()
    mirror[0] += edges[0] + edges[1]
    values, seen = sample_linear(scene.uptake.array[..., None], scene.uptake, mirror[None])
    maximum = max(float(uptake.max()), 1e-6)
    x, y, z = (float(value) for value in center)
    return HotSpotFacts(
        (x, y, z),
        len(index) * hot_spot_ids.voxel_volume_mm3 / 1000.0,
        maximum,
        float(uptake.mean()),
        muscle,
        scene.is_suv,
        linearity,
        axis,
        edges,
        area,
        float(values[0, 0]) / maximum if seen[0] else 0.0,
    )


def muscle_uptake(scene: SpectScene) -> float:
    """Median uptake in muscle, else in the body, else of all that is positive; positive."""
    step = tuple(slice(None, None, max(1, size // 64)) for size in scene.uptake.shape)
    thin = np.indices(scene.uptake.shape)[(slice(None), *step)].reshape(3, -1).T
    uptake = scene.uptake.array[step].ravel()
    places = scene.uptake.lps_mm(thin)
    labels = sample_nearest(scene.tissues, places)
    body = sample_nearest(scene.body, places) > 0
    positive = np.isfinite(uptake) & (uptake > 0)
    for chosen in ((labels == Label.MUSCLE) & positive, body & positive, positive):
        if chosen.sum() >= LEAST_MUSCLE:
            return float(np.median(uptake[chosen]))
    return 1.0


def _form(places: NDArray[np.float64]) -> tuple[float, tuple[float, float, float]]:
    """Linearity and longest axis of points (N, 3)."""
    values, vectors = np.linalg.eigh(np.cov(places.T) if len(places) > 1 else np.eye(3))
    linearity = float((values[2] - values[1]) / max(values[2], 1e-9))
    x, y, z = (float(value) for value in vectors[:, 2])
    return linearity, (x, y, z)
