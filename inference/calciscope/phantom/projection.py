"""Parallel-beam projection and filtered back-projection at low resolution, for artifacts.

Beam hardening and metal make errors that are smooth or streaky sums over lines. They are made
here on a coarse square grid, as the reconstruction of an error sinogram, and added to the image.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from calciscope.resampling import resample_array

Field = NDArray[np.float32]


@lru_cache(maxsize=4)
def projector(size: int, angles: int) -> sparse.csr_matrix:
    """Matrix from size x size pixels to angles x detectors (pixel-driven, linear)."""
    detectors = int(np.ceil(size * 1.5))
    center = (size - 1) / 2
    i, j = np.meshgrid(np.arange(size) - center, np.arange(size) - center, indexing="ij")
    columns = np.arange(size * size)
    rows, cols, values = [], [], []
    for a in range(angles):
        phi = np.pi * a / angles
        t = (i * np.cos(phi) + j * np.sin(phi)).ravel() + (detectors - 1) / 2
        low = np.floor(t).astype(int)
        share = t - low
        rows += [a * detectors + low, a * detectors + low + 1]
        cols += [columns, columns]
        values += [1 - share, share]
    matrix = sparse.coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))),
        shape=(angles * detectors, size * size),
        dtype=np.float32,
    )
    return matrix.tocsr()


def square_average(image: Field, size: int, outside: float = 0.0) -> tuple[Field, float]:
    """Planes averaged onto a size x size grid that covers their longer side.

    Averaged, not sampled: a thin wire keeps its cross-section.

    Args:
        image: shape (X, Y, n).
        size: of the square grid.
        outside: value beyond the shorter side.

    Returns:
        Shape (size, size, n), and the number of pixels of the image in one of the square grid.
    """
    factor = max(image.shape[:2]) / size
    across = [min(max(round(n / factor), 1), size) for n in image.shape[:2]]
    square = np.full((size, size, image.shape[2]), outside, np.float32)
    square[: across[0], : across[1]] = resample_array(image, (*across, image.shape[2]))
    return square, factor


def dense_line_error(density: Field, angles: int = 60) -> Field:
    """Reconstruction of minus the squared line integrals of something dense.

    This is the second-order term of beam hardening: p' = p - beta p_dense^2.

    Args:
        density: shape (S, S, n), one square plane per slice; arbitrary unit.
        angles: number of views over 180 degrees.

    Returns:
        Shape (S, S, n), dark between dense things, in arbitrary unit.
    """
    size, _, count = density.shape
    projector_matrix = projector(size, angles)
    detectors = projector_matrix.shape[0] // angles
    sinogram = projector_matrix @ density.reshape(size * size, count)
    error = -(sinogram.reshape(angles, detectors, count) ** 2)
    return back_project(error, projector_matrix, size)


def back_project(
    sinogram: Field, projector_matrix: sparse.csr_matrix, size: int, smooth: bool = False
) -> Field:
    """Filtered back-projection.

    Args:
        sinogram: shape (views, detectors, n).
        projector_matrix: of `projector` for that number of views.
        size: of the square grid.
        smooth: whether the ramp is rolled off (cosine), as noise needs.

    Returns:
        Shape (size, size, n).
    """
    angles, detectors, count = sinogram.shape
    length = 1 << int(np.ceil(np.log2(2 * detectors)))
    ramp = np.abs(np.fft.rfftfreq(length)).astype(np.float32)
    if smooth:
        ramp = ramp * np.cos(np.pi * ramp)
    spectrum = np.fft.rfft(sinogram, length, axis=1) * ramp[None, :, None]
    filtered = np.fft.irfft(spectrum, length, axis=1)[:, :detectors].astype(np.float32)
    image = projector_matrix.T @ filtered.reshape(angles * detectors, count)
    return np.asarray(image.reshape(size, size, count) * (np.pi / angles), dtype=np.float32)
