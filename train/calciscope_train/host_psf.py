"""The in-plane resolution of a CT, measured at the outer edge of cortical bone, else at the skin.

For a Gaussian point spread the way from 10 % to 50 % of a step is 1.2816 sigma. This lower half
of the edge does not see what lies behind it: marrow under the cortex, fat under the skin. Only
upright surfaces are used: where one slopes through a slice, slice thickness would be taken for
blur. Bone comes first, as skin that moves or folds reads up to 1 mm wider.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.phantom.acquisition import FWHM_PER_SIGMA
from calciscope.volume import Volume
from calciscope_train.host_masks import fill_slices, keep_components, smoothed

AIR_HU = -1000.0
CORTEX_HU = 600.0
"""Smoothed HU inside cortical bone."""

CLEAN_CORTEX_HU = 1100.0
"""A cortex with a lower peak is too thin for its blur, or porous."""

MINIMUM_EDGES = 50
MOST_EDGES = 5000

DISTANCE_MM = np.arange(-4.0, 6.01, 0.1)
"""Along the normal of the surface, outwards."""

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class PointSpread(NamedTuple):
    """Measured resolution: in-plane FWHM in mm, its quartiles over the edges, number, where."""

    fwhm_mm: float
    quartiles_mm: tuple[float, float]
    edges: int
    where: str


def measure_point_spread(ct: Volume, body: Volume, seed: int = 0) -> PointSpread:
    """In-plane FWHM of a canonical CT.

    Args:
        ct: HU.
        body: bool on the same grid.
        seed: of the choice of edges; at most 5000 are measured on bone and on skin.

    Raises:
        InputError: neither bone nor skin has 50 clean edges.
    """
    hu = ct.array.astype(np.float32)
    spacing = ct.spacing_mm
    cortex = keep_components(smoothed(hu, spacing, 0.7) > CORTEX_HU, 800.0, spacing)
    surfaces = (("bone", fill_slices(cortex)), ("skin", body.array.astype(bool)))
    for where, solid in surfaces:
        rows = _profiles(hu, solid, spacing, np.random.default_rng(seed))
        clean = _bone_step if where == "bone" else _skin_step
        widths = np.array([step for step in map(clean, rows) if step is not None])
        if len(widths) >= MINIMUM_EDGES:
            low, middle, high = np.percentile(widths * FWHM_PER_SIGMA, [25, 50, 75])
            return PointSpread(float(middle), (float(low), float(high)), len(widths), where)
    raise InputError("neither bone nor skin has 50 clean edges in the CT; state the FWHM")


def _profiles(
    hu: Floats, solid: Mask, spacing: NDArray[np.float64], rng: np.random.Generator
) -> Floats:
    """HU along the normals of upright surface, outwards; (n, distances)."""
    soft = ndimage.gaussian_filter(hu, (1.3, 1.3, 0.6))
    edge = solid & ~ndimage.binary_erosion(solid, np.ones((3, 3, 1), dtype=bool), border_value=1)
    edge[:8], edge[-8:], edge[:, :8], edge[:, -8:] = (False,) * 4
    edge[:, :, 0], edge[:, :, -1] = False, False
    index = np.argwhere(edge)
    index = index[rng.permutation(len(index))[:MOST_EDGES]]
    slope = [
        (soft[tuple((index + step).T)] - soft[tuple((index - step).T)]) / (2 * mm)
        for step, mm in zip(np.eye(3, dtype=int), spacing, strict=True)
    ]
    normal = -np.stack(slope, axis=1)
    plane = np.hypot(normal[:, 0], normal[:, 1])
    upright = (np.abs(normal[:, 2]) < 0.07 * plane) & (plane > 50)
    unit = normal[upright] * [1.0, 1.0, 0.0] / plane[upright, None]
    steps = DISTANCE_MM[None, :, None] * unit[:, None, :] / spacing
    points = np.moveaxis(index[upright][:, None, :] + steps, 2, 0)
    return np.asarray(ndimage.map_coordinates(hu, points, order=3, mode="nearest"))


def _bone_step(profile: Floats) -> float | None:
    """Sigma (mm) where a profile leaves dense cortex into soft tissue."""
    start = int(np.argmax(profile[DISTANCE_MM < 1.0]))
    outside = float(np.median(profile[DISTANCE_MM > 3.0]))
    if profile[start] < CLEAN_CORTEX_HU or not -150 < outside < 120:
        return None
    return _sigma((profile[start:] - outside) / (profile[start] - outside))


def _skin_step(profile: Floats) -> float | None:
    """Sigma (mm) where a profile leaves the skin into air."""
    if profile[DISTANCE_MM > 4.5].max() > -960:
        return None
    return _sigma((profile - AIR_HU) / -AIR_HU)


def _sigma(step: Floats) -> float | None:
    """Sigma (mm) of a step from 1 to 0, from where it falls under 0.5 and under 0.1."""
    half, tenth = int(np.argmax(step < 0.5)), int(np.argmax(step < 0.1))
    if half == 0 or tenth == 0:
        return None
    spacing_mm = float(DISTANCE_MM[1] - DISTANCE_MM[0])
    return (_crossing(step, tenth, 0.1) - _crossing(step, half, 0.5)) * spacing_mm / 1.2816


def _crossing(step: Floats, after: int, level: float) -> float:
    """Where a falling profile passes a level between samples `after` - 1 and `after`."""
    high, low = float(step[after - 1]), float(step[after])
    return after - 1 + (high - level) / (high - low)
