"""Small operations on masks of a limb CT, with lengths in millimeters and slices along axis 2.

A crop cuts through the limb, so what lies beyond the border of the array counts as unknown, never
as air: masks are continued over the border before they are opened or closed.
"""

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Spacing = NDArray[np.float64]


def smoothed(
    hu: NDArray[np.float32], spacing_mm: Spacing, sigma_mm: float = 1.1
) -> NDArray[np.float32]:
    """Quieten a CT: Gaussian of `sigma_mm` in the slice, and a third of a voxel across."""
    sigma = (*(sigma_mm / spacing_mm[:2]), 0.3)
    return np.asarray(ndimage.gaussian_filter(hu, sigma, mode="nearest"), dtype=np.float32)


def within(mask: Mask, distance_mm: float, spacing_mm: Spacing) -> Mask:
    """Voxels no farther than `distance_mm` from the mask within their slice (the mask included)."""
    result = mask.copy()
    for k in np.flatnonzero(mask.any(axis=(0, 1))):
        distance = ndimage.distance_transform_edt(~mask[:, :, k], sampling=spacing_mm[:2])
        result[:, :, k] = distance <= distance_mm
    return result


def opened(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """In-plane opening: drop what is thinner than twice the radius."""
    wide = _padded(mask, radius_mm, spacing_mm)
    core = ~within(~wide, radius_mm, spacing_mm)
    return _cropped(within(core, radius_mm, spacing_mm), mask) & mask


def closed(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """In-plane closing: bridge gaps narrower than twice the radius."""
    wide = _padded(mask, radius_mm, spacing_mm)
    grown = within(wide, radius_mm, spacing_mm)
    return _cropped(~within(~grown, radius_mm, spacing_mm), mask) | mask


def closed_3d(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """Closing in all three directions: bridge gaps narrower than twice the radius."""
    width = int(np.ceil(radius_mm / float(min(spacing_mm)))) + 1
    wide = np.pad(mask, width, mode="edge")
    away = ndimage.distance_transform_edt(~wide, sampling=spacing_mm)
    inward = ndimage.distance_transform_edt(away <= radius_mm, sampling=spacing_mm)
    core = tuple(slice(width, -width) for _ in range(3))
    return np.asarray(inward[core] > radius_mm, dtype=bool) | mask


def keep_components(mask: Mask, volume_mm3: float, spacing_mm: Spacing) -> Mask:
    """Keep the 6-connected parts of at least `volume_mm3`."""
    parts = cc3d.connected_components(mask, connectivity=6)
    keep = np.bincount(parts.ravel()) * float(np.prod(spacing_mm)) >= volume_mm3
    keep[0] = False
    return np.asarray(keep[parts], dtype=bool)


def fill_slices(mask: Mask, largest_cut: int = 0) -> Mask:
    """Fill holes slice by slice, also those of up to `largest_cut` voxels that the border cuts.

    A cut hole must meet the border once, along less than 45 % of its outline, so that marrow in a
    bone at the border is filled and the space between bones is not.
    """
    result = mask.copy()
    for k in np.flatnonzero(mask.any(axis=(0, 1))):
        result[:, :, k] = ndimage.binary_fill_holes(mask[:, :, k])
        if largest_cut:
            result[:, :, k] |= _cut_holes(result[:, :, k], largest_cut)
    return result


def _cut_holes(mask: Mask, largest: int) -> Mask:
    """Holes of a slice that open only over a short stretch of the array's border."""
    parts, count = ndimage.label(~mask)
    sizes = np.bincount(parts.ravel())
    frame = np.ones(mask.shape, dtype=bool)
    frame[1:-1, 1:-1] = False
    filled = np.zeros(mask.shape, dtype=bool)
    for index in (n for n in range(1, count + 1) if sizes[n] <= largest):
        part = parts == index
        cut = part & frame
        outline = int((ndimage.binary_dilation(part) & ~part).sum())
        once = ndimage.label(cut, np.ones((3, 3), dtype=bool))[1] == 1
        if once and int(cut.sum()) < 0.45 * (outline + int(cut.sum())):
            filled |= part
    return filled


def _padded(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    width = int(np.ceil(radius_mm / float(min(spacing_mm[:2])))) + 1
    return np.pad(mask, ((width, width), (width, width), (0, 0)), mode="edge")


def _cropped(wide: Mask, like: Mask) -> Mask:
    x = (wide.shape[0] - like.shape[0]) // 2
    y = (wide.shape[1] - like.shape[1]) // 2
    return wide[x : x + like.shape[0], y : y + like.shape[1]]
