"""Deposits of hydroxyapatite and what they add to a CT grid.

HU(c) = HU_tissue (1 - c / 3160) + slope c with c in mg HA per mL (domain figures in physics.py;
3160 mg/mL is the density of pure HA). All of it is linear in c, so that lesions can be blurred
and labeled apart from the tissue that they lie in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.shapes import Points, Shape
from calciscope.volume import Volume

PURE_HA_MG_CC = 3160.0
"""Density of solid HA."""


FAINTEST_HU = 40.0
"""Contrast under which no single voxel is called mineral."""


@dataclass(frozen=True, eq=False)
class Deposit:
    """One solid of mineral.

    Attributes:
        shape: where it is.
        ha_mg_cc: hydroxyapatite concentration of the solid part.
        core_ha_mg_cc: concentration deeper than `rim_mm` under the surface (None: solid).
        rim_mm: thickness of the rim when there is a core.
        level_y_mm: behind this plane (y greater; sediment of a supine patient) ...
        sediment_ha_mg_cc: ... the concentration is this.
        cloudiness: 0 (uniform) to 1: relative depth of smooth random holes.
        grain_mm: size of those holes.
        seed: of the holes.
    """

    shape: Shape
    ha_mg_cc: float
    core_ha_mg_cc: float | None = None
    rim_mm: float = 1.0
    level_y_mm: float | None = None
    sediment_ha_mg_cc: float = 0.0
    cloudiness: float = 0.0
    grain_mm: float = 2.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Patch:
    """A box of a grid: `fraction` covered by mineral and HA concentration, partial volume in."""

    box: tuple[slice, slice, slice]
    fraction: NDArray[np.float32]
    ha_mg_cc: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Lesion:
    """A focus of mineral as placed: one or more deposits that belong together.

    Attributes:
        kind: id of the taxonomy (C1 ... C8, H1, V1 ... V3, J1, X1 ... X3).
        compartment: muscle, subcutaneous, vascular, joint, foreign.
        side: L, R or "" where unknown.
        deposits: its solids.
        name: chain or site it belongs to.
    """

    kind: str
    compartment: str
    deposits: tuple[Deposit, ...]
    side: str = ""
    name: str = ""

    @property
    def is_calcification(self) -> bool:
        """Whether it is the network's target (kinds C* and H*)."""
        return self.kind[0] in "CH"

    @property
    def center_mm(self) -> Points:
        """Middle of the box around all deposits."""
        low, high = self.bounds_mm()
        return 0.5 * (low + high)

    def bounds_mm(self) -> tuple[Points, Points]:
        """Box around all deposits."""
        lows, highs = zip(*(d.shape.bounds_mm() for d in self.deposits), strict=True)
        return np.min(lows, axis=0), np.max(highs, axis=0)


@dataclass(eq=False)
class MineralField:
    """Rasterized lesions on a grid, one patch a lesion."""

    grid: Volume
    lesions: list[Lesion] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)


def rasterize(lesion: Lesion, grid: Volume, step_mm: float = 0.35) -> Patch | None:
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
    fraction = np.zeros(shape, np.float32)
    ha = np.zeros(shape, np.float32)
    for deposit in lesion.deposits:
        d_low, d_high = deposit.shape.bounds_mm()
        a = np.maximum(np.floor(grid.index(d_low) - 1).astype(int), start)
        b = np.minimum(np.ceil(grid.index(d_high) + 2).astype(int), stop)
        if (a >= b).any():
            continue
        part_fraction, part_ha = _cover(deposit, grid, a, b, step_mm)
        box = tuple(slice(i, j) for i, j in zip(a - start, b - start, strict=True))
        fraction[box] = np.maximum(fraction[box], part_fraction)
        ha[box] = np.maximum(ha[box], part_ha)
    box3 = (slice(start[0], stop[0]), slice(start[1], stop[1]), slice(start[2], stop[2]))
    return Patch(box3, fraction, ha)


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
    distance = deposit.shape.distance_mm(points)
    edge = float((spacing / per_voxel).max())
    cover = np.clip(0.5 - distance / edge, 0.0, 1.0)
    ha = cover * _concentration(deposit, points, distance)
    blocks = tuple(n for pair in zip(size, per_voxel, strict=True) for n in pair)
    return (
        cover.reshape(blocks).mean(axis=(1, 3, 5)).astype(np.float32),
        ha.reshape(blocks).mean(axis=(1, 3, 5)).astype(np.float32),
    )


def _concentration(deposit: Deposit, points: Points, distance: Points) -> Points:
    """HA concentration (mg/mL) of a deposit at points with known signed distance."""
    ha = np.full(distance.shape, deposit.ha_mg_cc)
    if deposit.core_ha_mg_cc is not None:
        ha = np.where(distance < -deposit.rim_mm, deposit.core_ha_mg_cc, ha)
    if deposit.level_y_mm is not None:
        ha = np.where(points[..., 1] > deposit.level_y_mm, deposit.sediment_ha_mg_cc, ha)
    if deposit.cloudiness > 0:
        ha = ha * (1.0 - deposit.cloudiness * _holes(points, deposit.grain_mm, deposit.seed))
    return np.asarray(ha)


def _holes(points: Points, grain_mm: float, seed: int) -> Points:
    """Smooth random values in 0..1 at points: a sum of random plane waves."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(12, 3)) * (np.pi / grain_mm / np.sqrt(3))
    phases = rng.uniform(0, 2 * np.pi, 12)
    total = np.zeros(points.shape[:-1])
    for wave, phase in zip(waves, phases, strict=True):
        total += np.cos(points @ wave + phase)
    return np.clip(0.5 + total / 5.0, 0.0, 1.0)


def mineral_field(lesions: Iterable[Lesion], grid: Volume) -> MineralField:
    """Rasterize lesions on a grid; those outside of it are left out."""
    result = MineralField(grid)
    for lesion in lesions:
        patch = rasterize(lesion, grid)
        if patch is not None and patch.fraction.any():
            result.lesions.append(lesion)
            result.patches.append(patch)
    return result


def contrast_hu(
    patch: Patch, tissue_hu: NDArray[np.float32], slope_hu_per_mg_cc: float
) -> NDArray[np.float32]:
    """What a patch adds to the tissue under it, HU; `tissue_hu` is the box of the host."""
    return np.asarray(
        patch.ha_mg_cc * (slope_hu_per_mg_cc - tissue_hu / PURE_HA_MG_CC), dtype=np.float32
    )


def analytic_volume_and_mass(lesion: Lesion) -> tuple[float, float]:
    """Volume (mm3) and HA mass (mg) of a lesion.

    Closed form for one uniform solid; unions, rims, levels and clouds are summed on a 0.25 mm
    grid (0.5 mm above 4 mL).
    """
    first = lesion.deposits[0]
    uniform = first.core_ha_mg_cc is None and first.level_y_mm is None and not first.cloudiness
    if len(lesion.deposits) == 1 and uniform:
        volume = first.shape.volume_mm3
        return volume, volume * first.ha_mg_cc / 1000.0
    low, high = lesion.bounds_mm()
    step = 0.25 if float(np.prod(high - low)) < 4000 else 0.5
    step = max(step, (float(np.prod(high - low + 2)) / 2e7) ** (1 / 3))
    shape = np.ceil((high - low) / step).astype(int) + 2
    grid = Volume.from_spacing(np.broadcast_to(np.uint8(0), shape), [step] * 3, low - step / 2)
    patch = rasterize(lesion, grid, step_mm=step)
    if patch is None:
        return 0.0, 0.0
    voxel_mm3 = step**3
    return float(patch.fraction.sum() * voxel_mm3), float(patch.ha_mg_cc.sum() * voxel_mm3 / 1e3)


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
