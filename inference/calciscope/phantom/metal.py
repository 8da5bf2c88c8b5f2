"""What metal does to a CT: beam hardening, photon starvation and scatter of noise along lines.

A slice is projected coarsely with three energies, counted with Poisson noise, and the error of its
sinogram against that of the same slice in one energy is reconstructed by filtered back-projection
and added to the image. Metal artifact reduction replaces the rays through metal by interpolation
between their neighbors, which leaves weaker, broader bands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from calciscope.phantom.projection import back_project, projector, square_average

Image = NDArray[np.float32]

SIZE, VIEWS = 160, 180
WATER_PER_MM = 0.02
"""Attenuation of water near 70 keV, 1/mm."""

SPECTRUM = ((0.3, 1.22, 2.0), (0.4, 1.0, 1.0), (0.3, 0.86, 0.62))
"""Share of the photons, factor on tissue and factor on metal: three bins of a 120 kVp beam."""

MOST_SLICES = 40


@dataclass(frozen=True)
class MetalSettings:
    """How metal is seen.

    Attributes:
        per_mm: attenuation of the metal (titanium about 0.18, steel about 0.6).
        photons: per ray in air.
        reduced: whether the scanner's artifact reduction was on.
    """

    per_mm: float = 0.3
    photons: float = 4e4
    reduced: bool = False


def metal_error(
    image: Image, metal: Image, pixel_mm: float, settings: MetalSettings, rng: np.random.Generator
) -> Image:
    """Error image (HU) of the metal in a stack of slices, zero in slices without any.

    Args:
        image: HU before noise, shape (X, Y, Z).
        metal: share of each voxel that is metal, same shape.
        pixel_mm: in-plane spacing.
        settings: metal and scanner.
        rng: of the photons.
    """
    result = np.zeros_like(image)
    slices = np.flatnonzero((metal > 0.05).any(axis=(0, 1)))
    if len(slices) == 0:
        return result
    chosen = slices[:: -(-len(slices) // MOST_SLICES)]
    planes = np.ascontiguousarray(image[:, :, chosen])
    tissue, factor = square_average(np.clip(planes, -1000, 2000), SIZE, outside=-1000.0)
    dense, _ = square_average(np.ascontiguousarray(metal[:, :, chosen]), SIZE)
    error = _sinogram_error(tissue, dense, factor * pixel_mm, settings, rng)
    coarse = back_project(error, projector(SIZE, VIEWS), SIZE, smooth=True)
    coarse *= 1000 / WATER_PER_MM / (factor * pixel_mm)
    fine = _fine(coarse, image.shape[:2], factor)
    nearest = np.abs(slices[:, None] - chosen[None, :]).argmin(axis=1)
    result[:, :, slices] = np.clip(fine, -1200, 1500)[:, :, nearest]
    # The metal itself saturates; it keeps its HU.
    return np.asarray(result * (metal < 0.3), dtype=np.float32)


def _sinogram_error(
    tissue: Image, metal: Image, step_mm: float, settings: MetalSettings, rng: np.random.Generator
) -> Image:
    """Measured minus ideal line integrals, shape (views, detectors, slices)."""
    matrix: sparse.csr_matrix = projector(SIZE, VIEWS)
    count = tissue.shape[2]
    water = np.clip(1 + tissue / 1000, 0, 2.5) * (WATER_PER_MM * step_mm)
    p = (matrix @ water.reshape(-1, count)).reshape(VIEWS, -1, count)
    through = (matrix @ metal.reshape(-1, count)).reshape(VIEWS, -1, count) * step_mm
    hit = through > 0.15
    if settings.reduced:
        return np.asarray(_interpolated(p, hit) - p, dtype=np.float32)
    intensity = sum(
        w * np.exp(-p * t - np.minimum(through * m * settings.per_mm, 20)) for w, t, m in SPECTRUM
    )
    bare = sum(w * np.exp(-p * t) for w, t, _ in SPECTRUM)
    counts = rng.poisson(np.maximum(settings.photons * np.asarray(intensity), 0)) + 2.0
    measured = -np.log(counts / settings.photons)
    ideal = -np.log(np.maximum(bare, 1e-9)) + through * settings.per_mm
    return np.asarray(np.where(hit, measured - ideal, 0), dtype=np.float32)


def _interpolated(p: Image, hit: NDArray[np.bool_]) -> Image:
    """Line integrals with the rays through metal filled from their neighbors."""
    filled = p.copy()
    detector = np.arange(p.shape[1])
    for view, plane in np.argwhere(hit.any(axis=1)):
        bad = ndimage.binary_dilation(hit[view, :, plane])
        filled[view, bad, plane] = np.interp(detector[bad], detector[~bad], p[view, ~bad, plane])
    return filled


def _fine(coarse: Image, shape: tuple[int, ...], factor: float) -> Image:
    """From the square grid to the planes of the image."""
    x = (np.arange(shape[0]) + 0.5) / factor - 0.5
    y = (np.arange(shape[1]) + 0.5) / factor - 0.5
    grid = np.meshgrid(x, y, indexing="ij")
    planes = [ndimage.map_coordinates(coarse[:, :, n], grid, order=1, mode="nearest")
              for n in range(coarse.shape[2])]  # fmt: skip
    return np.stack(planes, axis=-1).astype(np.float32)
