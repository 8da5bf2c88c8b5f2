"""Mineral on a CT grid: its cover by supersampling, what it adds in HU, and the truth of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import IGNORE, Label
from calciscope.phantom.deposits import (
    Deposit,
    Lesion,
    Patch,
    concentration,
    opacity,
    softness,
)
from calciscope.phantom.shapes import Points
from calciscope.phantom.solids import Sparse
from calciscope.volume import Volume

__all__ = [
    "Deposit",
    "Lesion",
    "MineralField",
    "Patch",
    "analytic_volume_and_mass",
    "contrast_hu",
    "half_maximum",
    "mineral_field",
    "rasterize",
    "truth_contrast_hu",
    "write_truth",
]

PURE_HA_MG_CC = 3160.0
"""Density of solid HA."""

FAINTEST_HU = 40.0
"""Contrast under which no single voxel is called mineral."""

FINE_STEP_MM = 0.35
"""Distance between sub-samples of mineral where nothing else is asked for."""

MOST_POINTS = 1_500_000
"""Sub-samples of a sparse solid; a larger one is sampled more coarsely."""


@dataclass(eq=False)
class MineralField:
    """Rasterized lesions on a grid, one patch a lesion."""

    grid: Volume
    lesions: list[Lesion] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)


def rasterize(lesion: Lesion, grid: Volume, step_mm: float = FINE_STEP_MM) -> Patch | None:
    """Cover of one lesion on a grid by supersampling.

    Args:
        grid: canonical volume; only shape and affine are used.
        step_mm: wanted distance between sub-samples; at most 7 an axis and voxel are taken.

    Returns:
        The patch, or None where the lesion lies outside the grid. Overlapping deposits take the
        larger concentration, they do not add up.
    """
    low, high = lesion.bounds_mm()
    start = np.maximum(np.floor(grid.index(low) - 1).astype(int), 0)
    stop = np.minimum(np.ceil(grid.index(high) + 2).astype(int), grid.shape)
    if (start >= stop).any():
        return None
    shape = tuple(int(n) for n in stop - start)
    fraction, ha, replaced, hu = (np.zeros(shape, np.float32) for _ in range(4))
    for deposit in lesion.deposits:
        d_low, d_high = deposit.shape.bounds_mm()
        a = np.maximum(np.floor(grid.index(d_low) - 1).astype(int), start)
        b = np.minimum(np.ceil(grid.index(d_high) + 2).astype(int), stop)
        if (a >= b).any():
            continue
        cover = _cover_near if isinstance(deposit.shape, Sparse) else _cover
        part_fraction, part_ha = cover(deposit, grid, a, b, step_mm)
        box = tuple(slice(i, j) for i, j in zip(a - start, b - start, strict=True))
        if deposit.hu is None:
            fraction[box] = np.maximum(fraction[box], part_fraction)
            ha[box] = np.maximum(ha[box], part_ha)
        else:
            rest = 1.0 - part_fraction
            fraction[box] *= rest
            ha[box] *= rest
            replaced[box] = replaced[box] * rest + part_fraction
            hu[box] = hu[box] * rest + part_fraction * np.float32(deposit.hu)
    box3 = (slice(start[0], stop[0]), slice(start[1], stop[1]), slice(start[2], stop[2]))
    if not replaced.any():
        return Patch(box3, fraction, ha)
    return Patch(box3, fraction, ha, replaced, hu)


def _cover(
    deposit: Deposit, grid: Volume, a: NDArray[np.int_], b: NDArray[np.int_], step_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean cover and mean concentration of one deposit over the voxels a <= index < b."""
    spacing = grid.spacing_mm
    size = b - a
    # Large solids need no fine steps inside: keep the number of points bounded.
    step = max(step_mm, (float(np.prod(size * spacing)) / 3e6) ** (1 / 3))
    per_voxel = np.clip(np.ceil(spacing / step), 1, 7).astype(int)
    axes = [
        (np.arange(n * m) + 0.5) / m - 0.5 + first
        for n, m, first in zip(size, per_voxel, a, strict=True)
    ]
    points = grid.lps_mm(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))
    cover, ha = _sampled(deposit, points, float((spacing / per_voxel).max()))
    blocks = tuple(n for pair in zip(size, per_voxel, strict=True) for n in pair)
    return (
        cover.reshape(blocks).mean(axis=(1, 3, 5)).astype(np.float32),
        ha.reshape(blocks).mean(axis=(1, 3, 5)).astype(np.float32),
    )


def _cover_near(
    deposit: Deposit, grid: Volume, a: NDArray[np.int_], b: NDArray[np.int_], step_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """As `_cover`, sampling only the voxels that the solid can reach."""
    spacing = grid.spacing_mm
    size = tuple(int(n) for n in b - a)
    centers = np.stack(np.meshgrid(*(np.arange(i, j) for i, j in zip(a, b, strict=True)),
                                   indexing="ij"), axis=-1).reshape(-1, 3)  # fmt: skip
    # Half a voxel's diagonal, and some more: the distances of bent solids are approximate.
    reach = 0.75 * float(np.linalg.norm(spacing))
    near = np.flatnonzero(deposit.shape.distance_mm(grid.lps_mm(centers)) < reach)
    cover, ha = np.zeros(len(centers), np.float32), np.zeros(len(centers), np.float32)
    step = max(step_mm, (len(near) * grid.voxel_volume_mm3 / MOST_POINTS) ** (1 / 3))
    per_voxel = np.clip(np.ceil(spacing / step), 1, 7).astype(int)
    offsets = np.stack(np.meshgrid(*((np.arange(m) + 0.5) / m - 0.5 for m in per_voxel),
                                   indexing="ij"), axis=-1).reshape(-1, 3)  # fmt: skip
    edge = float((spacing / per_voxel).max())
    for chunk in np.array_split(near, len(near) * len(offsets) // 500_000 + 1):
        points = grid.lps_mm(centers[chunk][:, None, :] + offsets)
        part_cover, part_ha = _sampled(deposit, points, edge)
        cover[chunk], ha[chunk] = part_cover.mean(axis=1), part_ha.mean(axis=1)
    return cover.reshape(size), ha.reshape(size)


def _sampled(deposit: Deposit, points: Points, edge_mm: float) -> tuple[Points, Points]:
    """Cover and concentration at sub-samples `edge_mm` apart."""
    distance = deposit.shape.distance_mm(points)
    cover = np.clip(0.5 - distance / edge_mm, 0.0, 1.0)
    if deposit.soft_mm > 0:
        cover = cover * softness(deposit, distance)
    if deposit.hu is not None:
        return cover * opacity(deposit, points), np.zeros(cover.shape)
    return cover, cover * concentration(deposit, points, distance)


def mineral_field(
    lesions: Iterable[Lesion], grid: Volume, step_mm: float = FINE_STEP_MM
) -> MineralField:
    """Rasterize lesions on a grid; those outside of it are left out."""
    result = MineralField(grid)
    for lesion in lesions:
        patch = rasterize(lesion, grid, step_mm)
        if patch is not None and patch.cover.any():
            result.lesions.append(lesion)
            result.patches.append(patch)
    return result


def contrast_hu(
    patch: Patch, tissue_hu: NDArray[np.float32], slope_hu_per_mg_cc: float
) -> NDArray[np.float32]:
    """What a patch adds to the tissue under it, HU; `tissue_hu` is the box of the host."""
    if patch.replaced is None or patch.replacing_hu is None:
        added = patch.ha_mg_cc * (slope_hu_per_mg_cc - tissue_hu / PURE_HA_MG_CC)
        return np.asarray(added, dtype=np.float32)
    exchanged = patch.replacing_hu - patch.replaced * tissue_hu
    added = patch.ha_mg_cc * (slope_hu_per_mg_cc - (tissue_hu + exchanged) / PURE_HA_MG_CC)
    return np.asarray(added + exchanged, dtype=np.float32)


def truth_contrast_hu(
    lesion: Lesion, patch: Patch, tissue_hu: NDArray[np.float32], slope_hu_per_mg_cc: float
) -> NDArray[np.float32]:
    """The part of `contrast_hu` that the truth is drawn from: of calcification, its mineral."""
    if patch.replaced is None or not lesion.is_calcification:
        return contrast_hu(patch, tissue_hu, slope_hu_per_mg_cc)
    return contrast_hu(Patch(patch.box, patch.fraction, patch.ha_mg_cc), tissue_hu,
                       slope_hu_per_mg_cc)  # fmt: skip


def write_truth(
    labels: NDArray[np.uint8],
    lesion: Lesion,
    visible: NDArray[np.bool_],
    faint: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Write a lesion into the labels of its box.

    Args:
        labels: is changed; 255 stays.
        lesion: what it is.
        visible, faint: of `half_maximum`.

    Returns:
        The voxels that are the lesion's now, or would be if it lay inside the body.
    """
    visible = visible & (labels != IGNORE)
    if lesion.label is None:
        return visible
    if lesion.label != Label.BONE:
        # Gas and other dark material included: nobody is to learn what label it has.
        labels[faint & (labels != Label.CALCIFICATION)] = IGNORE
    labels[visible] = lesion.label
    return visible


def analytic_volume_and_mass(lesion: Lesion, least_step_mm: float = 0.0) -> tuple[float, float]:
    """Volume (mm3) and HA mass (mg) of a lesion.

    Closed form for one uniform solid; unions, rims, levels and clouds are summed on a 0.25 mm
    grid (0.5 mm above 4 mL), or a coarser one where less is enough.
    """
    first = lesion.deposits[0]
    if len(lesion.deposits) == 1 and first.is_uniform:
        volume = first.shape.volume_mm3
        return volume, volume * first.ha_mg_cc / 1000.0
    low, high = lesion.bounds_mm()
    step = 0.25 if float(np.prod(high - low)) < 4000 else 0.5
    step = max(step, least_step_mm, (float(np.prod(high - low + 2)) / 2e7) ** (1 / 3))
    shape = np.ceil((high - low) / step).astype(int) + 2
    grid = Volume.from_spacing(np.broadcast_to(np.uint8(0), shape), [step] * 3, low - step / 2)
    patch = rasterize(lesion, grid, step_mm=step)
    if patch is None:
        return 0.0, 0.0
    voxel_mm3 = step**3
    return float(lesion.cover_of(patch).sum() * voxel_mm3), float(
        patch.ha_mg_cc.sum() * voxel_mm3 / 1e3
    )


def half_maximum(
    contrast: NDArray[np.float32],
    fraction: NDArray[np.float32],
    spacing_mm: NDArray[np.float64],
    minimum_hu: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Truth of a lesion: half-maximum between it and the background on the blurred image.

    Args:
        contrast: noise-free blurred HU that the lesion adds, on the CT grid.
        fraction: share of each voxel that the lesion covers.
        spacing_mm: of the grid.
        minimum_hu: peak contrast under which mineral cannot be seen.

    Returns:
        (visible, ignore): voxels of the lesion, and voxels of mineral too faint to be seen.
    """
    size = np.maximum(np.round(2 * 4.0 / spacing_mm).astype(int) | 1, 3)
    peak = ndimage.maximum_filter(contrast, size=tuple(size))
    inside = ((contrast >= 0.5 * peak) | (fraction >= 0.5)) & (contrast >= FAINTEST_HU)
    seen = peak >= minimum_hu
    return inside & seen, (fraction > 0.2) & ~seen
