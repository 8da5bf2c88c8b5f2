"""Where the patient is: legs, arms and trunk, without table, blanket, mattress and air.

Worked out on voxels of about 4 mm, where a table is a shell one or two voxels thick and a limb is
many; then drawn again on the full grid at the skin.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.volume import Array, Volume

COARSE_MM = 4.0
"""Voxel size that the body is found at."""

TISSUE_HU = -300.0
"""A coarse voxel above this is at least two thirds tissue; foam and cloth stay below."""

SKIN_HU = -500.0
"""Surface on the full grid: half-way between air and skin."""

CORE_MM = 8.0
"""What lies this deep inside anything is body; tables, rails and folded cloth are thinner."""

REGROWTH_MM = 10.0
"""How far the body is grown back from its core; the excess over CORE_MM reaches into corners."""

LEAST_MM3 = 20_000.0
"""Smallest separate part that is kept; a toe or finger has about 10 mL, a hand 300."""

SOFT_HU = (-250.0, 250.0)
"""Range that most of a limb falls into, its blurred rim included."""

LEAST_SOFT = 0.5
"""Smallest share of SOFT_HU in a part of the body."""


def body_mask(volume: Volume) -> NDArray[np.bool_]:
    """Find the patient in a CT.

    Separate parts (legs, arms) are all kept. Where no part is large enough, as in a cropped CT,
    the largest is taken for the body.

    Args:
        volume: HU on canonical axes.

    Returns:
        bool, shape of the volume: True from the skin inwards, gas inside the body included.
    """
    factors = [max(1, round(COARSE_MM / float(spacing))) for spacing in volume.spacing_mm]
    hu = _block_mean(volume.array, factors)
    body = _coarse_body(hu, volume.spacing_mm * factors)
    near = ndimage.binary_dilation(body, iterations=1)
    inside = ndimage.binary_erosion(body, iterations=1, border_value=1)
    result = _enlarge(near, factors, volume.shape)
    result &= volume.array > SKIN_HU
    result |= _enlarge(inside, factors, volume.shape)
    return result


def _coarse_body(hu: NDArray[np.float32], spacing_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    tissue = hu > TISSUE_HU
    core = _depth_mm(tissue, spacing_mm) >= CORE_MM
    if not core.any():
        core = tissue
    grown = ndimage.distance_transform_edt(~core, sampling=spacing_mm) <= REGROWTH_MM
    parts, count = ndimage.label(grown & tissue)
    if count == 0:
        return tissue
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    soft = (hu > SOFT_HU[0]) & (hu < SOFT_HU[1])
    soft_sizes = np.bincount(parts[soft], minlength=count + 1)
    kept = (sizes * np.prod(spacing_mm) >= LEAST_MM3) & (soft_sizes >= LEAST_SOFT * sizes)
    kept[0] = False
    if not kept.any():
        kept[1 + np.argmax(sizes[1:])] = True
    return _fill_axial_holes(np.asarray(kept[parts]))


def _depth_mm(mask: NDArray[np.bool_], spacing_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance to the nearest voxel outside of the mask, with the CT continued at its borders.

    At its ends, so that a scan of a few slices is not taken for a sheet; at its left and right, so
    that the sliver of a leg that the field of view cuts off is kept. Not at its front and back: a
    table lies there, and one cut lengthwise must stay thin.
    """
    padded = np.pad(np.pad(mask, ((1, 1), (0, 0), (0, 0)), mode="edge"), ((0, 0), (1, 1), (0, 0)))
    depth = ndimage.distance_transform_edt(padded, sampling=spacing_mm)
    return np.asarray(depth[1:-1, 1:-1, :])


def _fill_axial_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    in_plane = ndimage.generate_binary_structure(3, 1)
    in_plane[:, :, [0, 2]] = False
    return np.asarray(ndimage.binary_fill_holes(mask, structure=in_plane))


def _block_mean(array: Array, factors: list[int]) -> NDArray[np.float32]:
    """Mean of blocks of voxels; blocks at the far ends may be incomplete."""
    for axis, factor in enumerate(factors):
        before = (slice(None),) * axis
        # Sums of whole strided planes: several times faster than np.add.reduceat.
        total = array[(*before, slice(0, None, factor))].astype(np.float32)
        for offset in range(1, factor):
            part = array[(*before, slice(offset, None, factor))]
            total[(*before, slice(part.shape[axis]))] += part
        edges = np.append(np.arange(0, array.shape[axis], factor), array.shape[axis])
        counts = np.diff(edges).astype(np.float32)
        total /= counts.reshape([-1 if other == axis else 1 for other in range(3)])
        array = total
    return array


def _enlarge(
    mask: NDArray[np.bool_], factors: list[int], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """Repeat each voxel as often as `_block_mean` took together."""
    for axis, factor in enumerate(factors):
        mask = mask.repeat(factor, axis=axis) if factor > 1 else mask
    return mask[: shape[0], : shape[1], : shape[2]]
