"""Smooth random values that are a function of place and seed alone, on any set of points."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

WAVES = 12
WAVE_SIGMA = float(np.sqrt(WAVES / 2))
"""Standard deviation of a sum of `WAVES` unit cosines of random phase."""


def wave_noise(points: Points, grain_mm: float, seed: int) -> Points:
    """A sum of random plane waves.

    Args:
        points: LPS mm, (..., 3).
        grain_mm: size of a bump; half a typical wavelength.
        seed: of the waves.

    Returns:
        Values (...) of about zero mean and standard deviation `WAVE_SIGMA`.
    """
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(WAVES, 3)) * (np.pi / grain_mm / np.sqrt(3))
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    total = np.zeros(points.shape[:-1])
    for wave, phase in zip(waves, phases, strict=True):
        total += np.cos(points @ wave + phase)
    return total
