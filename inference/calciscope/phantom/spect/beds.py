"""Several bed positions: each with its own orbit, reconstructed on its own, then stitched."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from calciscope.errors import PhantomError
from calciscope.phantom.spect.protocol import SpectProtocol
from calciscope.phantom.spect.scan import scan_spect
from calciscope.volume import Volume

FIELD_MM = 400.0
"""Axial field of view of a large gamma camera (380 to 400 mm)."""

OVERLAP_MM = 30.0
"""Of two beds at least: the planes at the edge of a bed lose counts beyond it."""


def scan_beds(
    activity: Volume, ct_hu: Volume, protocol: SpectProtocol, rng: np.random.Generator
) -> Volume:
    """Scan a map that is longer than the camera's field, bed by bed, as one image.

    Args:
        activity: true SUVbw, canonical; one image voxel is a whole number of its own.
        ct_hu: HU of the CT, canonical.
        protocol: of each bed.
        rng: of the counts.

    Returns:
        float32 SUVbw; beds are blended linearly where they overlap.

    Raises:
        PhantomError: the image's voxels do not fit to those of the map.
    """
    ratio = protocol.voxel_mm / float(activity.spacing_mm[2])
    step = round(ratio)
    if step < 1 or abs(ratio - step) > 1e-6:
        raise PhantomError(
            f"image voxels of {protocol.voxel_mm:g} mm are no whole number of voxels of "
            f"{activity.spacing_mm[2]:g} mm; beds would not fit to each other"
        )
    places = bed_planes(activity.shape[2] // step, protocol.voxel_mm)
    parts = [_part(activity, step * low, step * high) for low, high in places]
    # Each bed has counts of its own, whichever thread comes first.
    with ThreadPoolExecutor(len(parts)) as pool:
        scans = [
            pool.submit(scan_spect, part, ct_hu, protocol, own)
            for part, own in zip(parts, rng.spawn(len(parts)), strict=True)
        ]
        return stitch([scan.result() for scan in scans], places)


def bed_planes(planes: int, voxel_mm: float) -> list[tuple[int, int]]:
    """First and last plane (excluded) of each bed: as few beds as cover all, evenly spread."""
    field = max(int(FIELD_MM / voxel_mm), 1)
    if planes <= field:
        return [(0, planes)]
    fresh = max(field - int(np.ceil(OVERLAP_MM / voxel_mm)), 1)
    count = 1 + int(np.ceil((planes - field) / fresh))
    starts = np.rint(np.linspace(0, planes - field, count)).astype(int)
    return [(int(start), int(start) + field) for start in starts]


def stitch(beds: Sequence[Volume], places: Sequence[tuple[int, int]]) -> Volume:
    """One image of several beds; weights fall linearly over what two beds share."""
    across = beds[0].shape[:2]
    total = np.zeros((*across, places[-1][1]), np.float32)
    weights = np.zeros(places[-1][1], np.float32)
    for n, (bed, (low, high)) in enumerate(zip(beds, places, strict=True)):
        weight = np.ones(high - low, np.float32)
        if n > 0:
            weight = np.minimum(weight, _ramp(high - low, places[n - 1][1] - low))
        if n + 1 < len(places):
            weight = np.minimum(weight, _ramp(high - low, high - places[n + 1][0])[::-1])
        total[:, :, low:high] += weight * bed.array
        weights[low:high] += weight
    return Volume(total / weights, beds[0].affine)


def _ramp(length: int, shared: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Weights that rise over the first `shared` planes, never 0."""
    return np.minimum((np.arange(length, dtype=np.float32) + 0.5) / shared, np.float32(1))


def _part(activity: Volume, low: int, high: int) -> Volume:
    return activity.crop((0, 0, low), (*activity.shape[:2], high))
