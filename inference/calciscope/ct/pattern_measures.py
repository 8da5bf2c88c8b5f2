"""The form of a lesion in figures: how thick, long and broad it is, its holes, its core.

Thickness comes from the distance of its voxels to its surface, with each voxel split in two along
each axis: then a layer of any number of voxels measures exactly its thickness. Holes are counted
after closing gaps of less than 3 mm: a complex of closed cubes has the Euler number
V - E + F - C, which is one component less its tunnels plus its cavities.
"""

from functools import reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull

from calciscope.ct.masks import bounding_box
from calciscope.ct.shape import LesionShape
from calciscope.findings import PatternMeasures
from calciscope.volume import Array, Volume

GAP_MM = 3.0
"""Openings narrower than this are closed before tunnels and enclosed space are looked for."""

FINEST_VOXELS = 2_000_000
"""Larger boxes are measured without splitting their voxels."""

CORE_FROM, RIM_UP_TO = 0.6, 0.4
"""Share of the greatest depth from which a voxel is core, and up to which it is rim."""

LEAST_DEPTH_MM = 2.0
"""Where nothing lies deeper, blur leaves no core apart from its rim."""


def measure_pattern(
    lesion: Array, excess_hu: NDArray[np.float64], shape: LesionShape, grid: Volume
) -> PatternMeasures:
    """Measure the form of one lesion.

    Args:
        lesion: bool, shape (a, b, c), one connected component.
        excess_hu: HU over background, same shape.
        shape: its diameters and eigenvalues.
        grid: of the arrays.
    """
    box = bounding_box(lesion)
    if box is None:
        raise ValueError("a lesion has at least one voxel")
    mask = np.pad(lesion[box], 1)
    spacing = grid.spacing_mm
    volume_mm3 = float(mask.sum()) * grid.voxel_volume_mm3
    thickness = _thickness_mm(mask, spacing)
    closed = _closed(mask, spacing)
    enclosed = _enclosed(closed) & ~mask
    length = shape.longest_diameter_mm
    return PatternMeasures(
        thickness_mm=thickness,
        slenderness=length / thickness,
        breadth=volume_mm3 / (length * thickness**2),
        planarity=shape.planarity,
        hull_fill=min(volume_mm3 / _hull_mm3(mask, spacing), 1.0),
        tunnels=tunnels(closed),
        enclosed_share=float(enclosed.sum() / (mask | enclosed).sum()),
        core_to_rim=_core_to_rim(mask, enclosed, np.pad(excess_hu[box], 1), spacing),
    )


def tunnels(mask: Array) -> int:
    """Number of openings through a 26-connected component: one for a ring, none for a ball.

    Args:
        mask: bool, with an empty border.
    """
    euler = 0
    for split in product((False, True), repeat=3):
        # Cells that touch a voxel: its corners, edges, faces or itself, by the split axes.
        cells = reduce(_joined_along, (axis for axis in range(3) if split[axis]), mask)
        euler += (-1) ** (3 - sum(split)) * int(cells.sum())
    cavities = int(ndimage.label(~mask)[1]) - 1
    components = int(ndimage.label(mask, np.ones((3, 3, 3)))[1])
    return components + cavities - euler


def _joined_along(mask: Array, axis: int) -> Array:
    """Cells between neighbors along an axis: set where either neighbor is."""
    ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
    behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
    return np.asarray(mask[ahead] | mask[behind])


def _thickness_mm(mask: Array, spacing_mm: NDArray[np.float64]) -> float:
    """Twice the depth of its middle: of the voxels that are as deep as any of their neighbors.

    Their mean is weighted by the cube of the depth, as spurs of the grid's steps are shallow.
    """
    if mask.size * 8 <= FINEST_VOXELS:
        for axis in range(3):
            mask = mask.repeat(2, axis=axis)
        spacing_mm = spacing_mm / 2
    depth = ndimage.distance_transform_edt(mask, sampling=tuple(spacing_mm))
    ridge = mask & (depth >= ndimage.maximum_filter(depth, size=3) - 1e-6)
    deep = depth[ridge]
    return 2.0 * float((deep**4).sum() / (deep**3).sum())


def _closed(mask: Array, spacing_mm: NDArray[np.float64]) -> Array:
    """The mask with gaps closed, where the spacing is fine enough to have such gaps."""
    reach = np.floor(GAP_MM / 2 / spacing_mm).astype(int)
    if not reach.any():
        return mask
    steps = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1)
    ball = np.linalg.norm(steps * spacing_mm, axis=-1) <= GAP_MM / 2
    wide = np.pad(mask, [(int(r), int(r)) for r in reach])
    inner = tuple(slice(int(r), int(r) + n) for r, n in zip(reach, mask.shape, strict=True))
    return np.asarray(ndimage.binary_closing(wide, ball)[inner])


def _enclosed(mask: Array) -> Array:
    """What lies in holes of sections along at least two of the three axes.

    So a shell with a small opening still encloses its core, and a sheath around a limb does not
    enclose the limb.
    """
    votes = np.zeros(mask.shape, np.uint8)
    for axis in range(3):
        section = ndimage.generate_binary_structure(3, 1)
        section[tuple([0, 2] if a == axis else slice(None) for a in range(3))] = False
        parts, count = ndimage.label(~mask, section)
        hole = np.ones(count + 1, bool)
        hole[0] = False
        for side in (other for other in range(3) if other != axis):
            for end in (0, -1):
                hole[np.take(parts, end, axis=side)] = False
        votes += hole[parts]
    return np.asarray(votes >= 2)


def _hull_mm3(mask: Array, spacing_mm: NDArray[np.float64]) -> float:
    """Volume of the convex hull of all voxels' corners; the mask has an empty border."""
    # Its corners are those of voxels at the end of their rows along every axis.
    ends = mask
    for axis in range(3):
        ends = ends & ~(np.roll(mask, 1, axis) & np.roll(mask, -1, axis))
    corners = np.array(list(product((-0.5, 0.5), repeat=3)))
    cloud = (np.argwhere(ends)[:, None, :] + corners).reshape(-1, 3)
    return float(ConvexHull(cloud * spacing_mm).volume)


def _core_to_rim(
    mask: Array,
    enclosed: Array,
    excess_hu: NDArray[np.float64],
    spacing_mm: NDArray[np.float64],
) -> float | None:
    """Mean excess deep within a lesion and what it encloses, over that near its surface."""
    depth = ndimage.distance_transform_edt(mask | enclosed, sampling=tuple(spacing_mm))
    deepest = float(depth.max())
    core = depth >= CORE_FROM * deepest
    rim = mask & (depth <= RIM_UP_TO * deepest)
    if deepest < LEAST_DEPTH_MM or not rim.any():
        return None
    outside = float(excess_hu[rim].mean())
    return float(excess_hu[core].mean()) / outside if outside > 0 else None
