"""Volume: a 3D array with its affine, the only place that knows axes, flips and spacing.

World coordinates are millimeters in the DICOM patient frame, LPS: x grows to the patient's left,
y to the back, z to the head (PS3.3 C.7.6.2.1.1). Array axes are (i, j, k), as nibabel has them;
for an axial CT read from DICOM i is the column, j the row, k the slice. A *canonical* volume has
its axes ordered and flipped so that i, j, k grow most nearly along L, P, S.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calciscope.errors import InputError

Array = NDArray[Any]

LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI world (RAS) to DICOM world (LPS) and back: the matrix is its own inverse."""

SHEAR_TOLERANCE = 1e-3
"""Largest |cosine| between two axes of a grid that counts as rectangular."""


def ras_mm(lps_mm: ArrayLike) -> NDArray[np.float64]:
    """World positions of DICOM in the world of NIfTI; shape (..., 3) in and out."""
    return np.asarray(np.asarray(lps_mm, dtype=np.float64) * np.diag(LPS_FROM_RAS)[:3])


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3D grid of values in the patient.

    Attributes:
        array: shape (I, J, K), any dtype, any memory order.
        affine: shape (4, 4), maps (i, j, k, 1) to (x, y, z, 1) in LPS mm at voxel centers.

    Raises:
        InputError: the array is not 3D, or the affine is not an invertible 4 x 4 matrix.
    """

    array: Array
    affine: NDArray[np.float64]

    def __post_init__(self) -> None:
        affine = np.asarray(self.affine, dtype=np.float64)
        object.__setattr__(self, "affine", affine)
        if self.array.ndim != 3:
            raise InputError(f"a volume has 3 axes, this array has {self.array.ndim}")
        if affine.shape != (4, 4) or not np.allclose(affine[3], [0, 0, 0, 1]):
            raise InputError("a volume's affine is a 4 x 4 matrix with last row 0 0 0 1")
        if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise InputError("a volume's affine must be finite and invertible")

    @classmethod
    def from_ras(cls, array: Array, affine_ras: ArrayLike) -> "Volume":
        """Make a volume from a NIfTI-style affine (RAS mm)."""
        return cls(array, LPS_FROM_RAS @ np.asarray(affine_ras, dtype=np.float64))

    @classmethod
    def from_spacing(
        cls, array: Array, spacing_mm: ArrayLike, origin_mm: ArrayLike = (0.0, 0.0, 0.0)
    ) -> "Volume":
        """Make a canonical volume (axes along L, P, S) from spacing and first voxel center."""
        affine = np.diag([*np.asarray(spacing_mm, dtype=np.float64), 1.0])
        affine[:3, 3] = np.asarray(origin_mm, dtype=np.float64)
        return cls(array, affine)

    @property
    def affine_ras(self) -> NDArray[np.float64]:
        """The affine as NIfTI wants it (RAS mm)."""
        return LPS_FROM_RAS @ self.affine

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along i, j, k."""
        i, j, k = self.array.shape
        return i, j, k

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Distance between voxel centers along i, j, k; shape (3,)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def direction(self) -> NDArray[np.float64]:
        """Unit vectors of the axes in LPS, as columns; shape (3, 3)."""
        return np.asarray(self.affine[:3, :3] / self.spacing_mm)

    @property
    def is_rectangular(self) -> bool:
        """Whether the axes are orthogonal, that is, neither tilted nor sheared."""
        cosines = self.direction.T @ self.direction - np.eye(3)
        return bool(np.abs(cosines).max() < SHEAR_TOLERANCE)

    def with_array(self, array: Array) -> "Volume":
        """The same grid with other values; the shape must not change."""
        if array.shape != self.array.shape:
            raise InputError(f"expected an array of shape {self.array.shape}, got {array.shape}")
        return Volume(array, self.affine)

    def lps_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """World position of (possibly fractional) indices; shape (..., 3) in and out."""
        return np.asarray(index, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def index(self, lps_mm: ArrayLike) -> NDArray[np.float64]:
        """Fractional indices of world positions; shape (..., 3) in and out."""
        offset = np.asarray(lps_mm, dtype=np.float64) - self.affine[:3, 3]
        return np.asarray(offset @ np.linalg.inv(self.affine[:3, :3]).T)

    def same_grid(self, other: "Volume", tolerance_mm: float = 1e-2) -> bool:
        """Whether both volumes have the same voxels in the world."""
        if self.shape != other.shape:
            return False
        corner = np.array(self.shape) - 1
        corners = np.array([[0, 0, 0], corner, [corner[0], 0, 0], [0, corner[1], 0]])
        return bool(np.abs(self.lps_mm(corners) - other.lps_mm(corners)).max() < tolerance_mm)

    def crop(self, start: ArrayLike, stop: ArrayLike) -> "Volume":
        """The part with start <= index < stop, as a view; raises if it would be empty."""
        start, stop = np.asarray(start, dtype=int), np.asarray(stop, dtype=int)
        if (start < 0).any() or (stop > np.array(self.shape)).any() or (start >= stop).any():
            raise InputError(f"cannot crop {start} to {stop} from shape {self.shape}")
        affine = self.affine.copy()
        affine[:3, 3] = self.lps_mm(start)
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        return Volume(self.array[box], affine)

    def canonical(self) -> "CanonicalView":
        """See the volume with axes along L, P, S; no voxel is copied or resampled."""
        cosines = self.direction

        def agreement(order: tuple[int, ...]) -> float:
            return float(sum(abs(cosines[world, axis]) for world, axis in enumerate(order)))

        order = max(permutations(range(3)), key=agreement)
        flipped = tuple(bool(cosines[world, axis] < 0) for world, axis in enumerate(order))
        return CanonicalView(self, order, flipped)


@dataclass(frozen=True, eq=False)
class CanonicalView:
    """A volume seen with axes along L, P, S, and the way back to its native axes.

    Attributes:
        native: the volume as it came.
        order: native axis that runs along L, P, S.
        flipped: whether that native axis runs against L, P, S.
    """

    native: Volume
    order: tuple[int, ...]
    flipped: tuple[bool, ...]

    @property
    def volume(self) -> Volume:
        """The canonical volume; its array is a view of the native one."""
        array = self.from_native(self.native.array)
        affine = self.native.affine.copy()
        affine[:, :3] = affine[:, list(self.order)]
        first = np.zeros(3)
        for axis, flip in zip(self.order, self.flipped, strict=True):
            first[axis] = self.native.shape[axis] - 1 if flip else 0
        affine[:3, 3] = self.native.lps_mm(first)
        affine[:3, :3] *= np.where(self.flipped, -1.0, 1.0)
        return Volume(array, affine)

    def from_native(self, array: Array) -> Array:
        """Turn an array on the native axes to canonical axes (a view)."""
        return self._flip(array.transpose(self.order))

    def to_native(self, array: Array) -> Array:
        """Turn an array on canonical axes back to the native axes (a view)."""
        return self._flip(array).transpose(np.argsort(self.order))

    def _flip(self, array: Array) -> Array:
        return array[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]
