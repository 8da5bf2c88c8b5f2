"""Solids that deposits of mineral are made of, as signed distances in LPS mm."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


class Shape(Protocol):
    """A solid in the patient."""

    def bounds_mm(self) -> tuple[Points, Points]:
        """Smallest and largest corner of a box around the solid, shape (3,) each."""
        ...

    def distance_mm(self, points: Points) -> Points:
        """Signed distance to the surface, negative inside; (..., 3) to (...)."""
        ...

    @property
    def volume_mm3(self) -> float:
        """Analytic volume."""
        ...


@dataclass(frozen=True, eq=False)
class Capsule:
    """A rod with round ends.

    Attributes:
        start, end: centers of the end caps, LPS mm, shape (3,).
        radius_mm: of rod and caps.
    """

    start: Points
    end: Points
    radius_mm: float

    @classmethod
    def along(
        cls, center: Points, direction: Points, length_mm: float, diameter_mm: float
    ) -> "Capsule":
        """A rod of total length `length_mm`, caps included."""
        unit = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
        half = 0.5 * max(length_mm - diameter_mm, 0.0) * unit
        return cls(np.asarray(center) - half, np.asarray(center) + half, 0.5 * diameter_mm)

    def bounds_mm(self) -> tuple[Points, Points]:
        low = np.minimum(self.start, self.end) - self.radius_mm
        return low, np.maximum(self.start, self.end) + self.radius_mm

    def distance_mm(self, points: Points) -> Points:
        axis = self.end - self.start
        offset = points - self.start
        share = np.clip(offset @ axis / max(float(axis @ axis), 1e-12), 0.0, 1.0)
        return np.asarray(
            np.linalg.norm(offset - share[..., None] * axis, axis=-1) - self.radius_mm
        )

    @property
    def volume_mm3(self) -> float:
        length = float(np.linalg.norm(self.end - self.start))
        return float(np.pi * self.radius_mm**2 * (length + 4.0 / 3.0 * self.radius_mm))


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid; flat ones serve as plates, equal radii give a sphere.

    Attributes:
        center: LPS mm, shape (3,).
        radii_mm: half axes, shape (3,).
        axes: unit vectors of the half axes as columns, shape (3, 3).
    """

    center: Points
    radii_mm: Points
    axes: Points

    @classmethod
    def sphere(cls, center: Points, diameter_mm: float) -> "Ellipsoid":
        """A ball."""
        return cls(np.asarray(center, dtype=float), np.full(3, 0.5 * diameter_mm), np.eye(3))

    def bounds_mm(self) -> tuple[Points, Points]:
        extent = np.sqrt(((self.axes * self.radii_mm) ** 2).sum(axis=1))
        return self.center - extent, self.center + extent

    def distance_mm(self, points: Points) -> Points:
        local = (points - self.center) @ self.axes
        # First-order distance f / |grad f| of the implicit ellipsoid: exact on the surface.
        scaled = np.linalg.norm(local / self.radii_mm, axis=-1)
        gradient = np.linalg.norm(local / self.radii_mm**2, axis=-1)
        inside = float(self.radii_mm.min())
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = scaled * (scaled - 1.0) / gradient
        return np.asarray(np.where(gradient > 1e-9, np.maximum(distance, -inside), -inside))

    @property
    def volume_mm3(self) -> float:
        return float(4.0 / 3.0 * np.pi * np.prod(self.radii_mm))


@dataclass(frozen=True, eq=False)
class Pipe:
    """A straight piece of pipe wall, open at both ends.

    Attributes:
        start, end: of its axis, LPS mm, shape (3,).
        radius_mm: of the middle of the wall; wall_mm: its thickness.
    """

    start: Points
    end: Points
    radius_mm: float
    wall_mm: float

    def bounds_mm(self) -> tuple[Points, Points]:
        reach = self.radius_mm + self.wall_mm
        return np.minimum(self.start, self.end) - reach, np.maximum(self.start, self.end) + reach

    def distance_mm(self, points: Points) -> Points:
        axis = self.end - self.start
        length = float(np.linalg.norm(axis))
        offset = points - self.start
        along = offset @ (axis / length)
        radial = np.linalg.norm(offset - along[..., None] * (axis / length), axis=-1)
        beyond = np.maximum(-along, along - length)
        wall = np.abs(radial - self.radius_mm) - 0.5 * self.wall_mm
        return np.asarray(np.maximum(wall, beyond))

    @property
    def volume_mm3(self) -> float:
        length = float(np.linalg.norm(self.end - self.start))
        return 2 * np.pi * self.radius_mm * self.wall_mm * length


def frame_from_normal(normal: Points, along: Points) -> Points:
    """Right-handed axes (columns): `along` made orthogonal to `normal`, the third, `normal`."""
    w = np.asarray(normal, dtype=float) / np.linalg.norm(normal)
    u = np.asarray(along, dtype=float) - (np.asarray(along, dtype=float) @ w) * w
    if np.linalg.norm(u) < 1e-6:
        u = np.cross(w, [1.0, 0.0, 0.0] if abs(w[0]) < 0.9 else [0.0, 1.0, 0.0])
    u = u / np.linalg.norm(u)
    return np.column_stack([u, np.cross(w, u), w])
