"""What a CT's labels amount to on the coarser grid of the SPECT: shares of each label per voxel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError
from calciscope.labels import Label
from calciscope.volume import Volume

POINTS = 4
"""Points per axis at which a voxel of the SPECT looks at the CT: 64, about 1.2 mm apart."""

_SLOTS = 8
_OUTSIDE = _SLOTS - 1
"""Slot of the points that no voxel of the CT holds; labels have the slots before it."""

_ALIGNED = 1e-6


@dataclass(frozen=True, eq=False)
class LabelShares:
    """Shares of the CT's labels in each voxel of a coarser grid.

    Attributes:
        grid: that grid.
        counts: uint8, shape (I, J, K, 8): of the 64 points of a voxel, how many have each label;
            in the last slot those outside of the CT.
    """

    grid: Volume
    counts: NDArray[np.uint8]

    def share(self, *labels: Label) -> NDArray[np.float32]:
        """Share of a voxel that these labels make up, 0 to 1; shape (I, J, K)."""
        total = np.zeros(self.counts.shape[:3], np.float32)
        for label in labels:
            total += self.counts[..., label]
        return total / np.float32(POINTS**3)

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Voxels at least half of which the CT shows."""
        return np.asarray(self.counts[..., _OUTSIDE] <= POINTS**3 // 2)


def label_shares(labels: Volume, grid: Volume) -> LabelShares:
    """Average labels over the voxels of a coarser grid, whichever way either lies.

    Args:
        labels: uint8, values of `labels.Label`, on the CT grid.
        grid: the SPECT; only its geometry is used.

    Raises:
        InputError: there are values that are no label.
    """
    if labels.array.size and int(labels.array.max()) > max(Label):
        raise InputError("the tissues of the CT hold values that are no label")
    fine, view = labels.canonical().volume, grid.canonical()
    coarse = view.volume
    # CT index of SPECT index: x -> matrix x + offset.
    matrix = np.linalg.inv(fine.affine) @ coarse.affine
    # One 64-bit number counts eight labels at once: no count exceeds 64, so none spills over.
    counter = np.uint64(1) << (np.uint64(8) * np.arange(_SLOTS, dtype=np.uint64))
    aligned = np.abs(matrix[:3, :3] - np.diag(np.diag(matrix)[:3])).max() < _ALIGNED
    count = _count_aligned if aligned else _count_oblique
    packed = count(fine, coarse.shape, matrix, counter)
    little = packed.astype("<u8", copy=False)[..., None].view(np.uint8)
    native = np.stack([view.to_native(little[..., slot]) for slot in range(_SLOTS)], axis=-1)
    return LabelShares(grid, native)


def _points(count: int) -> NDArray[np.float64]:
    """Positions of the points along an axis, in voxels; shape (count, POINTS)."""
    within = (np.arange(POINTS) + 0.5) / POINTS - 0.5
    return np.asarray(np.arange(count)[:, None] + within)


def _count_aligned(
    fine: Volume,
    shape: tuple[int, int, int],
    matrix: NDArray[np.float64],
    counter: NDArray[np.uint64],
) -> NDArray[np.uint64]:
    """Count where the axes of both grids agree: one table of indices per axis."""
    tables, inside = [], []
    for axis in range(3):
        index = np.rint(matrix[axis, axis] * _points(shape[axis]) + matrix[axis, 3])
        within = (index >= 0) & (index < fine.shape[axis])
        tables.append(np.clip(index, 0, fine.shape[axis] - 1).astype(np.intp))
        inside.append(within)
    packed = np.full(shape, counter[_OUTSIDE] * np.uint64(POINTS**3))
    # Only what the CT shows at all is looked at.
    box = [np.flatnonzero(each.any(axis=1)) for each in inside]
    if any(len(each) == 0 for each in box):
        return packed
    rows, columns = tables[0][box[0]].ravel(), tables[1][box[1]].ravel()
    beside = ~(inside[0][box[0]].ravel()[:, None] & inside[1][box[1]].ravel()[None, :])
    for k in box[2]:
        total = np.zeros((len(box[0]), len(box[1])), np.uint64)
        for z, seen in zip(tables[2][k], inside[2][k], strict=True):
            if seen:
                values = counter[fine.array[:, :, z][np.ix_(rows, columns)]]
                values[beside] = counter[_OUTSIDE]
            else:
                values = np.full(beside.shape, counter[_OUTSIDE])
            along = values.reshape(len(box[0]), POINTS, -1).sum(axis=1)
            total += along.reshape(len(box[0]), -1, POINTS).sum(axis=2)
        packed[np.ix_(box[0], box[1], [k])] = total[:, :, None]
    return packed


def _count_oblique(
    fine: Volume,
    shape: tuple[int, int, int],
    matrix: NDArray[np.float64],
    counter: NDArray[np.uint64],
) -> NDArray[np.uint64]:
    """Count where the axes of the grids differ: every point is looked up by itself."""
    packed = np.zeros(shape, np.uint64)
    along = [_points(count) for count in shape]
    for k in range(shape[2]):
        for z in along[2][k]:
            for a in range(POINTS):
                for b in range(POINTS):
                    index = []
                    outside = np.zeros(shape[:2], dtype=bool)
                    for axis in range(3):
                        x = matrix[axis, 0] * along[0][:, a]
                        y = matrix[axis, 1] * along[1][:, b]
                        here = x[:, None] + (y + matrix[axis, 2] * z + matrix[axis, 3])[None, :]
                        whole = np.rint(here).astype(np.int32)
                        outside |= (whole < 0) | (whole >= fine.shape[axis])
                        index.append(whole)
                    values = np.full(shape[:2], counter[_OUTSIDE])
                    seen = ~outside
                    values[seen] = counter[fine.array[tuple(part[seen] for part in index)]]
                    packed[:, :, k] += values
    return packed
