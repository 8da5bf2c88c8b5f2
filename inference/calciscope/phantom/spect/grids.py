"""Grids of a simulated SPECT: square in the axial plane, around the axis of rotation."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.spect.cameras import SIGMA_PER_FWHM
from calciscope.volume import Volume

MARGIN_MM = 2.0
"""Margin of the field around what is scanned."""


def square_grid(of: Volume, voxel_mm: float) -> Volume:
    """A cubic, canonical grid that holds a canonical volume; N x N x K voxels, array of zeros.

    Args:
        of: canonical; its extent is covered across, and not left along the axis.
        voxel_mm: of the grid.
    """
    extent = np.array(of.shape) * of.spacing_mm
    middle = of.lps_mm(0.5 * (np.array(of.shape) - 1))
    side = float(max(extent[0], extent[1])) + 2 * MARGIN_MM
    across = int(np.ceil(side / voxel_mm))
    along = max(int(np.floor(extent[2] / voxel_mm)), 1)
    shape = (across, across, along)
    origin = middle - 0.5 * voxel_mm * (np.array(shape) - 1)
    blank = np.broadcast_to(np.float32(0), shape)
    return Volume.from_spacing(blank, (voxel_mm,) * 3, tuple(origin))


def onto(
    volume: Volume, grid: Volume, outside: float, moved: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Values of a canonical volume at the voxels of a canonical grid.

    Where the grid is coarser, values are averaged over its voxels first.

    Args:
        volume: to take values from.
        grid: to fill.
        outside: value beyond the volume.
        moved: rigid world transform, 4 x 4, that the content has undergone; None for none.
    """
    ratio = grid.spacing_mm / volume.spacing_mm
    array = volume.array.astype(np.float32)
    if (ratio > 1.2).any():
        # The box of a coarse voxel as a Gaussian of the same variance, less that of the fine one.
        sigma = np.sqrt(np.maximum(ratio**2 - 1, 0) / 12)
        array = ndimage.gaussian_filter(array, sigma, mode="nearest")
    world = np.eye(4) if moved is None else np.linalg.inv(moved)
    matrix = np.linalg.inv(volume.affine) @ world @ grid.affine
    if np.allclose(matrix[:3, :3], np.diag(np.diag(matrix[:3, :3]))):
        linear: NDArray[np.float64] = np.diag(matrix[:3, :3])
    else:
        linear = matrix[:3, :3]
    return np.asarray(
        ndimage.affine_transform(
            array, linear, matrix[:3, 3], grid.shape, order=1, mode="constant", cval=outside
        ),
        dtype=np.float32,
    )


def blurred(array: NDArray[np.float32], fwhm_mm: float, voxel_mm: float) -> NDArray[np.float32]:
    """A Gaussian blur in three dimensions."""
    sigma = fwhm_mm * SIGMA_PER_FWHM / voxel_mm
    return np.asarray(ndimage.gaussian_filter(array, sigma, mode="nearest"), dtype=np.float32)
