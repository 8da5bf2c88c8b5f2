"""How far lesions lie from the skin and from bone, between surfaces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from calciscope.ct.masks import bounding_box, indices_of
from calciscope.volume import Array


@dataclass(frozen=True, eq=False)
class Surface:
    """The voxels at the surface of a structure, ready for nearest-neighbor search.

    Attributes:
        tree: voxel centers in mm along the grid's axes.
        spacing_mm: of the grid; shape (3,).
    """

    tree: KDTree
    spacing_mm: NDArray[np.float64]

    def distance_mm(self, voxels: NDArray[np.intp]) -> float:
        """Smallest gap between a lesion and the structure; 0 where their voxels touch.

        Args:
            voxels: indices of the lesion, shape (N, 3).
        """
        points = voxels * self.spacing_mm
        _, nearest = self.tree.query(points)
        offsets = np.abs(points - self.tree.data[nearest])
        # Voxels are boxes: what separates them is less by one voxel along each axis.
        gaps = np.maximum(offsets - self.spacing_mm, 0.0)
        return float(np.linalg.norm(gaps, axis=1).min())

    def depth_mm(self, index: NDArray[np.float64]) -> float:
        """Distance from a point to the nearest face of the structure.

        Args:
            index: of the point on the grid, possibly fractional; shape (3,).
        """
        point = index * self.spacing_mm
        _, nearest = self.tree.query(point)
        beyond = np.abs(point - self.tree.data[nearest]) - self.spacing_mm / 2
        return float(np.linalg.norm(np.maximum(beyond, 0.0)))


def surface_of(mask: Array, spacing_mm: NDArray[np.float64], outer: bool = False) -> Surface | None:
    """The surface of a structure; None if it has none in the grid.

    The ends of the grid are no surface: a leg goes on beyond the last slice.

    Args:
        mask: bool, shape (I, J, K).
        spacing_mm: shape (3,).
        outer: whether to take the voxels outside that share a face with the structure, rather
            than those inside that share a face with its outside.
    """
    box = bounding_box(mask)
    if box is None:
        return None
    # One voxel more on each side, so that the outside of the structure is in the crop.
    wide = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box)
    crop = mask[wide].copy(order="K")
    edge = np.zeros_like(crop)
    for axis in range(3):
        ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        changes = crop[ahead] ^ crop[behind]
        edge[ahead] |= changes
        edge[behind] |= changes
    edge &= ~crop if outer else crop
    voxels = indices_of(edge) + np.array([part.start for part in wide])
    if len(voxels) == 0:
        return None
    # Building without balancing is several times faster on gridded points.
    return Surface(KDTree(voxels * spacing_mm, balanced_tree=False), spacing_mm)
