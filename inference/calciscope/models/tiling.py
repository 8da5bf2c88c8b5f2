"""Where to put the windows of a network so that the body is covered by as few voxels as possible.

All windows of a plan have one size, so that an engine prepares itself once. A window is trusted in
its interior only: within `halo` of its faces the network lacks context. Where the body ends, what
lies beyond a face is air and tells nothing; there `margin` suffices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]

GRAIN = (4, 4, 2)
"""Voxels taken together when the body is looked over; divides halo and margin."""

HALO = (12, 12, 4)
MARGIN = (4, 4, 2)
"""In voxels along L, P, S."""

MOST_VOXELS = 1 << 21
"""Largest window; about 1 GB of activations."""

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
        for window in _cover(occupied, size, body.shape):
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
        extent = int(found[-1] + 1 - found[0]) * GRAIN[axis] + 2 * MARGIN[axis]
        whole = _round_up(min(extent, shape[axis]), multiple[axis])
        shares = [
            _round_up(-(-extent // parts) + 2 * HALO[axis], multiple[axis])
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
    occupied: NDArray[np.bool_], size: tuple[int, int, int], shape: tuple[int, ...]
) -> Iterator[Window]:
    """Cover slabs along Z, in each rows along Y, in each windows along X."""
    for z, kept_z in _cover_axis(_any(occupied, 0, 1), 2, size, shape):
        plane = _any(occupied[:, :, _in_grains(kept_z, 2)], 2)
        for y, kept_y in _cover_axis(_any(plane, 0), 1, size, shape):
            row = _any(plane[:, _in_grains(kept_y, 1)], 1)
            for x, kept_x in _cover_axis(row, 0, size, shape):
                yield Window((x, y, z), (kept_x, kept_y, kept_z))


def _any(occupied: NDArray[np.bool_], *axes: int) -> NDArray[np.bool_]:
    return np.asarray(occupied.any(axis=axes))


def _in_grains(kept: slice, axis: int) -> slice:
    return slice(kept.start // GRAIN[axis], -(-kept.stop // GRAIN[axis]))


def _cover_axis(
    occupied: NDArray[np.bool_], axis: int, size: tuple[int, int, int], shape: tuple[int, ...]
) -> Iterator[tuple[int, slice]]:
    """First voxel and kept voxels of as few windows as cover what is occupied along an axis."""
    grain, length = GRAIN[axis], shape[axis]
    halo, margin = HALO[axis] // grain, MARGIN[axis] // grain
    reach = size[axis] // grain
    last_start = -(-max(0, length - size[axis]) // grain)
    todo = np.flatnonzero(occupied)
    while len(todo):
        first = int(todo[0])
        before = occupied[max(0, first - halo) : first].any()
        start = min(max(0, first - (halo if before else margin)), last_start)
        end = start + reach
        if end * grain >= length:
            stop = length
        else:
            beyond = occupied[end - margin : end + halo].any()
            stop = (end - halo if beyond else end) * grain
        yield start * grain, slice(first * grain, stop)
        todo = todo[todo * grain >= stop]
