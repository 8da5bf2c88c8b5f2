"""How much a hot spot takes up, and its form: highest, mean and peak uptake, volume, diameters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.shape import LesionShape, measure_shape
from calciscope.volume import Volume

PEAK_ML = 1.0
"""Volume of the sphere that the peak is the mean of (Wahl 2009, PERCIST: J Nucl Med 50:122S)."""

_POINT_MM = 1.5
"""Distance of the points at which a sphere looks at the image."""

_CENTER_MM = 2.4
"""Distance of the places tried for its center."""


@dataclass(frozen=True, eq=False)
class UptakeFigures:
    """Uptake of a hot spot in the unit of its image, and its form.

    Attributes:
        highest, mean: over its voxels.
        peak: mean over the 1 mL sphere of highest mean among those that hold its highest voxel.
        volume_ml: of its voxels.
        total: mean times volume, in the image's unit times mL.
        peak_lps_mm: its highest voxel; shape (3,).
        shape: diameters, linearity, direction and centroid.
    """

    highest: float
    mean: float
    peak: float
    volume_ml: float
    total: float
    peak_lps_mm: NDArray[np.float64]
    shape: LesionShape


def measure_uptake(uptake: Volume, voxels: NDArray[np.intp]) -> UptakeFigures:
    """Measure a hot spot.

    Args:
        uptake: the SPECT.
        voxels: of the hot spot, shape (N, 3), N > 0.
    """
    values = uptake.array[tuple(voxels.T)].astype(np.float64)
    at = voxels[int(values.argmax())]
    volume_ml = len(voxels) * uptake.voxel_volume_mm3 / 1000.0
    mean = float(values.mean())
    return UptakeFigures(
        highest=float(values.max()),
        mean=mean,
        peak=sphere_peak(uptake, at),
        volume_ml=volume_ml,
        total=mean * volume_ml,
        peak_lps_mm=uptake.lps_mm(at),
        shape=measure_shape(voxels, uptake),
    )


def sphere_peak(uptake: Volume, voxel: NDArray[np.intp]) -> float:
    """Highest mean over a 1 mL sphere that holds a voxel; the image is read linearly between."""
    radius_mm = sphere_radius_mm(PEAK_ML)
    centers = uptake.lps_mm(voxel) + _ball(radius_mm, _CENTER_MM)
    points = centers[:, None] + _ball(radius_mm, _POINT_MM)
    return float(values_at(uptake, points).mean(axis=1).max())


def sphere_radius_mm(volume_ml: float) -> float:
    """Radius of a sphere: r = (3 V / 4 pi)^(1/3)."""
    return float((3000.0 * volume_ml / (4.0 * np.pi)) ** (1.0 / 3.0))


def values_at(image: Volume, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linearly interpolated values at world positions, shape (..., 3); beyond it the edge's."""
    index = np.moveaxis(image.index(lps_mm), -1, 0)
    values = ndimage.map_coordinates(
        np.asarray(image.array, dtype=np.float64), index, order=1, mode="nearest"
    )
    return np.asarray(values)


def _ball(radius_mm: float, step_mm: float) -> NDArray[np.float64]:
    """Points of a lattice within a ball around the origin; shape (n, 3)."""
    count = int(radius_mm / step_mm)
    axis = step_mm * np.arange(-count, count + 1)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(points[np.linalg.norm(points, axis=1) <= radius_mm])
