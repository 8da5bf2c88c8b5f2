"""Parallel-beam projection and filtered back-projection at low resolution, for artifacts.

Beam hardening and metal make errors that are smooth or streaky sums over lines. They are made
here on a coarse square grid, as the reconstruction of an error sinogram, and added to the image.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Field = NDArray[np.float32]


@lru_cache(maxsize=4)
def _projector(size: int, angles: int) -> sparse.csr_matrix:
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
    projector = _projector(size, angles)
    detectors = projector.shape[0] // angles
    sinogram = projector @ density.reshape(size * size, count)
    error = -(sinogram.reshape(angles, detectors, count) ** 2)
    length = 1 << int(np.ceil(np.log2(2 * detectors)))
    ramp = np.abs(np.fft.rfftfreq(length)).astype(np.float32)
    spectrum = np.fft.rfft(error, length, axis=1) * ramp[None, :, None]
    filtered = np.fft.irfft(spectrum, length, axis=1)[:, :detectors].astype(np.float32)
    image = projector.T @ filtered.reshape(angles * detectors, count)
    return np.asarray(image.reshape(size, size, count) * (np.pi / angles), dtype=np.float32)
