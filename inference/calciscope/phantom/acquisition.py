"""CT acquisition of a painted scene: slice profile, kernel, artifacts, noise, field of view.

Blur is linear, so the same blur applied to a lesion alone gives its noise-free contrast, from
which the truth is taken (half-maximum; mineral.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import IGNORE, Label
from calciscope.phantom.artifacts import beam_hardening, coloured_noise, metal_streaks, truncate
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.mineral import (
    Lesion,
    Patch,
    analytic_volume_and_mass,
    contrast_hu,
    half_maximum,
    mineral_field,
)
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.volume import Volume

FWHM_PER_SIGMA = 2.3548
METAL_CAP_HU = 8000.0
LESION_LABELS = {"V": Label.VASCULAR, "J": Label.BONE, "X": Label.FOREIGN}


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
        streak_hu: depth of streaks where there is metal.
        field_of_view_mm: diameter; None: whole grid.
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
    streak_hu: float = 200.0
    field_of_view_mm: float | None = None
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
    canvas: Canvas, lesions: Sequence[Lesion], protocol: Protocol, rng: np.random.Generator
) -> Acquired:
    """Scan a painted scene that holds lesions.

    Args:
        canvas: painted at the CT's own pixel size, with thinner planes than the slices.
        lesions: mineral to add; outside of the grid it is dropped.
        protocol: the scanner.
        rng: of the noise.

    Returns:
        CT, labels and a table with, per lesion: id, kind, compartment, side, name, volume_mm3 and
        ha_mass_mg (analytic), peak_contrast_hu, voxels, visible, center_index.
    """
    grid = canvas.grid
    field = mineral_field(lesions, grid)
    slope = ha_slope_hu_per_mg_cc(protocol.kvp) * protocol.slope_factor
    contrasts = []
    hu = canvas.hu.copy()
    for patch in field.patches:
        contrast = np.minimum(contrast_hu(patch, canvas.hu[patch.box], slope), METAL_CAP_HU)
        contrasts.append(contrast)
        hu[patch.box] += contrast
    weights, centers = slice_weights(grid.shape[2], float(grid.spacing_mm[2]), protocol)
    image = _blur(np.tensordot(hu, weights, axes=(2, 1)), grid, protocol)
    affine = grid.affine.copy()
    affine[2, 3] += centers[0]
    affine[2, 2] = protocol.increment_mm
    planes = np.clip(np.round(centers / grid.spacing_mm[2]).astype(int), 0, grid.shape[2] - 1)
    labels = canvas.tissues[:, :, planes].copy()

    table = _label_lesions(labels, field.lesions, field.patches, contrasts, weights, grid, protocol)
    image += beam_hardening(image, labels, protocol.beam_hardening_hu)
    if any(lesion.kind == "X1" for lesion in field.lesions):
        image += metal_streaks(image, protocol.streak_hu)
    image += coloured_noise(
        image.shape, float(grid.spacing_mm[0]), protocol.noise_peak_lp_mm, protocol.noise_hu, rng
    )
    truncate(image, labels, grid.spacing_mm, protocol.field_of_view_mm)
    ct = np.round(np.clip(image, -1024, 3071)).astype(np.int16)
    return Acquired(Volume(ct, affine), Volume(labels, affine), table)


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
) -> list[dict[str, Any]]:
    """Write every lesion's truth into the labels; vessels and metal first, so mineral wins."""
    spacing = np.array([*grid.spacing_mm[:2], protocol.increment_mm])
    smallest = max(protocol.smallest_visible_hu, min(2 * protocol.noise_hu, 160.0))
    table = []
    order = sorted(range(len(lesions)), key=lambda n: lesions[n].is_calcification)
    for n in order:
        lesion, patch = lesions[n], patches[n]
        box, contrast, fraction = _seen(patch, contrasts[n], weights, grid, protocol)
        visible, faint = half_maximum(contrast, fraction, spacing, smallest)
        part = labels[box]
        visible &= part != IGNORE
        part[faint & (part != Label.CALCIFICATION)] = IGNORE
        part[visible] = LESION_LABELS.get(lesion.kind[0], Label.CALCIFICATION)
        volume, mass = analytic_volume_and_mass(lesion)
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
    patch: Patch,
    contrast: NDArray[np.float32],
    weights: NDArray[np.float32],
    grid: Volume,
    protocol: Protocol,
) -> tuple[tuple[slice, slice, slice], NDArray[np.float32], NDArray[np.float32]]:
    """A lesion alone as the scanner shows it: box on the CT grid, contrast, cover."""
    pad = int(np.ceil(3 * protocol.fwhm_mm / FWHM_PER_SIGMA / grid.spacing_mm[0])) + 1
    low = [max(s.start - pad, 0) for s in patch.box[:2]]
    high = [min(s.stop + pad, n) for s, n in zip(patch.box[:2], grid.shape[:2], strict=True)]
    part = weights[:, patch.box[2]]
    touched = np.flatnonzero(part.sum(axis=1) > 0.01)
    if len(touched) == 0:
        touched = np.array([int(np.argmax(part.sum(axis=1)))])
    k0, k1 = int(touched[0]), int(touched[-1]) + 1
    margins = [(s.start - a, b - s.stop) for s, a, b in zip(patch.box[:2], low, high, strict=True)]

    def sliced(values: NDArray[np.float32]) -> NDArray[np.float32]:
        planes = np.tensordot(values, part[k0:k1], axes=(2, 1))
        return np.asarray(np.pad(planes, (*margins, (0, 0))), dtype=np.float32)

    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(k0, k1))
    return box, _blur(sliced(contrast), grid, protocol), sliced(patch.fraction)
