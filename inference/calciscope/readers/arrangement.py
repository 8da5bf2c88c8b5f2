"""From unsorted slices to a stack: order along the normal, and the checks that it is one."""

from collections.abc import Sequence

import numpy as np

from calciscope.errors import SeriesGeometryError
from calciscope.readers.gaps import missing_heights
from calciscope.readers.geometry import Floats, Stack
from calciscope.readers.slices import Slice

ORIENTATION_TOLERANCE = 1e-3
"""Largest difference of a direction cosine within one stack."""


LEAST_SPACING_MM = 1e-4
"""Pixels that are closer are a fault of the header."""


class MixedStackError(SeriesGeometryError):
    """Slices that are no single stack; telling acquisitions apart may cure it."""


def arrange(slices: Sequence[Slice], name: str) -> Stack:
    """Sort slices along their normal and check that they are one complete stack.

    Args:
        slices: of one series, in any order.
        name: of the series, for messages.

    Raises:
        MixedStackError: several orientations, matrices or positions occupied twice.
        SeriesGeometryError: fewer than two slices, no position, or slices missing.
    """
    if len(slices) < 2:
        raise SeriesGeometryError(
            f"{name} has {len(slices)} slice, too few for a volume; give the complete series"
        )
    first = slices[0]
    for each in slices:
        if each.position is None or each.orientation is None or not _has_size(each):
            raise SeriesGeometryError(
                f"{name} cannot be placed in the patient: {each.file.name} has no Image Position, "
                "Image Orientation or Pixel Spacing; export the original series"
            )
        _refuse_if_mixed(first, each, name)
    row_direction = np.array(first.orientation[:3] if first.orientation else ())
    column_direction = np.array(first.orientation[3:] if first.orientation else ())
    between_rows, between_columns = first.pixel_spacing or (0.0, 0.0)
    _refuse_unless_perpendicular(row_direction, column_direction, f"{name}: {first.file.name}")
    normal = np.cross(row_direction, column_direction)
    normal /= np.linalg.norm(normal)
    positions = np.array([each.position for each in slices], dtype=np.float64)
    order = np.argsort(positions @ normal, kind="stable")
    stack = Stack(
        slices=tuple(slices[index] for index in order),
        column_step=row_direction * between_columns,
        row_step=column_direction * between_rows,
        normal=normal,
        positions=positions[order],
    )
    _refuse_doubled(stack, name)
    _refuse_missing(stack, name)
    return stack


def _has_size(each: Slice) -> bool:
    spacing = each.pixel_spacing
    return (
        spacing is not None and min(spacing) > LEAST_SPACING_MM and min(each.rows, each.columns) > 0
    )


def _refuse_if_mixed(first: Slice, each: Slice, name: str) -> None:
    pair = f"{first.file.name} and {each.file.name}"
    turned = np.subtract(each.orientation or (), first.orientation or ())
    if np.abs(turned).max() > ORIENTATION_TOLERANCE:
        raise MixedStackError(
            f"{name} mixes images of different orientation ({pair}); "
            "put each orientation into its own folder and give one"
        )
    resized = np.subtract(each.pixel_spacing or (), first.pixel_spacing or ())
    if (each.rows, each.columns) != (first.rows, first.columns) or np.abs(resized).max() > 1e-4:
        raise MixedStackError(
            f"{name} mixes images of different size or pixel spacing ({pair}); "
            "put each kind into its own folder and give one"
        )


def _refuse_unless_perpendicular(rows: Floats, columns: Floats, name: str) -> None:
    lengths = np.array([rows @ rows, columns @ columns])
    if np.abs(lengths - 1).max() > 1e-2 or abs(rows @ columns) > 1e-2:
        raise SeriesGeometryError(
            f"{name} has an Image Orientation that is not two perpendicular unit vectors; "
            "export the original series"
        )


def _refuse_doubled(stack: Stack, name: str) -> None:
    gaps = np.diff(stack.heights)
    doubled = np.flatnonzero(gaps < max(0.01, 0.05 * float(np.median(gaps))))
    if doubled.size == 0:
        return
    lower, upper = stack.slices[doubled[0]], stack.slices[doubled[0] + 1]
    raise MixedStackError(
        f"{name} has duplicate slices at {_places(stack, stack.heights[doubled])} "
        f"({_image(lower)} and {_image(upper)}); remove one of each pair"
    )


def _refuse_missing(stack: Stack, name: str) -> None:
    if stack.is_even:
        return
    missing = missing_heights(stack.heights, [each.instance_number for each in stack.slices])
    if missing.size:
        raise SeriesGeometryError(
            f"{name} is incomplete, slices missing at {_places(stack, missing)}; "
            "export the complete series again"
        )


def _image(each: Slice) -> str:
    return each.file.name if each.frame is None else f"{each.file.name} frame {each.frame + 1}"


def _places(stack: Stack, heights: Floats, most: int = 12) -> str:
    """Heights as the patient coordinate that changes most from slice to slice."""
    axis = int(np.abs(stack.normal).argmax())
    values = np.interp(heights, stack.heights, stack.positions[:, axis])
    decimals = 1 if stack.spacing_mm >= 1 else 2
    listed = ", ".join(f"{value:.{decimals}f}" for value in values[:most])
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return f"{'xyz'[axis]} = {listed} mm{more}"
