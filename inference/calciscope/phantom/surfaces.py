"""Thin solids that follow a surface of the body: sheets and nets on fascia, skin or cartilage.

The surface is where a field of distances has a given value, so that a sheet bends with the limb.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import KDTree

from calciscope.phantom.noise import WAVE_SIGMA, wave_noise
from calciscope.phantom.shapes import Points, Shape
from calciscope.phantom.solids import ScalarField, Sparse


@dataclass(frozen=True, eq=False)
class Layer(Sparse):
    """A sheet on the surface `field` = `level_mm`, as far as `patch` reaches.

    Attributes:
        field: distances in mm, with a gradient of about 1.
        level_mm: value on the middle of the sheet.
        thickness_mm: mean; uneven: its relative standard deviation.
        patch: solid that cuts the sheet out.
        grain_mm: size of thick and thin places; seed: of them.
    """

    field: ScalarField
    level_mm: float
    thickness_mm: float
    patch: Shape
    uneven: float = 0.0
    grain_mm: float = 6.0
    seed: int = 0

    def bounds_mm(self) -> tuple[Points, Points]:
        return self.patch.bounds_mm()

    def distance_mm(self, points: Points) -> Points:
        half = 0.5 * self.thickness_mm
        distance = np.abs(self.field.at(points) - self.level_mm) - half
        if self.uneven > 0:
            bumps = wave_noise(points, self.grain_mm, self.seed) / WAVE_SIGMA
            distance = distance - half * np.clip(self.uneven * bumps, -0.9, 2.0)
        return np.asarray(np.maximum(distance, self.patch.distance_mm(points)))


@dataclass(frozen=True, eq=False)
class Net(Sparse):
    """Cords along the borders of the cells around `seeds`, on the surface `field` = `level_mm`.

    Attributes:
        field, level_mm, patch: as for `Layer`.
        seeds: middles of the meshes, LPS mm, (n, 3), near the surface.
        radius_mm: of the cords.
        missing: share of the cords that is absent; seed: of that choice.
    """

    field: ScalarField
    level_mm: float
    patch: Shape
    seeds: Points
    radius_mm: float
    missing: float = 0.0
    seed: int = 0

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.seeds)

    def bounds_mm(self) -> tuple[Points, Points]:
        return self.patch.bounds_mm()

    def distance_mm(self, points: Points) -> Points:
        shape = points.shape[:-1]
        flat = points.reshape(-1, 3)
        height = np.abs(self.field.at(flat) - self.level_mm)
        distance = height + self.radius_mm
        near = np.flatnonzero(height < 4 * self.radius_mm + 2)
        if len(near):
            to_border, absent = self._border(flat[near])
            cord = np.hypot(to_border, height[near]) - self.radius_mm
            distance[near] = np.where(absent, distance[near], cord)
        distance = np.maximum(distance, self.patch.distance_mm(flat))
        return np.asarray(distance.reshape(shape))

    def _border(self, points: Points) -> tuple[Points, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Distance to the border of the nearest cell, and whether that cord is absent."""
        if len(self.seeds) < 2:
            # One cell has no border.
            return np.zeros(len(points)), np.ones(len(points), dtype=bool)
        found = self._tree.query(points, k=2)
        reach, index = np.asarray(found[0]), np.asarray(found[1])
        first, second = index[:, 0], index[:, 1]
        gap = np.linalg.norm(self.seeds[first] - self.seeds[second], axis=-1)
        to_border = (reach[:, 1] ** 2 - reach[:, 0] ** 2) / (2 * np.maximum(gap, 1e-6))
        # A hash of the two cells: each cord is there or not along its whole length.
        low, high = np.minimum(first, second), np.maximum(first, second)
        chance = ((low * 7919 + high * 104729 + self.seed) * 2654435761 % 2**32) / 2**32
        return to_border, chance < self.missing
