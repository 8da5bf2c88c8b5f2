"""OSEM: ordered subsets expectation maximization (Hudson and Larkin 1994)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.spect.cameras import SIGMA_PER_FWHM
from calciscope.phantom.spect.projector import Image, Projector

SMALLEST = np.float32(1e-6)
"""What is divided by at least, relative to one count."""


def view_subsets(views: int, subsets: int) -> list[NDArray[np.intp]]:
    """Views of each subset, spread over the circle; neighbors in order are far apart."""
    order = np.argsort([(n * 0.6180339887) % 1.0 for n in range(subsets)])
    return [np.arange(first, views, subsets) for first in np.argsort(order)]


def osem(
    projector: Projector,
    counts: Sequence[NDArray[np.float32]],
    background: Sequence[NDArray[np.float32]],
    support: NDArray[np.bool_],
    iterations: int,
    subsets: int,
) -> Image:
    """Reconstruct.

    Args:
        projector: with the attenuation (and the collimator, where it is modeled).
        counts: measured, one (N, K) a view.
        background: expected counts of scatter, one (N, K) a view.
        support: where activity may be, shape (N, N, K).
        iterations, subsets: passes over all views, and parts of them.

    Returns:
        Counts emitted towards one view by each voxel, shape (N, N, K).
    """
    parts = view_subsets(len(counts), subsets)
    ones = np.ones_like(counts[0])
    sensitivity = [sum(projector.backward(ones, view) for view in part) for part in parts]
    image = support.astype(np.float32)
    for _ in range(iterations):
        for part, norm in zip(parts, sensitivity, strict=True):
            ratio = np.zeros_like(image)
            for view in part:
                expected = projector.forward(image, int(view)) + background[view]
                ratio += projector.backward(
                    counts[view] / np.maximum(expected, SMALLEST), int(view)
                )
            image *= ratio / np.maximum(norm, SMALLEST)
    return image


def post_filter(image: Image, fwhm_mm: float, voxel_mm: float) -> Image:
    """Gaussian post filter; 0 for none."""
    if fwhm_mm <= 0:
        return image
    sigma = fwhm_mm * SIGMA_PER_FWHM / voxel_mm
    return np.asarray(ndimage.gaussian_filter(image, sigma, mode="constant"), dtype=np.float32)
