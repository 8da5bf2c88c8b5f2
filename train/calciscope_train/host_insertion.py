"""Mineral inserted into a real limb by physics: contrast, blur, and labels by half-maximum.

The host keeps its own noise. A voxel of the rasterized mineral is already the mean over the
voxel, which is the slice profile across and a pixel-wide box in the slice; the Gaussian added
here brings that up to the measured point spread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.phantom.acquisition import FWHM_PER_SIGMA, METAL_CAP_HU
from calciscope.phantom.mineral import (
    Lesion,
    Patch,
    analytic_volume_and_mass,
    contrast_hu,
    half_maximum,
    mineral_field,
    truth_contrast_hu,
    write_truth,
)
from calciscope.volume import Volume
from calciscope_train.host_streaks import streaks

MARGIN_MM = 6.0
"""Room around a lesion for its blur and for the half-maximum."""

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Imaging:
    """How the host was imaged, as far as mineral in it is concerned.

    Attributes:
        fwhm_mm: in-plane resolution.
        slope_hu_per_mg_cc: HU of a milligram of HA in a milliliter.
        minimum_contrast_hu: fainter peaks cannot be seen: 255.
        streak_hu: depth of streaks around inserted metal.
        streak_seed: of their pattern.
    """

    fwhm_mm: float
    slope_hu_per_mg_cc: float
    minimum_contrast_hu: float
    streak_hu: float = 90.0
    streak_seed: int = 0


def insert_lesions(
    ct: Volume, labels: NDArray[np.uint8], lesions: Sequence[Lesion], imaging: Imaging
) -> tuple[NDArray[np.int16], NDArray[np.uint8], list[dict[str, Any]]]:
    """Insert lesions into a host.

    Args:
        ct: canonical host in HU.
        labels: its tissues, same shape; is not changed.
        lesions: as placed.
        imaging: of the host.

    Returns:
        CT with mineral, labels with mineral, and one record a lesion for case.json.
    """
    hu = ct.array.astype(np.float32)
    tissue = ndimage.gaussian_filter(hu, (1.0, 1.0, 0.3), mode="nearest")
    truth = labels.copy()
    records: list[dict[str, Any]] = []
    # Vessels and metal first, so that calcification wins where blurs meet.
    field = mineral_field(sorted(lesions, key=lambda lesion: lesion.is_calcification), ct)
    metal = np.zeros(ct.shape, np.float32)
    for lesion, patch in zip(field.lesions, field.patches, strict=True):
        box, wide = _widened(patch, ct)
        solid = contrast_hu(wide, tissue[box], imaging.slope_hu_per_mg_cc)
        added = blurred(np.minimum(solid, METAL_CAP_HU), ct, imaging)
        hu[box] += added
        if lesion.kind == "X1":
            metal[box] += added
        seen = added
        if wide.replaced is not None:
            mineral = truth_contrast_hu(lesion, wide, tissue[box], imaging.slope_hu_per_mg_cc)
            seen = blurred(mineral, ct, imaging)
        visible, faint = half_maximum(
            seen, lesion.cover_of(wide), ct.spacing_mm, imaging.minimum_contrast_hu
        )
        visible = write_truth(truth[box], lesion, visible, faint)
        records.append(_record(len(records) + 1, lesion, seen, visible, box))
    if metal.any():
        body = labels != Label.BACKGROUND
        rng = np.random.default_rng(imaging.streak_seed)
        fans = streaks(metal, ct.spacing_mm, imaging.streak_hu, rng)
        hu += fans * np.where(ndimage.binary_dilation(body, iterations=2), 1.0, 0.5)
    return np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), truth, records


def blurred(contrast: NDArray[np.float32], grid: Volume, imaging: Imaging) -> NDArray[np.float32]:
    """Contrast on the voxels as the scanner of the host would show it."""
    variance = (imaging.fwhm_mm / FWHM_PER_SIGMA) ** 2 - grid.spacing_mm[:2] ** 2 / 12.0
    sigma = np.sqrt(np.maximum(variance, 0.0)) / grid.spacing_mm[:2]
    return np.asarray(ndimage.gaussian_filter(contrast, (*sigma, 0.0), mode="constant"))


def _widened(patch: Patch, grid: Volume) -> tuple[Box, Patch]:
    """The patch with a margin on all sides, cut to the grid."""
    margin = np.ceil(MARGIN_MM / grid.spacing_mm).astype(int)
    starts = [max(s.start - m, 0) for s, m in zip(patch.box, margin, strict=True)]
    stops = [min(s.stop + m, n) for s, m, n in zip(patch.box, margin, grid.shape, strict=True)]
    box: Box = (
        slice(starts[0], stops[0]),
        slice(starts[1], stops[1]),
        slice(starts[2], stops[2]),
    )
    pad = [(s.start - a, b - s.stop) for s, a, b in zip(patch.box, starts, stops, strict=True)]
    return box, patch.padded(box, pad)


def _record(
    number: int, lesion: Lesion, added: NDArray[np.float32], visible: NDArray[np.bool_], box: Box
) -> dict[str, Any]:
    volume, mass = analytic_volume_and_mass(lesion)
    record: dict[str, Any] = {
        "id": number,
        "kind": lesion.kind,
        "name": lesion.name,
        "compartment": lesion.compartment,
        "side": lesion.side,
        "volume_mm3": round(volume, 2),
        "ha_mass_mg": round(mass, 3),
        "peak_contrast_hu": round(float(added.max()), 1),
        "voxels": int(visible.sum()),
        "visible": bool(visible.any()),
    }
    if visible.any():
        inside = np.argwhere(visible)
        middle = inside[len(inside) // 2]
        record["center_index"] = [int(c + s.start) for c, s in zip(middle, box, strict=True)]
    return record
