"""A SPECT scan of an activity map: projections with scatter and noise, corrected, reconstructed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.spect.cameras import attenuation_per_mm, collimator
from calciscope.phantom.spect.grids import blurred, onto, square_grid
from calciscope.phantom.spect.projector import Camera, Image, Projector
from calciscope.phantom.spect.protocol import SpectProtocol
from calciscope.phantom.spect.reconstruction import osem, post_filter
from calciscope.volume import Volume

FINE = 2
"""Fine voxels of the object in one voxel of the image, along each axis: projecting and
reconstructing on one grid would hide what a grid does (the inverse crime)."""

AIR_HU = -1000.0
SKIN_PER_MM = 0.004
"""Attenuation above which something is the patient, a quarter of water's."""


@dataclass(frozen=True, eq=False)
class SpectScan:
    """What a simulated scan gives.

    Attributes:
        image: float32 SUVbw as displayed, canonical grid of cubic voxels.
        counts: of all views together.
        protocol: of the scan.
    """

    image: Volume
    counts: float
    protocol: SpectProtocol


def scan_spect(
    activity: Volume,
    ct_hu: Volume,
    protocol: SpectProtocol,
    rng: np.random.Generator,
    moved: NDArray[np.float64] | None = None,
) -> Volume:
    """The image of `acquire_spect`."""
    return acquire_spect(activity, ct_hu, protocol, rng, moved).image


def acquire_spect(
    activity: Volume,
    ct_hu: Volume,
    protocol: SpectProtocol,
    rng: np.random.Generator,
    moved: NDArray[np.float64] | None = None,
) -> SpectScan:
    """Scan an activity map and reconstruct it with correction of attenuation and scatter.

    The camera's field along the axis is the extent of the activity map; what lies beyond it does
    not radiate in.

    Args:
        activity: true SUVbw, canonical grid of about half the image's voxels.
        ct_hu: HU of the CT, canonical; air beyond it.
        protocol: of the scan.
        rng: of the counts.
        moved: rigid world transform, 4 x 4, of the patient between CT and SPECT: `activity` lies
            where the patient lay during SPECT, and attenuates there, while the CT that corrects
            stayed. None for no movement.
    """
    coarse = square_grid(activity, protocol.voxel_mm)
    # The same extent keeps bins and voxels together.
    fine = _same_extent(coarse)
    mu_fine = attenuation_per_mm(onto(ct_hu, fine, AIR_HU, moved), protocol.kvp)
    scale = protocol.counts_per_suv_ml * (protocol.voxel_mm / FINE) ** 3 / 1000.0
    source = np.maximum(onto(activity, fine, 0.0), 0) * np.float32(scale)
    camera = _camera(mu_fine, fine, protocol)
    primary = _projections(source, mu_fine, camera, protocol)
    counts, background = _measured(primary, protocol, rng)

    hu = blurred(onto(ct_hu, coarse, AIR_HU), protocol.attenuation_blur_mm, protocol.voxel_mm)
    mu = attenuation_per_mm(hu, protocol.kvp)
    model = Camera(
        camera.collimator if protocol.resolution_recovery else None,
        protocol.voxel_mm,
        camera.angles,
        camera.radii_mm,
    )
    # Outside of the patient there is room for urine on the skin, and for a patient who moved.
    support = _circle(coarse.shape)
    image = osem(
        Projector(model, mu, keep=True),
        counts,
        background,
        support,
        protocol.iterations,
        protocol.subsets,
    )
    image = post_filter(image, protocol.filter_mm, protocol.voxel_mm)
    suv = image / np.float32(protocol.counts_per_suv_ml * protocol.voxel_mm**3 / 1000.0)
    total = float(sum(view.sum() for view in counts))
    return SpectScan(coarse.with_array(suv), total, protocol)


def _same_extent(coarse: Volume) -> Volume:
    """The grid with FINE times as many voxels over the same extent."""
    shape = tuple(FINE * n for n in coarse.shape)
    step = coarse.spacing_mm / FINE
    origin = coarse.affine[:3, 3] - 0.5 * (coarse.spacing_mm - step)
    return Volume.from_spacing(np.broadcast_to(np.float32(0), shape), step, origin)


def _circle(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """The part of the field that every view sees."""
    center = 0.5 * (shape[0] - 1)
    x, y = np.ogrid[: shape[0], : shape[1]]
    inside = (x - center) ** 2 + (y - center) ** 2 <= (0.5 * shape[0]) ** 2
    return np.broadcast_to(inside[:, :, None], shape)


def _camera(mu: Image, grid: Volume, protocol: SpectProtocol) -> Camera:
    """A body contour orbit: the collimator keeps a clearance from the skin in each view."""
    angles = 2 * np.pi * np.arange(protocol.views) / protocol.views
    voxel = float(grid.spacing_mm[0])
    body = ndimage.binary_opening(np.any(mu > SKIN_PER_MM, axis=2), iterations=3)
    where = (np.argwhere(body) - 0.5 * (np.array(body.shape) - 1)) * voxel
    if len(where) == 0:
        where = np.zeros((1, 2))
    # Towards the camera: (sin a, -cos a), see `turning_matrix`.
    towards = np.stack([np.sin(angles), -np.cos(angles)])
    radii = np.max(where @ towards, axis=0) + protocol.clearance_mm
    return Camera(collimator(protocol.collimator), voxel, angles, np.maximum(radii, 60.0))


def _projections(
    source: Image, mu: Image, camera: Camera, protocol: SpectProtocol
) -> list[NDArray[np.float32]]:
    """Expected primary counts on the bins of the image, one (N, K) a view."""
    projector = Projector(camera, mu, slab=FINE)
    shift = np.rint(np.array(protocol.motion_mm) / camera.voxel_mm).astype(int)
    shifted = np.roll(source, tuple(shift), axis=(0, 2)) if shift.any() else source
    from_view = int(protocol.motion_from * protocol.views)
    views = []
    for view in range(protocol.views):
        fine = projector.forward(shifted if view >= from_view else source, view)
        size, length = fine.shape
        bins = fine.reshape(size // FINE, FINE, length // FINE, FINE)
        views.append(np.asarray(bins.sum(axis=(1, 3))))
    return views


def _measured(
    primary: list[NDArray[np.float32]], protocol: SpectProtocol, rng: np.random.Generator
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Counts of the photopeak window, and the scatter in it as a second window estimates it.

    Scatter is the primary image spread by a Gaussian (domain figures 5.1). The second window
    holds half of it, give or take 20 %, with its own noise; the estimate is doubled and smoothed.
    """
    sigma = protocol.scatter_sigma_mm / protocol.voxel_mm
    window = 0.5 * rng.uniform(0.8, 1.2)
    counts, background = [], []
    for view in primary:
        scatter = protocol.scatter * ndimage.gaussian_filter(view, sigma, mode="constant")
        counts.append(rng.poisson(np.maximum(view + scatter, 0)).astype(np.float32))
        second = rng.poisson(np.maximum(window * scatter, 0)).astype(np.float32)
        smooth = ndimage.gaussian_filter(second, 0.5 * sigma, mode="nearest")
        background.append(np.asarray(2 * smooth, dtype=np.float32))
    return counts, background
