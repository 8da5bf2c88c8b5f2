"""Uptake of the soft tissue around each place, which hot spots must stand out of.

The median over muscle and subcutis in a cube around it, without what is hot itself. Where the CT
shows nothing, all that takes up tracer stands in for soft tissue.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.spect.on_grid import LabelShares
from calciscope.spect.settings import SpectSettings

PURE = 0.9
"""Least share of muscle and subcutis in a voxel of soft tissue: the blur of bone reaches far."""

LEAST_VOXELS = 40
"""With fewer of them around, the wider surroundings count."""

PASSES = 3
"""What a pass finds hot is left out of the median of the next."""

BODY_SHARE = 0.3
"""Blurred uptake above this share of the soft tissue's is body, where no CT shows it."""


def background_of(
    uptake: NDArray[np.float32],
    blurred: NDArray[np.float32],
    shares: LabelShares,
    settings: SpectSettings,
) -> NDArray[np.float32]:
    """Median uptake of the soft tissue around each voxel.

    Args:
        uptake: shape (I, J, K), as measured.
        blurred: the same, blurred by some 15 mm; tells body from air where there is no CT.
        shares: of the CT's labels on this grid.

    Returns:
        float32, same shape; infinite where no tissue takes up anything.
    """
    shown = shares.share(Label.MUSCLE, Label.SUBCUTANEOUS) >= PURE
    tissue = shown | (~shares.covered & _body_by_uptake(blurred, blurred[shown]))
    window = np.maximum(np.round(settings.region_mm / shares.grid.spacing_mm), 1).astype(int)
    result = np.full(uptake.shape, np.inf, np.float32)
    for _ in range(PASSES):
        # What is hot blurs into the voxels beside it.
        cool = tissue & ~ndimage.binary_dilation(uptake >= settings.background_factor * result)
        if not cool.any():
            break
        background = regional_median(uptake, cool, window)
        if background is None:
            break
        result = background
    return result


def regional_median(
    values: NDArray[np.float32], mask: NDArray[np.bool_], window: NDArray[np.intp]
) -> NDArray[np.float32] | None:
    """Median of the masked values around each voxel, interpolated between points of a lattice.

    Where fewer than `LEAST_VOXELS` are around, and nowhere below a third of it, the median of all
    masked values stands in: the background of nearly empty air is no background.

    Args:
        window: edge of the cube, in voxels per axis; the lattice has half its spacing.

    Returns:
        float32, shape of `values`; None where the median of all is not above 0.
    """
    overall = float(np.median(values[mask]))
    if overall <= 0:
        return None
    counts = [max(2, round(n / (w / 2)) + 1) for n, w in zip(values.shape, window, strict=True)]
    # The lattice is symmetric, so that flipping the axes changes nothing.
    nodes = [np.linspace(0, n - 1, count) for n, count in zip(values.shape, counts, strict=True)]
    lattice = np.full(counts, overall)
    for place in np.ndindex(*counts):
        box = tuple(
            slice(max(0, round(nodes[axis][p] - window[axis] / 2)),
                  round(nodes[axis][p] + window[axis] / 2) + 1)
            for axis, p in enumerate(place)
        )  # fmt: skip
        around = values[box][mask[box]]
        if len(around) >= LEAST_VOXELS:
            lattice[place] = np.median(around)
    lattice = np.maximum(lattice, overall / 3)
    steps = [np.linspace(0, count - 1, n) for n, count in zip(values.shape, counts, strict=True)]
    grid = np.meshgrid(*steps, indexing="ij", sparse=False)
    return np.asarray(ndimage.map_coordinates(lattice, grid, order=1), dtype=np.float32)


def _body_by_uptake(
    blurred: NDArray[np.float32], soft_tissue: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """What takes up tracer: by the soft tissue the CT shows, else by the image's own levels."""
    if len(soft_tissue):
        return np.asarray(blurred > BODY_SHARE * np.median(soft_tissue))
    positive = blurred[blurred > 0]
    if not len(positive):
        return np.zeros(blurred.shape, dtype=bool)
    # Air and body, told apart as by Ridler and Calvard (1978), on logarithms: bone and bladder
    # are far above both.
    levels = np.log(np.maximum(positive, positive.max() * 1e-4))
    limit = float(levels.mean())
    for _ in range(20):
        low, high = levels[levels <= limit], levels[levels > limit]
        if not len(low) or not len(high):
            break
        limit = float(low.mean() + high.mean()) / 2
    return np.asarray(blurred > np.exp(limit))
