"""How far the noise of the image and of the background may move a lesion's mass.

A mass is k v times the sum of (HU - background) over N voxels. Its variance from the image is

    (k v)^2 (V_sum + N^2 V_background)

- V_sum, of the noise in the sum: sum over lags h of C(h) n(h), with C the noise's covariance at
  that lag and n the number of the lesion's pairs of voxels that far apart. Neighbors in a CT vary
  together, and voxels 2 mm apart often against each other, so that N times the voxel's variance
  would be wrong by a factor of up to three either way.
- V_background, of the median that is subtracted everywhere. To first order a median is a mean of
  sqrt(pi / 2) SD sign(residual) over the sample of the background, so it is the same sum with
  these instead of the residuals, divided by the sample's size squared.

C is measured in that sample, up to 4 mm, about the sample's own median. What this takes away, the
variance of the mean, is added again at every lag: it is A / (1 - P), with A the sum of C(h) n(h)
over the sample and P that of n(h), both divided by its size squared.

Calibration comes on top: it moves all masses of a study together (`combined_mg`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from calciscope.physics import physics_table
from calciscope.volume import Array

LAG_MM = 4.0
"""Voxels farther apart than this are taken for independent."""

CLIPPED_AT_SD = 3.0
"""Residuals beyond are structure (a vessel, a strand of fat), not noise."""

MOST_VOXELS = 2_000_000
"""Larger neighborhoods are looked at in their middle only; sums are scaled up."""


@dataclass(frozen=True)
class SumNoise:
    """Noise of a sum of HU over a lesion.

    Attributes:
        sum_hu2: variance of the sum, HU squared.
        background_hu2: variance of the background, HU squared.
    """

    sum_hu2: float
    background_hu2: float

    def mass_mg(self, count: int, mg_per_hu: float) -> float:
        """SD of the mass of a lesion of `count` voxels that each weigh `mg_per_hu` at 1 HU."""
        return mg_per_hu * math.sqrt(self.sum_hu2 + count**2 * self.background_hu2)


def sum_noise(
    residual_hu: NDArray[np.float64],
    sample: Array,
    territory: Array,
    noise_hu: float,
    spacing_mm: NDArray[np.float64],
) -> SumNoise:
    """Noise of the sum over a territory, as the voxels around it tell.

    Args:
        residual_hu: HU less background, shape (a, b, c).
        sample: bool, same shape: where the background was taken from.
        territory: bool, same shape: the voxels that are summed.
        noise_hu: SD of one voxel.
        spacing_mm: shape (3,).
    """
    summed = int(territory.sum())
    if not sample.any() or not summed:
        return SumNoise(summed * noise_hu**2, noise_hu**2)
    # Apart: around a large mass the background is a shell, whose middle holds none of it.
    near = _middle(sample)
    residual_hu, sample = residual_hu[near], sample[near]
    territory = territory[_middle(territory)]
    scale = summed / int(territory.sum())
    smallest = np.minimum(sample.shape, territory.shape)
    reach = np.minimum(np.floor(LAG_MM / spacing_mm).astype(int), smallest - 1)
    pairs = _pairs(sample.astype(np.float64), reach)
    limit = CLIPPED_AT_SD * noise_hu
    covariance, of_mean = _covariance(np.clip(residual_hu, -limit, limit), sample, pairs, reach)
    signs = math.sqrt(0.5 * math.pi) * noise_hu * np.sign(residual_hu)
    _, of_median = _covariance(signs, sample, pairs, reach)
    summed_pairs = _pairs(territory.astype(np.float64), reach)
    of_sum = scale * float(((covariance + of_mean * (pairs > 0.5)) * summed_pairs).sum())
    return SumNoise(max(of_sum, noise_hu**2), of_median)


def _covariance(
    values: NDArray[np.float64], sample: Array, pairs: NDArray[np.float64], reach: NDArray[np.int_]
) -> tuple[NDArray[np.float64], float]:
    """Covariance at every lag about the sample's center, and the variance of the sample's mean."""
    known = pairs > 0.5
    products = _pairs(np.where(sample, values, 0.0), reach)
    covariance = np.where(known, products / np.maximum(pairs, 1.0), 0.0)
    square = float(sample.sum()) ** 2
    of_mean = float((covariance * pairs).sum()) / square
    # A sample hardly larger than the reach of its own noise has no more to tell than one voxel.
    rest = max(1.0 - float((pairs * known).sum()) / square, 0.05)
    variance = float((values[sample] ** 2).mean())
    return covariance, min(max(of_mean, 0.0) / rest, variance)


def combined_mg(ha_mass_mg: float, noise_mg: float) -> float:
    """SD of a mass: noise, and the calibration's relative uncertainty, in quadrature.

    For a sum of lesions the noise is to be added in quadrature first; the calibration, the same
    for all of them, scales with their whole mass.
    """
    return math.hypot(noise_mg, physics_table().ha_slope_relative_uncertainty * ha_mass_mg)


def _pairs(values: NDArray[np.float64], reach: NDArray[np.int_]) -> NDArray[np.float64]:
    """Sum of products of all voxels that a lag apart; shape (2 reach + 1), the middle at lag 0."""
    size = [fft.next_fast_len(int(n + r), real=True)
            for n, r in zip(values.shape, reach, strict=True)]  # fmt: skip
    spectrum = fft.rfftn(values, size)
    full = fft.irfftn((spectrum * spectrum.conj()).real, size)
    lags = [np.arange(-int(r), int(r) + 1) for r in reach]
    return np.asarray(full[np.ix_(*lags)])


def _middle(used: Array) -> tuple[slice, ...]:
    """The box of what is used, cut down around a used voxel near its middle where it is large."""
    indices = np.argwhere(used)
    low, high = indices.min(axis=0), indices.max(axis=0) + 1
    middle = np.median(indices, axis=0)
    middle = indices[np.abs(indices - middle).sum(axis=1).argmin()]
    size = high - low
    share = min(1.0, (MOST_VOXELS / float(np.prod(size))) ** (1 / 3))
    kept = np.maximum((size * share).astype(int), 1)
    first = np.clip(middle - kept // 2, low, high - kept)
    return tuple(slice(int(a), int(a + n)) for a, n in zip(first, kept, strict=True))
