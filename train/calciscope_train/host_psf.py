"""The in-plane resolution of a CT, measured where the skin meets air.

Across the skin a CT falls from about 0 to -1000 HU. For a Gaussian point spread the way from
10 % to 50 % of that step is 1.2816 sigma, and this lower half of the edge does not see the fat
under the skin. Only skin that stands upright is used: where it slopes through a slice, the
slice thickness would be taken for blur.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.volume import Volume

FWHM_PER_SIGMA = 2.3548
AIR_HU = -1000.0
MINIMUM_EDGES = 50


class PointSpread(NamedTuple):
    """Measured resolution: in-plane FWHM in mm, its quartiles over the edges, and their number."""

    fwhm_mm: float
    quartiles_mm: tuple[float, float]
    edges: int


def measure_point_spread(ct: Volume, body: Volume, seed: int = 0) -> PointSpread:
    """In-plane FWHM of a canonical CT from its skin.

    Args:
        ct: HU.
        body: bool on the same grid.
        seed: of the choice of edges; at most 6000 are measured.

    Raises:
        InputError: fewer than 50 clean edges of skin lie in the CT.
    """
    hu = ct.array.astype(np.float32)
    points, normals = _upright_skin(hu, body.array.astype(bool), ct.spacing_mm, seed)
    distance = np.arange(-4.0, 6.01, 0.1)
    spacing = ct.spacing_mm
    steps = distance[None, :, None] * normals[:, None, :] / spacing
    profile = ndimage.map_coordinates(
        hu, np.moveaxis(points[:, None, :] + steps, 2, 0), order=3, mode="nearest"
    )
    widths = np.array([_width(row, distance) for row in profile])
    widths = widths[np.isfinite(widths)]
    if len(widths) < MINIMUM_EDGES:
        raise InputError(f"only {len(widths)} clean edges of skin lie in the CT; state the FWHM")
    low, middle, high = np.percentile(widths * FWHM_PER_SIGMA, [25, 50, 75])
    return PointSpread(float(middle), (float(low), float(high)), len(widths))


def _upright_skin(
    hu: NDArray[np.float32], body: NDArray[np.bool_], spacing: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Indices of upright skin voxels, and their unit normals out of the body; (n, 3) each."""
    soft = ndimage.gaussian_filter(hu, (1.5, 1.5, 0.7))
    edge = body & ~ndimage.binary_erosion(body, np.ones((3, 3, 1), dtype=bool), border_value=1)
    edge[:8], edge[-8:], edge[:, :8], edge[:, -8:], edge[:, :, :1], edge[:, :, -1:] = (False,) * 6
    index = np.argwhere(edge)
    rng = np.random.default_rng(seed)
    index = index[rng.permutation(len(index))[:6000]]
    slope = [
        (soft[tuple((index + step).T)] - soft[tuple((index - step).T)]) / (2 * mm)
        for step, mm in zip(np.eye(3, dtype=int), spacing, strict=True)
    ]
    normal = -np.stack(slope, axis=1)
    plane = np.hypot(normal[:, 0], normal[:, 1])
    upright = (np.abs(normal[:, 2]) < 0.08 * plane) & (plane > 50)
    unit = normal[upright] * [1.0, 1.0, 0.0] / plane[upright, None]
    return index[upright].astype(float), unit


def _width(profile: NDArray[np.float32], distance: NDArray[np.float64]) -> float:
    """Sigma of one outward profile in mm; NaN where it is not a clean step into air."""
    crossing = np.flatnonzero(profile < 0.5 * AIR_HU)
    if not len(crossing) or crossing[0] == 0 or distance[crossing[0]] > 2.5:
        return float("nan")
    outside = profile[distance > distance[crossing[0]] + 3.0]
    if len(outside) == 0 or outside.max() > -960:
        return float("nan")
    below = np.flatnonzero(profile < 0.9 * AIR_HU)[0]
    return _position(profile, distance, int(below), 0.9 * AIR_HU) / 1.2816 - (
        _position(profile, distance, int(crossing[0]), 0.5 * AIR_HU) / 1.2816
    )


def _position(
    profile: NDArray[np.float32], distance: NDArray[np.float64], after: int, level: float
) -> float:
    """Where a falling profile crosses a level between samples `after` - 1 and `after`."""
    high, low = float(profile[after - 1]), float(profile[after])
    share = (high - level) / (high - low) if high > low else 1.0
    return float(distance[after - 1] + share * (distance[after] - distance[after - 1]))
