"""Making a rectangular, evenly spaced grid of tilted, shifted or unevenly spaced slices."""

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import SeriesGeometryError
from calciscope.readers.geometry import Stack
from calciscope.readers.hounsfield import LOWEST_HU
from calciscope.volume import Array, Volume

MAX_GROWTH = 4.0
"""How many times larger the plane may become to hold all shifted slices."""


def rectangular(array: Array, stack: Stack, name: str) -> Volume:
    """Resample a stack's values to a rectangular grid of even spacing.

    Slices are moved within their plane by linear interpolation along columns and rows, on a grid
    extended so that no voxel is lost; then values between slices are interpolated linearly.

    Args:
        array: shape (I, J, K), values of the slices as they are.
        stack: where they lie.
        name: of the series, for messages.

    Raises:
        SeriesGeometryError: slices lie too far apart in their plane to be one object.
    """
    offsets = np.zeros_like(stack.offsets) if stack.is_straight else stack.offsets
    first = np.floor(offsets.min(axis=0) + 1e-6)
    growth = np.ceil(offsets.max(axis=0) - 1e-6) - first
    if ((array.shape[:2] + growth) > MAX_GROWTH * np.array(array.shape[:2])).any():
        raise SeriesGeometryError(
            f"{name} has slices that lie far apart in their plane and are not one stack; "
            "give the folder of one stack"
        )
    straight = _straightened(array, offsets - first, growth.astype(int)) if growth.any() else array
    heights = stack.heights
    gaps = np.diff(heights)
    wanted = stack.spacing_mm if stack.is_even else max(gaps.min(), 0.5 * np.median(gaps))
    count = array.shape[2] if stack.is_even else int(np.rint(stack.extent_mm / wanted)) + 1
    affine = stack.affine
    last = stack.positions[-1] - stack.positions[0]
    if not stack.is_straight:
        last = stack.normal * stack.extent_mm
    affine[:3, 2] = last / (count - 1)
    affine[:3, 3] += affine[:3, :2] @ first
    if not stack.is_even:
        straight = _evened(straight, heights, np.linspace(heights[0], heights[-1], count))
    return Volume(straight, affine)


def _straightened(array: Array, offsets: NDArray[np.float64], growth: NDArray[np.int_]) -> Array:
    shape = (array.shape[0] + growth[0], array.shape[1] + growth[1], array.shape[2])
    result = np.full(shape, LOWEST_HU, dtype=array.dtype, order="F")
    for k, (along_i, along_j) in enumerate(offsets):
        moved = _moved(array[:, :, k].astype(np.float32), 0, float(along_i), shape[0])
        moved = _moved(moved, 1, float(along_j), shape[1])
        result[:, :, k] = _as_type(moved, array.dtype)
    return result


def _moved(plane: NDArray[np.float32], axis: int, offset: float, size: int) -> NDArray[np.float32]:
    """Move values along an axis by a non-negative offset into a plane of the given size."""
    whole = int(np.floor(offset + 1e-6))
    fraction = np.float32(max(offset - whole, 0.0))
    before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
    before[axis] = (whole, max(size - whole - plane.shape[axis], 0))
    near = np.pad(plane, before, constant_values=LOWEST_HU)
    if fraction < 1e-5:
        return near
    after[axis] = (whole + 1, size - whole - 1 - plane.shape[axis])
    far = np.pad(plane, after, constant_values=LOWEST_HU)
    return near * (1 - fraction) + far * fraction


def _evened(array: Array, heights: NDArray[np.float64], wanted: NDArray[np.float64]) -> Array:
    result = np.empty((*array.shape[:2], len(wanted)), dtype=array.dtype, order="F")
    fractional = np.interp(wanted, heights, np.arange(len(heights)))
    lower = np.minimum(fractional.astype(int), len(heights) - 2)
    for k, (index, weight) in enumerate(zip(lower, fractional - lower, strict=True)):
        below = array[:, :, index].astype(np.float32) * np.float32(1 - weight)
        above = array[:, :, index + 1].astype(np.float32) * np.float32(weight)
        result[:, :, k] = _as_type(below + above, array.dtype)
    return result


def _as_type(values: NDArray[np.float32], dtype: np.dtype[np.generic]) -> Array:
    return np.asarray(np.rint(values) if dtype.kind == "i" else values).astype(dtype)
