"""Planar bone scintigraphy of the same patient: one anterior and one posterior view."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.spect.cameras import attenuation_per_mm, collimator
from calciscope.phantom.spect.grids import onto, square_grid
from calciscope.phantom.spect.projector import Camera, Projector
from calciscope.phantom.spect.protocol import SpectProtocol
from calciscope.phantom.spect.scan import AIR_HU
from calciscope.volume import Volume

RADIUS_MM = 120.0
"""From the middle of the patient to the collimator (domain figures, section 7)."""


@dataclass(frozen=True, eq=False)
class PlanarViews:
    """Counts, shape (across, along); `along` grows to the head.

    Attributes:
        anterior: across grows to the patient's left.
        posterior: across grows to the patient's right, as a camera behind sees it.
        pixel_mm: square.
    """

    anterior: NDArray[np.float32]
    posterior: NDArray[np.float32]
    pixel_mm: float


def planar_views(
    activity: Volume,
    ct_hu: Volume,
    protocol: SpectProtocol,
    rng: np.random.Generator,
    seconds: float = 600.0,
) -> PlanarViews:
    """Both views of an activity map, with attenuation, scatter and noise.

    Args:
        activity: true SUVbw, canonical.
        ct_hu: HU, canonical.
        protocol: dose, delay, collimator, scatter and voxel size.
        rng: of the counts.
        seconds: of each view.
    """
    grid = square_grid(activity, protocol.voxel_mm)
    mu = attenuation_per_mm(onto(ct_hu, grid, AIR_HU), protocol.kvp)
    scale = replace(protocol, seconds_per_view=seconds).counts_per_suv_ml
    source = onto(activity, grid, 0.0) * np.float32(scale * protocol.voxel_mm**3 / 1000.0)
    camera = Camera(
        collimator(protocol.collimator),
        protocol.voxel_mm,
        np.array([0.0, np.pi]),
        np.full(2, RADIUS_MM),
    )
    projector = Projector(camera, mu)
    sigma = protocol.scatter_sigma_mm / protocol.voxel_mm
    views = []
    for view in range(2):
        primary = projector.forward(source, view)
        scatter = protocol.scatter * ndimage.gaussian_filter(primary, sigma, mode="constant")
        views.append(rng.poisson(np.maximum(primary + scatter, 0)).astype(np.float32))
    return PlanarViews(views[0], views[1], protocol.voxel_mm)
