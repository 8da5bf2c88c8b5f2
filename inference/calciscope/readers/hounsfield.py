"""Stored values to Hounsfield units, and whether numbers can be Hounsfield units at all."""

from collections.abc import Iterable

import numpy as np
from pydicom import Dataset

from calciscope.errors import NotHounsfieldError
from calciscope.readers.elements import integer
from calciscope.readers.slices import Slice
from calciscope.volume import Array

LOWEST_HU = -1024
"""Lower values, and padding outside the field of view, become this."""

FAT_HU = -30
"""Any CT of a patient holds values below this: air or fat."""

AIR_HU = -500
"""A CT without any value below this holds no air: cropped or clipped."""

HIGHEST_HU = 100_000
"""Beyond any extended HU scale."""


def refuse_unless_rescaled(slices: Iterable[Slice], name: str) -> None:
    """Refuse a series whose headers do not turn stored values into HU (PS3.3 C.8.2.1).

    Raises:
        NotHounsfieldError: no Rescale Slope or Intercept, or another unit.
    """
    for each in slices:
        if not each.slope or each.intercept is None:
            raise NotHounsfieldError(
                f"{name} is not in Hounsfield units, as {each.file.name} has no Rescale Slope and "
                "Rescale Intercept; export the original CT series"
            )
        if each.rescale_type not in ("", "HU"):
            raise NotHounsfieldError(
                f"{name} is not in Hounsfield units, as {each.file.name} has the Rescale Type "
                f"{each.rescale_type}; give the CT series in HU"
            )


def refuse_unless_plausible(array: Array, name: str) -> tuple[str, ...]:
    """Refuse values that cannot be those of a CT of a patient.

    Args:
        array: values, any shape and dtype.
        name: of the series or file, for messages.

    Returns:
        Warnings: values that are possible but strange.

    Raises:
        NotHounsfieldError: no air or fat, or too large.
    """
    lowest, highest = float(array.min()), float(array.max())
    if lowest > FAT_HU or highest > HIGHEST_HU:
        raise NotHounsfieldError(
            f"{name} is not in Hounsfield units, its values go from {lowest:g} to {highest:g} "
            "where a CT of a patient has fat and air; give the CT in HU"
        )
    if lowest > AIR_HU:
        return (f"{name} holds no air (lowest value {lowest:g}); it may be clipped",)
    return ()


def padding_range(dataset: Dataset) -> tuple[int, int] | None:
    """Stored values that mean "no data" (Pixel Padding Value, PS3.3 C.7.5.1.1.2), inclusive."""
    value = integer(dataset, "PixelPaddingValue")
    if value is None:
        return None
    limit = integer(dataset, "PixelPaddingRangeLimit")
    ends = [_as_stored(end, dataset) for end in (value, value if limit is None else limit)]
    return min(ends), max(ends)


def hounsfield(
    stored: Array, each: Slice, padding: tuple[int, int] | None, dtype: np.dtype[np.generic]
) -> Array:
    """HU = slope * stored + intercept (PS3.3 C.11.1.1.2), at least -1024; padding is -1024.

    Args:
        stored: pixel values as stored.
        each: the slice, with its rescale.
        padding: range of stored values that mean "no data".
        dtype: for which the result must fit; int16 or float32.

    Returns:
        int32 within the range of int16, or float32; shape as `stored`.
    """
    slope, intercept = each.slope or 1.0, each.intercept or 0.0
    values: Array
    if dtype.kind == "i":
        values = stored.astype(np.int32) * np.int32(slope) + np.int32(intercept)
        np.clip(values, LOWEST_HU, np.iinfo(np.int16).max, out=values)
    else:
        values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        np.maximum(values, np.float32(LOWEST_HU), out=values)
    if padding is not None:
        values[(stored >= padding[0]) & (stored <= padding[1])] = LOWEST_HU
    return values


def _as_stored(value: int, dataset: Dataset) -> int:
    """A padding value in the sign of the pixels; writers mix up its VR, US or SS."""
    bits = integer(dataset, "BitsAllocated") or 16
    signed = integer(dataset, "PixelRepresentation") == 1
    if signed and value >= 1 << (bits - 1):
        return value - (1 << bits)
    return value + (1 << bits) if not signed and value < 0 else value
