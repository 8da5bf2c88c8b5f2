"""Streaks of metal inserted into a real limb: dark and bright fans, each slice with its own.

A streak is a line integral that is wrong, so it goes on at both sides of the metal, fades with the
distance, is darkest along the longer axis of the metal (and between two pieces) and differs from
slice to slice; the finest ones are photon noise. Drawn in polar coordinates around each piece.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]

METAL_HU = 1500.0
"""Contrast from which a voxel counts as metal."""

FULL_AREA_MM2 = 25.0
"""Cross-section of metal that makes streaks of the full depth."""

REACH_MM = 22.0
"""Distance over which streaks fade to a half."""

ANGLES = 720
HARMONICS = 60


def streaks(
    metal: Floats, spacing_mm: NDArray[np.float64], depth_hu: float, rng: np.random.Generator
) -> Floats:
    """Streaks around metal.

    Args:
        metal: HU that metal adds, shape (X, Y, Z).
        spacing_mm: of the grid.
        depth_hu: typical depth (HU) beside a piece of 25 mm2 or more.
        rng: of the pattern.

    Returns:
        HU to add, same shape; 0 in slices without metal.
    """
    result = np.zeros(metal.shape, np.float32)
    common = _fan(rng, 3, 12)
    for k in np.flatnonzero((metal > METAL_HU).any(axis=(0, 1))):
        pieces, count = ndimage.label(metal[:, :, k] > METAL_HU)
        for number in range(1, count + 1):
            where = np.argwhere(pieces == number)
            # A part stays from slice to slice, as the metal does; the rest is new in each.
            fan = 0.8 * common + 0.6 * _fan(rng, 6, HARMONICS) + _dark_axis(where * spacing_mm[:2])
            area = len(where) * float(np.prod(spacing_mm[:2]))
            depth = depth_hu * min(area / FULL_AREA_MM2, 1.0) ** 0.5
            result[:, :, k] += depth * _painted(fan, where, metal.shape[:2], spacing_mm)
    return result


def _fan(rng: np.random.Generator, first: int, last: int) -> NDArray[np.float64]:
    """Random pattern over the full circle, about the same at opposite angles; SD about 1."""
    angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
    fan = np.zeros(ANGLES)
    for n in range(first, last):
        # Even harmonics are equal at opposite angles: the same rays, seen from both sides.
        weight = (1.0 if n % 2 == 0 else 0.35) * n**-0.4
        fan += weight * rng.normal() * np.cos(n * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(fan / max(float(fan.std()), 1e-6))


def _dark_axis(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """A dark band at both ends of a longish piece, bright ones beside it."""
    if len(points_mm) < 4:
        return np.zeros(ANGLES)
    values, vectors = np.linalg.eigh(np.cov(points_mm.T))
    longish = 1.0 - float(np.sqrt(max(values[0], 0.1) / max(values[1], 0.1)))
    axis = np.arctan2(vectors[1, 1], vectors[0, 1])
    away = 2 * np.pi * np.arange(ANGLES) / ANGLES - axis
    band = np.exp(-0.5 * (np.sin(away) / 0.2) ** 2)
    return np.asarray(-2.5 * longish * (band - band.mean()))


def _painted(
    fan: NDArray[np.float64],
    where: NDArray[np.intp],
    shape: tuple[int, ...],
    spacing_mm: NDArray[np.float64],
) -> Floats:
    """A fan around a piece, fading outwards; its inner part stays as it is."""
    middle = where.mean(axis=0)
    x = (np.arange(shape[0]) - middle[0])[:, None] * spacing_mm[0]
    y = (np.arange(shape[1]) - middle[1])[None, :] * spacing_mm[1]
    radius = np.hypot(x, y)
    angle = (np.arctan2(y, x) % (2 * np.pi)) * ANGLES / (2 * np.pi)
    values = ndimage.map_coordinates(fan, [angle], order=1, mode="grid-wrap")
    edge = float(np.sqrt(len(where) * np.prod(spacing_mm[:2]) / np.pi))
    outward = np.maximum(radius - edge, 0.0)
    # A ray keeps its width, the angle it fills shrinks: far out the fine fans average away.
    fade = (1.0 - np.exp(-outward / 2.0)) / (1.0 + outward / REACH_MM) ** 1.5
    return np.asarray(values * fade, dtype=np.float32)
