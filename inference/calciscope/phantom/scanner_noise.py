"""Noise of a CT as its rays make it: colored, stronger where and along which rays are attenuated.

Noise of a spatial frequency comes from the view in that direction (central slice theorem), and its
variance from the photons that are left, exp(line integral). So noise is the sum over a few
directions of noise filtered to a sector, times a map of the attenuation seen from there. Between
two legs this gives the well-known streaks from left to right.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.projection import projector, square_average
from calciscope.resampling import resample_array

Image = NDArray[np.float32]

SECTORS = 4
VIEWS = 12
SIZE = 48
WATER_PER_MM = 0.02
PEDESTAL = 0.04
"""White share of the noise power, of its peak (domain figures 4.4: 3-5 %)."""


def directional_noise(
    image: Image, body: NDArray[np.bool_], pixel_mm: float, peak_lp_mm: float, sigma_hu: float,
    rng: np.random.Generator,
) -> Image:  # fmt: skip
    """Noise for a stack of slices.

    Args:
        image: HU, shape (X, Y, Z); body: where the mean standard deviation is `sigma_hu`.
        pixel_mm: in-plane spacing.
        peak_lp_mm: peak of the radial noise power spectrum f exp(-(f / peak)^2 / 2).
        sigma_hu: standard deviation in the body.
        rng: of the noise.
    """
    nx, ny = image.shape[:2]
    fx = np.fft.fftfreq(nx, pixel_mm)[:, None]
    fy = np.fft.rfftfreq(ny, pixel_mm)[None, :]
    f = np.hypot(fx, fy) / peak_lp_mm
    amplitude = np.sqrt(f * np.exp(0.5 * (1 - f**2)) + PEDESTAL)
    direction = np.arctan2(fy, fx)
    noise = np.zeros(image.shape, np.float32)
    gains = attenuation_gains(image, pixel_mm)
    white = np.fft.rfft2(rng.standard_normal(image.shape, dtype=np.float32), axes=(0, 1))
    for k in range(SECTORS):
        # cos^4 windows in steps of 45 degrees sum to a constant.
        window = np.cos(direction - np.pi * k / SECTORS) ** 2
        part = white * (amplitude * window)[..., None].astype(np.float32)
        noise += np.fft.irfft2(part, s=(nx, ny), axes=(0, 1)).astype(np.float32) * gains[k]
    spread = float(noise[body].std()) if body.any() else float(noise.std())
    return np.asarray(noise * (sigma_hu / max(spread, 1e-6)), dtype=np.float32)


def attenuation_gains(image: Image, pixel_mm: float) -> list[Image]:
    """For each sector the relative standard deviation of its noise, shape of the image."""
    nx, ny, nz = image.shape
    square, factor = square_average(np.clip(image, -1000, 2500), SIZE, outside=-1000.0)
    matrix = projector(SIZE, VIEWS)
    per_view = matrix.shape[0] // VIEWS
    water = np.clip(1 + square / 1000, 0, 3.5) * (WATER_PER_MM * factor * pixel_mm)
    photons_lost = np.exp(np.minimum(matrix @ water.reshape(-1, nz), 7.0))
    gains = []
    for k in range(SECTORS):
        variance = np.zeros((SIZE * SIZE, nz), np.float32)
        for view in (3 * k - 1, 3 * k, 3 * k + 1):
            rows = slice((view % VIEWS) * per_view, (view % VIEWS + 1) * per_view)
            variance += matrix[rows].T @ photons_lost[rows]
        spread = ndimage.gaussian_filter(np.sqrt(variance).reshape(SIZE, SIZE, nz), (1, 1, 0))
        across = [min(int(np.ceil(n / factor)), SIZE) for n in (nx, ny)]
        gains.append(resample_array(spread[: across[0], : across[1]], image.shape))
    typical = float(np.mean([g.mean() for g in gains]))
    return [np.clip(g / typical, 0.3, 3.5) for g in gains]
