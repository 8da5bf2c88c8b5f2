"""CT acquisition of a painted scene: slice profile, kernel, artifacts, noise, field of view.

Blur is linear, so the same blur applied to a lesion alone gives its noise-free contrast, from
which the truth is taken (half-maximum; mineral.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.phantom.artifacts import (
    beam_hardening,
    coloured_noise,
    truncate,
)
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.metal import MetalSettings, metal_error
from calciscope.phantom.mineral import (
    FINE_STEP_MM,
    Lesion,
    Patch,
    analytic_volume_and_mass,
    contrast_hu,
    half_maximum,
    mineral_field,
    truth_contrast_hu,
    write_truth,
)
from calciscope.phantom.motion import move, random_shifts
from calciscope.phantom.scanner_noise import directional_noise
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.volume import Volume

FWHM_PER_SIGMA = 2.3548
METAL_CAP_HU = 8000.0
METAL_HU = 3500.0
"""Painted HU above which something is metal; the cortex has 2400 at most."""


@dataclass(frozen=True)
class Protocol:
    """How a scanner looks at a scene.

    Attributes:
        kvp: tube voltage.
        slice_mm: slice thickness (box profile); increment_mm: distance between slices.
        kernel: name written into DICOM; fwhm_mm: in-plane point spread.
        edge: edge enhancement of bone kernels, 0.25 typical: I + edge (I - I blurred 2 mm).
        noise_hu: standard deviation; noise_peak_lp_mm: peak of the noise power spectrum.
        slope_factor: of the HA slope (filtration), 0.88-1.14.
        beam_hardening_hu: depth of the dark bands.
        metal: how metal is seen.
        field_of_view_mm: diameter; None: whole grid; rim_hu: of its bright rim in the body.
        directional: noise that follows the attenuation of the rays, not even noise.
        motion_mm: size of jolts between slices.
        interpolated: number of slices made of one, by interpolation between neighbors.
        smallest_visible_hu: least peak contrast that counts as visible (2 sigma if larger).
    """

    kvp: float = 120.0
    slice_mm: float = 2.5
    increment_mm: float = 2.5
    kernel: str = "B30s"
    fwhm_mm: float = 1.2
    edge: float = 0.0
    noise_hu: float = 14.0
    noise_peak_lp_mm: float = 0.3
    slope_factor: float = 1.0
    beam_hardening_hu: float = 15.0
    metal: MetalSettings = field(default_factory=MetalSettings)
    field_of_view_mm: float | None = None
    rim_hu: float = 120.0
    directional: bool = False
    motion_mm: float = 0.0
    interpolated: int = 1
    smallest_visible_hu: float = 60.0


@dataclass(frozen=True, eq=False)
class Acquired:
    """A simulated CT with its truth.

    Attributes:
        ct: int16 HU; labels: uint8 `labels.Label` and 255, same grid.
        lesions: table, one row a lesion in the field of view (see `acquire`).
    """

    ct: Volume
    labels: Volume
    lesions: list[dict[str, Any]]


def slice_weights(
    count_fine: int, step_mm: float, protocol: Protocol
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Weights from fine planes to slices (box of the slice thickness, blurred by 0.3 mm).

    Returns:
        Weights of shape (slices, count_fine) with rows summing to 1, and the slices' centers in
        mm from the first fine plane.
    """
    extent = count_fine * step_mm
    slices = max(int((extent - protocol.slice_mm) / protocol.increment_mm) + 1, 1)
    used = (slices - 1) * protocol.increment_mm
    centers = 0.5 * (extent - used - step_mm) + protocol.increment_mm * np.arange(slices)
    offset = np.arange(count_fine)[None, :] * step_mm - centers[:, None]
    blur = np.hypot(0.3, 0.29 * step_mm)
    half = 0.5 * protocol.slice_mm
    weights = _step((offset + half) / blur) - _step((offset - half) / blur)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights, dtype=np.float32), np.asarray(centers)


def _step(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth step (logistic approximation of the normal integral)."""
    return np.asarray(1.0 / (1.0 + np.exp(-1.702 * np.clip(x, -30, 30))))


def acquire(
    canvas: Canvas,
    lesions: Sequence[Lesion],
    protocol: Protocol,
    rng: np.random.Generator,
    step_mm: float = FINE_STEP_MM,
) -> Acquired:
    """Scan a painted scene that holds lesions.

    Args:
        canvas: painted at the CT's own pixel size, with thinner planes than the slices.
        lesions: mineral to add; outside of the grid it is dropped.
        protocol: the scanner.
        rng: of the noise.
        step_mm: between the sub-samples of the mineral; with a coarse one its volume and mass in
            the table are as coarse.

    Returns:
        CT, labels and a table with, per lesion: id, kind, compartment, side, name, volume_mm3 and
        ha_mass_mg (analytic), peak_contrast_hu, voxels, visible, center_index.
    """
    grid = canvas.grid
    minerals = mineral_field(lesions, grid, step_mm)
    slope = ha_slope_hu_per_mg_cc(protocol.kvp) * protocol.slope_factor
    contrasts = []
    hu = canvas.hu.copy()
    for lesion, patch in zip(minerals.lesions, minerals.patches, strict=True):
        under = canvas.hu[patch.box]
        contrast = np.minimum(contrast_hu(patch, under, slope), METAL_CAP_HU)
        truth = truth_contrast_hu(lesion, patch, under, slope)
        contrasts.append(np.minimum(truth, METAL_CAP_HU))
        hu[patch.box] += contrast
    weights, centers = slice_weights(grid.shape[2], float(grid.spacing_mm[2]), protocol)
    between = interpolation(len(centers), protocol.interpolated)
    weights, centers = between @ weights, between @ centers
    image = _blur(np.tensordot(hu, weights, axes=(2, 1)), grid, protocol)
    affine = grid.affine.copy()
    affine[2, 3] += centers[0]
    affine[2, 2] = protocol.increment_mm / protocol.interpolated
    planes = np.clip(np.round(centers / grid.spacing_mm[2]).astype(int), 0, grid.shape[2] - 1)
    labels = canvas.tissues[:, :, planes].copy()

    table = _label_lesions(
        labels, minerals.lesions, minerals.patches, contrasts, weights, grid, protocol,
        step_mm if step_mm > FINE_STEP_MM else 0.0,
    )  # fmt: skip
    pixel = float(grid.spacing_mm[0])
    image += beam_hardening(image, labels, protocol.beam_hardening_hu)
    if hu.max(initial=0.0) > METAL_HU:
        # By what was painted: an edge-enhanced cortex at 80 kVp is as bright as metal looks.
        metal = np.tensordot((hu > METAL_HU).astype(np.float32), weights, axes=(2, 1))
        image += metal_error(image, metal, pixel, protocol.metal, rng)
    image += _noise(image, labels, between, pixel, protocol, rng)
    if protocol.motion_mm:
        shifts = random_shifts(image.shape[2], protocol.motion_mm, rng) / pixel
        move(image, labels, table, shifts)
    if protocol.field_of_view_mm is not None:
        truncate(image, labels, grid.spacing_mm, protocol.field_of_view_mm, protocol.rim_hu)
        _drop_cut(table, labels)
    ct = np.round(np.clip(image, -1024, 3071)).astype(np.int16)
    return Acquired(Volume(ct, affine), Volume(labels, affine), table)


def _drop_cut(table: list[dict[str, Any]], labels: NDArray[np.uint8]) -> None:
    """Lesions whose center lies outside a truncated field are not visible; changes the rows."""
    for row in table:
        if "center_index" in row and labels[tuple(row["center_index"])] == Label.BACKGROUND:
            del row["center_index"]
            row["visible"], row["voxels"] = False, 0


def interpolation(slices: int, factor: int) -> NDArray[np.float32]:
    """Matrix from slices to `factor` times as many by linear interpolation, rows summing to 1."""
    if factor == 1 or slices < 2:
        return np.eye(slices, dtype=np.float32)
    places = np.linspace(0, slices - 1, (slices - 1) * factor + 1)
    distance = np.abs(places[:, None] - np.arange(slices))
    return np.asarray(np.clip(1 - distance, 0, 1), dtype=np.float32)


def _noise(
    image: NDArray[np.float32], labels: NDArray[np.uint8], between: NDArray[np.float32],
    pixel_mm: float, protocol: Protocol, rng: np.random.Generator,
) -> NDArray[np.float32]:  # fmt: skip
    """Noise of the slices that were measured, interpolated as they are."""
    peak, sigma = protocol.noise_peak_lp_mm, protocol.noise_hu
    if not protocol.directional:
        shape = (*image.shape[:2], between.shape[1])
        noise = coloured_noise(shape, pixel_mm, peak, sigma, rng)
    else:
        step = protocol.interpolated
        measured = image[:, :, ::step]
        noise = directional_noise(measured, labels[:, :, ::step] > 0, pixel_mm, peak, sigma, rng)
        overlap = protocol.slice_mm / protocol.increment_mm
        if overlap > 1.2:
            # Slices that overlap share photons.
            taps = np.array([1.0, overlap, 1.0]) / np.sqrt(2 + overlap**2)
            noise = ndimage.correlate1d(noise, taps, axis=2, mode="mirror")
    if protocol.interpolated == 1:
        return noise
    return np.asarray(np.tensordot(noise, between, axes=(2, 1)), dtype=np.float32)


def _blur(image: NDArray[np.float32], grid: Volume, protocol: Protocol) -> NDArray[np.float32]:
    """In-plane point spread, with the edge enhancement of a bone kernel."""
    variance = (protocol.fwhm_mm / FWHM_PER_SIGMA / grid.spacing_mm[:2]) ** 2
    # The pixel's own box is in the anti-aliased painting already.
    blurred = _gaussian(image, np.maximum(variance - 1 / 12, 0.02))
    if protocol.edge:
        wide = (2.0 / FWHM_PER_SIGMA / grid.spacing_mm[:2]) ** 2
        blurred += protocol.edge * (blurred - _gaussian(blurred, wide))
    return blurred


def _gaussian(image: NDArray[np.float32], variance_px2: NDArray[np.float64]) -> NDArray[np.float32]:
    """In-plane Gaussian of a given variance in square pixels, along x and y.

    A sampled Gaussian of less than about one pixel blurs too little; three taps have just the
    variance that is asked for.
    """
    for axis, variance in enumerate(variance_px2):
        if variance <= 0.6:
            taps = [0.5 * variance, 1.0 - variance, 0.5 * variance]
            image = ndimage.correlate1d(image, taps, axis=axis, mode="nearest")
        else:
            image = ndimage.gaussian_filter1d(image, np.sqrt(variance), axis=axis, truncate=3)
    return np.asarray(image, dtype=np.float32)


def _label_lesions(
    labels: NDArray[np.uint8],
    lesions: Sequence[Lesion],
    patches: Sequence[Patch],
    contrasts: Sequence[NDArray[np.float32]],
    weights: NDArray[np.float32],
    grid: Volume,
    protocol: Protocol,
    least_step_mm: float,
) -> list[dict[str, Any]]:
    """Write every lesion's truth into the labels; vessels and metal first, so mineral wins."""
    spacing = np.array([*grid.spacing_mm[:2], protocol.increment_mm / protocol.interpolated])
    smallest = max(protocol.smallest_visible_hu, min(2 * protocol.noise_hu, 160.0))
    table = []
    order = sorted(range(len(lesions)), key=lambda n: lesions[n].is_calcification)
    for n in order:
        lesion, patch = lesions[n], patches[n]
        box, contrast, fraction = _seen(
            patch.box, contrasts[n], lesion.cover_of(patch), weights, grid, protocol
        )
        visible, faint = half_maximum(contrast, fraction, spacing, smallest)
        visible = write_truth(labels[box], lesion, visible, faint)
        volume, mass = analytic_volume_and_mass(lesion, least_step_mm)
        row: dict[str, Any] = {
            "id": n + 1,
            "kind": lesion.kind,
            "name": lesion.name,
            "compartment": lesion.compartment,
            "side": lesion.side,
            "volume_mm3": round(volume, 2),
            "ha_mass_mg": round(mass, 3),
            "peak_contrast_hu": round(float(contrast.max(initial=0.0)), 1),
            "voxels": int(visible.sum()),
            "visible": bool(visible.any()),
        }
        if visible.any():
            # A voxel of the lesion, not its centroid: a bent lesion may not hold that.
            inside = np.argwhere(visible)
            row["center_index"] = [
                int(c + s.start) for c, s in zip(inside[len(inside) // 2], box, strict=True)
            ]
        table.append(row)
    return sorted(table, key=lambda r: int(r["id"]))


def _seen(
    where: tuple[slice, slice, slice],
    contrast: NDArray[np.float32],
    cover: NDArray[np.float32],
    weights: NDArray[np.float32],
    grid: Volume,
    protocol: Protocol,
) -> tuple[tuple[slice, slice, slice], NDArray[np.float32], NDArray[np.float32]]:
    """A lesion alone as the scanner shows it: box on the CT grid, contrast, cover."""
    pad = int(np.ceil(3 * protocol.fwhm_mm / FWHM_PER_SIGMA / grid.spacing_mm[0])) + 1
    low = [max(s.start - pad, 0) for s in where[:2]]
    high = [min(s.stop + pad, n) for s, n in zip(where[:2], grid.shape[:2], strict=True)]
    part = weights[:, where[2]]
    touched = np.flatnonzero(part.sum(axis=1) > 0.01)
    if len(touched) == 0:
        touched = np.array([int(np.argmax(part.sum(axis=1)))])
    k0, k1 = int(touched[0]), int(touched[-1]) + 1
    margins = [(s.start - a, b - s.stop) for s, a, b in zip(where[:2], low, high, strict=True)]

    def sliced(values: NDArray[np.float32]) -> NDArray[np.float32]:
        planes = np.tensordot(values, part[k0:k1], axes=(2, 1))
        return np.asarray(np.pad(planes, (*margins, (0, 0))), dtype=np.float32)

    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(k0, k1))
    return box, _blur(sliced(contrast), grid, protocol), sliced(cover)
