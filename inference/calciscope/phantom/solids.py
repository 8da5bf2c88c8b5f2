"""Irregular solids: lobulated and rough ones, angular ones, and solids trimmed by anatomy."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from calciscope.phantom.noise import WAVE_SIGMA, wave_noise
from calciscope.phantom.shapes import Points, Shape


class Sparse:
    """Mark of shapes that fill little of their box or are dear to ask: sampled near them only."""

    def bounds_mm(self) -> tuple[Points, Points]:
        """Smallest and largest corner of a box around the solid, shape (3,) each."""
        raise NotImplementedError

    def distance_mm(self, points: Points) -> Points:
        """Signed distance to the surface, negative inside; (..., 3) to (...)."""
        raise NotImplementedError

    @cached_property
    def volume_mm3(self) -> float:
        """Volume, counted on a grid of about 100 steps an axis."""
        low, high = self.bounds_mm()
        step = max(float((high - low).max()) / 100, 0.1)
        axes = [np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        cover = np.clip(0.5 - self.distance_mm(points) / step, 0.0, 1.0)
        return float(cover.sum() * step**3)


class ScalarField(Protocol):
    """A value in mm at every point of the patient."""

    def at(self, points: Points) -> Points:
        """Values (...) at points (..., 3)."""
        ...


@dataclass(frozen=True, eq=False)
class Blend(Sparse):
    """Solids merged into one lobulated solid with a rough surface.

    Attributes:
        parts: the solids.
        blend_mm: how far the creases between them are filled.
        roughness_mm: standard deviation of the surface; grain_mm: size of its bumps.
        seed: of the bumps.
    """

    parts: tuple[Shape, ...]
    blend_mm: float = 1.0
    roughness_mm: float = 0.0
    grain_mm: float = 5.0
    seed: int = 0

    def bounds_mm(self) -> tuple[Points, Points]:
        lows, highs = zip(*(p.bounds_mm() for p in self.parts), strict=True)
        reach = self.blend_mm + 2.5 * self.roughness_mm
        return np.min(lows, axis=0) - reach, np.max(highs, axis=0) + reach

    def distance_mm(self, points: Points) -> Points:
        distances = np.stack([p.distance_mm(points) for p in self.parts])
        least = distances.min(axis=0)
        # Smooth minimum, -k log(sum(exp(-d / k))), without overflow.
        k = max(self.blend_mm, 1e-3)
        total = np.exp(-(distances - least) / k).sum(axis=0)
        result = least - k * np.log(total)
        if self.roughness_mm > 0:
            bumps = wave_noise(points, self.grain_mm, self.seed) / WAVE_SIGMA
            result = result + self.roughness_mm * np.clip(bumps, -2.5, 2.5)
        return np.asarray(result)


@dataclass(frozen=True, eq=False)
class Polyhedron(Sparse):
    """A convex, angular solid: a splinter.

    Attributes:
        center: LPS mm, shape (3,).
        normals: unit vectors of the faces, (n, 3); offsets_mm: their distances from the center.
    """

    center: Points
    normals: Points
    offsets_mm: Points

    def bounds_mm(self) -> tuple[Points, Points]:
        reach = 2.0 * float(self.offsets_mm.max())
        return self.center - reach, self.center + reach

    def distance_mm(self, points: Points) -> Points:
        local = points - self.center
        distance = (local @ self.normals.T - self.offsets_mm).max(axis=-1)
        # Faces may leave a spike open: the box closes it.
        reach = 2.0 * float(self.offsets_mm.max())
        return np.asarray(np.maximum(distance, np.abs(local).max(axis=-1) - reach))


@dataclass(frozen=True, eq=False)
class Trimmed(Sparse):
    """A solid that gives way to anatomy: only where each field is at least its limit.

    Attributes:
        shape: the untrimmed solid.
        limits: fields (mm) with the smallest value at which the solid may be.
    """

    shape: Shape
    limits: tuple[tuple[ScalarField, float], ...]

    def bounds_mm(self) -> tuple[Points, Points]:
        return self.shape.bounds_mm()

    def distance_mm(self, points: Points) -> Points:
        distance = self.shape.distance_mm(points)
        for field, least in self.limits:
            distance = np.maximum(distance, least - field.at(points))
        return np.asarray(distance)


@dataclass(frozen=True, eq=False)
class Inset(Sparse):
    """A solid with its surface moved inward: the core that a rim of that width leaves.

    Attributes:
        shape: the whole solid.
        depth_mm: by how much.
    """

    shape: Shape
    depth_mm: float

    def bounds_mm(self) -> tuple[Points, Points]:
        return self.shape.bounds_mm()

    def distance_mm(self, points: Points) -> Points:
        return self.shape.distance_mm(points) + self.depth_mm
