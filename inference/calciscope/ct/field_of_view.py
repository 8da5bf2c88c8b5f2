"""Where the images end, and whether the patient goes on beyond.

Images end at the borders of their grid, and often at a circle in each slice, outside of which a
scanner writes one value for nothing. A body that reaches either at its sides is cut off: what lies
beyond is not measured, and near the edge HU read too high (the projections there saw tissue that
the images do not hold). At the first and last slice every limb is cut, which says nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.volume import Array, Volume

PADDING_HU = -900.0
"""What lies outside of the circle is not denser than this."""

TISSUE_HU = -300.0
"""Skin that ends within the images is blurred into air at its edge; a cut through tissue is not."""

LEAST_CUT_MM2 = 50.0
"""Smaller contacts of body and edge are noise."""

SEEN_SHARE = 0.5
"""A circle has images along at least this much of its edge; a body in clean air has not."""

LOOKED_AT = 64
"""Slices that the circle is looked for in."""


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """The edge of the images.

    Attributes:
        grid: canonical, the CT's.
        radius_mm: of the circle about the middle of each slice; None where there is none.
        cut_mm2: area of the cut through the body at the sides.
    """

    grid: Volume
    radius_mm: float | None
    cut_mm2: float

    @property
    def truncated(self) -> bool:
        """Whether the body goes on beyond the sides of the images."""
        return self.cut_mm2 >= LEAST_CUT_MM2

    def touches(self, voxels_lps_mm: NDArray[np.float64]) -> bool:
        """Whether something ends where the images do: at their sides, or in a first or last slice.

        Args:
            voxels_lps_mm: centers of its voxels, shape (N, 3).
        """
        index = np.round(self.grid.index(voxels_lps_mm)).astype(int)
        last = np.array(self.grid.shape) - 1
        if ((index <= 0) | (index >= last)).any():
            return True
        if self.radius_mm is None:
            return False
        edge = self.radius_mm - 1.5 * float(self.grid.spacing_mm[:2].max())
        return bool((_radius_mm(self.grid, index[:, 0], index[:, 1]) > edge).any())


def find_field(ct: Volume, body: Volume) -> FieldOfView:
    """Find the edge of the images, and how much of the body it cuts.

    Args:
        ct: HU, any axes.
        body: bool, on the same grid.
    """
    view = ct.canonical()
    grid = view.volume
    inside = view.from_native(body.array)
    radius = _circle_mm(grid)
    # The sides of the grid: areas of voxel faces.
    x, y, z = (float(spacing) for spacing in grid.spacing_mm)
    cut = 0.0
    for sides, area in (((inside[0], inside[-1]), y * z), ((inside[:, 0], inside[:, -1]), x * z)):
        cut += area * sum(int(np.count_nonzero(side)) for side in sides)
    if radius is not None:
        i, j = np.nonzero(_rim(grid, radius))
        tissue = (grid.array[i, j] > TISSUE_HU) & np.asarray(inside[i, j], dtype=bool)
        cut += float(np.count_nonzero(tissue)) * z * (x + y) / 2
    return FieldOfView(grid, radius, cut)


def _circle_mm(grid: Volume) -> float | None:
    """Radius of the circle outside of which all slices hold one value; None where none does."""
    step = max(1, grid.shape[2] // LOOKED_AT)
    slices = grid.array[:, :, ::step]
    low, high = slices.min(axis=2), slices.max(axis=2)
    nothing = low[0, 0]
    corners = [(0, 0), (0, -1), (-1, 0), (-1, -1)]
    if nothing > PADDING_HU or any(low[c] != nothing or high[c] != nothing for c in corners):
        return None
    used = (low != nothing) | (high != nothing)
    if not used.any():
        return None
    radius = float(_radii_mm(grid)[used].max())
    seen = used[_rim(grid, radius)].mean()
    return radius if seen >= SEEN_SHARE else None


def _rim(grid: Volume, radius_mm: float) -> Array:
    """Pixels within one pixel of the circle, inside of it; shape (I, J)."""
    radii = _radii_mm(grid)
    pixel = float(grid.spacing_mm[:2].max())
    return np.asarray((radii <= radius_mm) & (radii > radius_mm - pixel))


def _radii_mm(grid: Volume) -> NDArray[np.float64]:
    """Distance of each pixel from the middle of its slice; shape (I, J)."""
    return _radius_mm(grid, np.arange(grid.shape[0])[:, None], np.arange(grid.shape[1])[None, :])


def _radius_mm(grid: Volume, i: NDArray[np.int_], j: NDArray[np.int_]) -> NDArray[np.float64]:
    """Distance of pixels (i, j) from the middle of their slice; the shape that i and j make."""
    x, y = (
        (at - (count - 1) / 2) * spacing
        for at, count, spacing in zip((i, j), grid.shape, grid.spacing_mm[:2], strict=False)
    )
    return np.asarray(np.hypot(x, y))
