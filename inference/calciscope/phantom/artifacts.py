"""What spoils a CT: dark bands, streaks, coloured noise and a truncated field of view."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import IGNORE
from calciscope.phantom.projection import dense_line_error

Image = NDArray[np.float32]

BONE_START_HU = 250.0
METAL_START_HU = 2800.0


def _square(image: Image, size: int) -> tuple[Image, float]:
    """Planes on a size x size grid that covers their longer side, and the factor."""
    factor = max(image.shape[0], image.shape[1]) / size
    zoomed = ndimage.zoom(image, (1 / factor, 1 / factor, 1), order=1, grid_mode=True,
                          mode="grid-constant")  # fmt: skip
    square = np.zeros((size, size, image.shape[2]), np.float32)
    nx, ny = min(zoomed.shape[0], size), min(zoomed.shape[1], size)
    square[:nx, :ny] = zoomed[:nx, :ny]
    return square, factor


def _line_error(dense: Image, size: int, planes: int, angles: int = 60) -> Image:
    """Error image of dense matter on the grid of `dense`, strongest dark = -1 in each volume."""
    step = max(1, dense.shape[2] // planes)
    chosen = np.arange(0, dense.shape[2], step)
    square, factor = _square(np.ascontiguousarray(dense[:, :, chosen]), size)
    error = dense_line_error(square, angles)
    free = np.where(square > 0.05 * square.max(initial=1e-6), 0.0, error)
    depth = -float(np.percentile(free, 0.5))
    if depth <= 0:
        return np.zeros_like(dense)
    nx, ny, nz = dense.shape
    coordinates = np.meshgrid(
        (np.arange(nx) + 0.5) / factor - 0.5,
        (np.arange(ny) + 0.5) / factor - 0.5,
        indexing="ij",
    )
    coarse = [
        ndimage.map_coordinates(error[:, :, n] / depth, coordinates, order=1, mode="nearest")
        for n in range(len(chosen))
    ]
    nearest = np.minimum((np.arange(nz) + step // 2) // step, len(chosen) - 1)
    return np.stack(coarse, axis=-1)[:, :, nearest].astype(np.float32)


def beam_hardening(image: Image, labels: NDArray[np.uint8], depth_hu: float) -> Image:
    """Dark bands behind and between bones, strongest about -depth_hu, in the body only."""
    if depth_hu <= 0:
        return np.zeros_like(image)
    bone = np.clip(image - BONE_START_HU, 0, 1500) / 1000
    field = _line_error(bone, 96, 24) * depth_hu
    return np.asarray(np.where(labels > 0, np.clip(field, -2 * depth_hu, depth_hu), 0), np.float32)


def metal_streaks(image: Image, depth_hu: float) -> Image:
    """Streaks of metal, strongest dark about -depth_hu, bright ones in between."""
    metal = np.clip(image - METAL_START_HU, 0, 3000) / 1000
    if not metal.any():
        return np.zeros_like(image)
    field = _line_error(metal.astype(np.float32), 160, metal.shape[2], 180) * depth_hu
    return np.asarray(np.clip(field, -3 * depth_hu, 2 * depth_hu), np.float32)


def coloured_noise(
    shape: tuple[int, ...], pixel_mm: float, peak_lp_mm: float, sigma_hu: float,
    rng: np.random.Generator,
) -> Image:  # fmt: skip
    """Noise with the power spectrum f MTF(f)^2 plus a 4 % pedestal, peak at `peak_lp_mm`.

    f exp(-(f / f0)^2 / 2) has its peak at f0; noise is stronger along x, as between two legs.
    """
    nx, ny, nz = shape
    fx = np.fft.fftfreq(nx, pixel_mm)[:, None]
    fy = np.fft.rfftfreq(ny, pixel_mm)[None, :]
    f = np.hypot(fx, fy) / peak_lp_mm
    power = f * np.exp(0.5 * (1 - f**2)) + 0.04
    phi = np.arctan2(fy, fx)
    amplitude = np.sqrt(power * (1 + 0.3 * np.cos(phi) ** 2))[..., None].astype(np.float32)
    white = rng.standard_normal((nx, ny, nz), dtype=np.float32)
    noise = np.fft.irfft2(np.fft.rfft2(white, axes=(0, 1)) * amplitude, s=(nx, ny), axes=(0, 1))
    return np.asarray(noise * (sigma_hu / max(float(noise.std()), 1e-6)), dtype=np.float32)


def truncate(
    image: Image, labels: NDArray[np.uint8], spacing_mm: NDArray[np.float64],
    diameter_mm: float | None, rim_hu: float = 120.0,
) -> None:  # fmt: skip
    """Cut to a circular field of view with the bright rim of truncated data; in place."""
    if diameter_mm is None:
        return
    x = (np.arange(image.shape[0]) - (image.shape[0] - 1) / 2) * spacing_mm[0]
    y = (np.arange(image.shape[1]) - (image.shape[1] - 1) / 2) * spacing_mm[1]
    radius = np.hypot(x[:, None], y[None, :])
    edge = 0.5 * diameter_mm - radius
    body = labels > 0
    rim = np.clip(1 - edge / 12, 0, 1)[..., None] * rim_hu * body
    image += rim
    image[edge < 0] = -1024.0
    labels[edge < 0] = 0
    thin = (edge >= 0) & (edge < 3)
    labels[thin] = np.where(body[thin], IGNORE, labels[thin])
