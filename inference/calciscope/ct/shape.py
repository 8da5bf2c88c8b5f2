"""Size and form of a lesion from its voxels: diameters, linearity, direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

from calciscope.volume import Volume

_HULL_FROM = 64
"""Point clouds larger than this are reduced to their convex hull before pairs are compared."""


@dataclass(frozen=True, eq=False)
class LesionShape:
    """Form of a lesion.

    Attributes:
        longest_diameter_mm: between the two farthest voxel centers, plus one voxel along that line.
        short_axis_mm: the longest extent across that line within one section, plus one voxel.
        linearity: (l1 - l2) / l1 of the eigenvalues of the covariance of voxel centers; 0 to 1.
        planarity: (l2 - l3) / l1; 0 to 1.
        direction: unit vector (LPS) of the first eigenvector; shape (3,).
        centroid_lps_mm: mean of voxel centers; shape (3,).
    """

    longest_diameter_mm: float
    short_axis_mm: float
    linearity: float
    planarity: float
    direction: NDArray[np.float64]
    centroid_lps_mm: NDArray[np.float64]


def measure_shape(voxels: NDArray[np.intp], volume: Volume) -> LesionShape:
    """Measure the form of a lesion.

    Diameters count whole voxels along their own direction, so that a straight row of n voxels of
    1 mm measures n mm, not n - 1.

    Args:
        voxels: indices, shape (N, 3), N >= 1.
        volume: the grid.
    """
    points = volume.lps_mm(voxels)
    centroid = points.mean(axis=0)
    values, vectors = np.linalg.eigh((points - centroid).T @ (points - centroid) / len(points))
    least, middle, largest = (float(max(value, 0.0)) for value in values)
    extreme = _extreme_points(points)
    first, second = _farthest(extreme)
    along = extreme[second] - extreme[first]
    length = float(np.linalg.norm(along))
    axis = along / length if length > 0 else vectors[:, 2]
    return LesionShape(
        longest_diameter_mm=length + voxel_extent_mm(axis, volume),
        short_axis_mm=_widest_section(points, axis, volume),
        linearity=(largest - middle) / largest if largest > 1e-9 else 0.0,
        planarity=(middle - least) / largest if largest > 1e-9 else 0.0,
        direction=vectors[:, 2],
        centroid_lps_mm=centroid,
    )


def angle_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Angle between two lines along unit vectors, 0 to 90 degrees."""
    return float(np.degrees(np.arccos(min(abs(float(one @ other)), 1.0))))


def _widest_section(
    points: NDArray[np.float64], axis: NDArray[np.float64], volume: Volume
) -> float:
    """Longest extent within any one section across an axis, plus one voxel along it."""
    across = _normals(axis)
    flat = points @ across.T
    # Sections one voxel thick, with the voxels' centers in their middle.
    position = (points @ axis - (points @ axis).min()) / voxel_extent_mm(axis, volume)
    section = np.floor(position + 0.5).astype(int)
    order = np.argsort(section, kind="stable")
    starts = np.flatnonzero(np.diff(section[order])) + 1
    widest = max(voxel_extent_mm(normal, volume) for normal in across)
    for group in np.split(flat[order], starts):
        extreme = _extreme_points(group)
        first, second = _farthest(extreme)
        chord = extreme[second] - extreme[first]
        width = float(np.linalg.norm(chord))
        if width > 0:
            widest = max(widest, width + voxel_extent_mm(chord @ across / width, volume))
    return widest


def _normals(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two unit vectors across an axis and each other; shape (2, 3)."""
    helper = np.eye(3)[int(np.abs(axis).argmin())]
    normal = np.cross(axis, helper)
    normal /= np.linalg.norm(normal)
    return np.array([normal, np.cross(axis, normal)])


def _extreme_points(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points among which the farthest pair is; shape (n, 2 or 3) in, fewer rows out."""
    if len(points) <= _HULL_FROM:
        return points
    # QJ joggles the points by far less than a voxel, so that flat lesions have a hull too.
    return np.asarray(points[ConvexHull(points, qhull_options="QJ").vertices])


def _farthest(points: NDArray[np.float64]) -> tuple[int, int]:
    """Indices of the two points farthest apart."""
    if len(points) < 2:
        return 0, 0
    distances = squareform(pdist(points))
    first, second = np.unravel_index(int(distances.argmax()), distances.shape)
    return int(first), int(second)


def voxel_extent_mm(direction: NDArray[np.float64], volume: Volume) -> float:
    """Extent of one voxel along a direction: the spacing, weighted by the direction's parts."""
    return float(np.linalg.norm((volume.direction.T @ direction) * volume.spacing_mm))
