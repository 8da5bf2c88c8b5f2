"""Where to put the windows of a network so that the body is covered by as few voxels as possible.

All windows of a plan have one size, so that an engine prepares itself once. A window is trusted
in its interior only: within HALO of its faces the network lacks context. Where the body ends, what
lies beyond a face is air and tells nothing; there MARGIN suffices.

Windows start at multiples of what the network halves its grid by. A network that strides answers
a little differently when its input is shifted by one voxel: on a real thigh 0.2 % of the labels
and single voxels from 0 to 0.5 in probability. Aligned, the answer does not depend on the plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]

GRAIN = (4, 4, 2)
"""Voxels taken together when the body is looked over; divides halo and margin."""

HALO = (16, 16, 8)
MARGIN = (4, 4, 2)
"""In voxels along L, P, S. Against one window over a whole real thigh, single probabilities moved
by 0.16 with 4 slices of halo and by 0.02 with 8; twice as much changed nothing more."""

MOST_VOXELS = 1 << 22
"""Largest window: 0.6 GB of working memory in OpenVINO (bf16), 1.2 GB in ONNX Runtime."""

FEWEST_VOXELS = 1 << 18
"""Smallest window worth the work around it, where the body has that many."""

MOST_PARTS = 8
"""Most windows along one axis of the body's bounding box."""

WINDOW_COST = 50_000
"""What a window costs beside its voxels, in voxels."""


@dataclass(frozen=True)
class Window:
    """One run of the network: what it sees and what of its answer is taken.

    Attributes:
        start: first voxel seen; the window may reach beyond the far side of a small volume.
        kept: voxels of the volume whose answer is taken.
    """

    start: tuple[int, int, int]
    kept: Box


@dataclass(frozen=True)
class Tiling:
    """Windows of one size that cover the body.

    Attributes:
        size: shape of each window.
        windows: their kept parts do not overlap.
    """

    size: tuple[int, int, int]
    windows: tuple[Window, ...]

    @property
    def voxels(self) -> int:
        """Voxels the network works on."""
        return len(self.windows) * int(np.prod(self.size))


def plan_tiling(body: NDArray[np.bool_], multiple: tuple[int, int, int]) -> Tiling:
    """Choose the window size and the windows that cover the body most cheaply.

    Args:
        body: shape (X, Y, Z), what must be covered.
        multiple: window sizes are multiples of these.
    """
    occupied = _any_of_blocks(body)
    if not occupied.any():
        return Tiling(multiple, ())
    best, least_cost = Tiling(multiple, ()), float("inf")
    for size in _candidate_sizes(occupied, body.shape, multiple):
        cost_each = int(np.prod(size)) + WINDOW_COST
        windows: list[Window] = []
        for window in _cover(occupied, size, body.shape, multiple):
            windows.append(window)
            if len(windows) * cost_each >= least_cost:
                break
        else:
            best, least_cost = Tiling(size, tuple(windows)), len(windows) * cost_each
    return best


def _any_of_blocks(body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    for axis, grain in enumerate(GRAIN):
        parts = [body[(slice(None),) * axis + (slice(i, None, grain),)] for i in range(grain)]
        result = parts[0].copy()
        for part in parts[1:]:
            result[(slice(None),) * axis + (slice(part.shape[axis]),)] |= part
        body = result
    # Slices outermost in memory: slabs of them are looked through again and again.
    return np.asfortranarray(body)


def _candidate_sizes(
    occupied: NDArray[np.bool_], shape: tuple[int, ...], multiple: tuple[int, int, int]
) -> Iterator[tuple[int, int, int]]:
    """Sizes that divide the body's bounding box into 1 to MOST_PARTS windows along each axis."""
    choices: list[list[int]] = []
    for axis in range(3):
        found = np.flatnonzero(_any(occupied, *{0, 1, 2} - {axis}))
        low = max(0, int(found[0]) * GRAIN[axis] - MARGIN[axis])
        high = min(shape[axis], int(found[-1] + 1) * GRAIN[axis] + MARGIN[axis])
        extent = high - low // multiple[axis] * multiple[axis]
        whole = _round_up(extent, multiple[axis])
        # A window that starts a multiple early must still keep something between its halos.
        least = 2 * HALO[axis] + multiple[axis]
        shares = [
            _round_up(max(-(-extent // parts) + 2 * HALO[axis], least), multiple[axis])
            for parts in range(2, MOST_PARTS + 1)
        ]
        choices.append(sorted({whole, *(share for share in shares if share < whole)}))
    sizes = [(x, y, z) for x, y, z in product(*choices) if x * y * z <= MOST_VOXELS]
    if not sizes:
        return iter([(choices[0][0], choices[1][0], choices[2][0])])
    least = min(FEWEST_VOXELS, max(x * y * z for x, y, z in sizes))
    # Few large windows first: a plan is given up as soon as it costs more than the best so far.
    sizes.sort(key=lambda size: -size[0] * size[1] * size[2])
    return (size for size in sizes if size[0] * size[1] * size[2] >= least)


def _round_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _cover(
    occupied: NDArray[np.bool_],
    size: tuple[int, int, int],
    shape: tuple[int, ...],
    multiple: tuple[int, int, int],
) -> Iterator[Window]:
    """Cover slabs along Z, in each rows along Y, in each windows along X."""
    axis_x, axis_y, axis_z = (
        _Axis(*spec) for spec in zip(GRAIN, HALO, MARGIN, multiple, size, shape, strict=True)
    )
    for z, kept_z in axis_z.cover(_any(occupied, 0, 1)):
        plane = _any(occupied[:, :, axis_z.in_grains(kept_z)], 2)
        for y, kept_y in axis_y.cover(_any(plane, 0)):
            row = _any(plane[:, axis_y.in_grains(kept_y)], 1)
            for x, kept_x in axis_x.cover(row):
                yield Window((x, y, z), (kept_x, kept_y, kept_z))


def _any(occupied: NDArray[np.bool_], *axes: int) -> NDArray[np.bool_]:
    return np.asarray(occupied.any(axis=axes))


@dataclass(frozen=True)
class _Axis:
    """How windows lie along one axis; everything in voxels."""

    grain: int
    halo: int
    margin: int
    multiple: int
    size: int
    length: int

    def in_grains(self, kept: slice) -> slice:
        return slice(kept.start // self.grain, -(-kept.stop // self.grain))

    def cover(self, occupied: NDArray[np.bool_]) -> Iterator[tuple[int, slice]]:
        """First voxel and kept voxels of as few windows as cover what is occupied."""
        halo, margin = self.halo // self.grain, self.margin // self.grain
        last_start = _round_up(max(0, self.length - self.size), self.multiple)
        todo = np.flatnonzero(occupied)
        while len(todo):
            first = int(todo[0])
            before = occupied[max(0, first - halo) : first].any()
            room = self.halo if before else self.margin
            wanted = max(0, first * self.grain - room) // self.multiple * self.multiple
            start = min(wanted, last_start)
            end = (start + self.size) // self.grain
            if start + self.size >= self.length:
                stop = self.length
            elif occupied[end - margin : end + halo].any():
                stop = (end - halo) * self.grain
            else:
                stop = end * self.grain
            yield start, slice(first * self.grain, stop)
            todo = todo[todo * self.grain >= stop]
