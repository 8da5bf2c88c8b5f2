"""Stack: where parallel slices lie in the patient (PS3.3 C.7.6.2.1.1).

The center of the pixel in column i, row j of a slice lies at
    Image Position + i * column_step + j * row_step
where column_step is the row direction (first half of Image Orientation) times the distance between
columns (second value of Pixel Spacing), and row_step the other two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.readers.slices import Slice
from calciscope.volume import SHEAR_TOLERANCE

Floats = NDArray[np.float64]

ROUNDING_MM = 0.1
"""How far positions may be off even spacing, as some archives write them with one decimal."""

STRAIGHT_TOLERANCE_PIXELS = 0.25
"""How far slices may lie off a straight column of slices before they are resampled."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Parallel slices in the order of their height along the normal.

    Attributes:
        slices: K slices.
        column_step: from one column to the next, LPS mm; shape (3,).
        row_step: from one row to the next, LPS mm; shape (3,).
        normal: unit vector, column_step x row_step; shape (3,).
        positions: center of each slice's first pixel, LPS mm; shape (K, 3).
    """

    slices: tuple[Slice, ...]
    column_step: Floats
    row_step: Floats
    normal: Floats
    positions: Floats

    @property
    def heights(self) -> Floats:
        """Positions along the normal in mm, growing; shape (K,)."""
        return np.asarray(self.positions @ self.normal)

    @property
    def extent_mm(self) -> float:
        """Distance from the first to the last slice."""
        return float(self.heights[-1] - self.heights[0])

    @property
    def spacing_mm(self) -> float:
        """Median distance between slices."""
        return float(np.median(np.diff(self.heights)))

    @property
    def slice_step(self) -> Floats:
        """Mean step from one slice to the next, LPS mm; shape (3,)."""
        return np.asarray((self.positions[-1] - self.positions[0]) / (len(self.slices) - 1))

    @property
    def affine(self) -> Floats:
        """(column, row, slice) to LPS mm, exact where the stack is straight and even."""
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 1], affine[:3, 2] = (
            self.column_step,
            self.row_step,
            self.slice_step,
        )
        affine[:3, 3] = self.positions[0]
        return affine

    @property
    def offsets(self) -> Floats:
        """Where each slice lies in its plane, in columns and rows from the first; shape (K, 2)."""
        moved = self.positions - self.positions[0]
        steps = np.stack([self.column_step, self.row_step], axis=1)
        return np.asarray(moved @ steps / (steps**2).sum(axis=0))

    @property
    def is_straight(self) -> bool:
        """Whether slices lie above one another: no gantry tilt, no shift."""
        step = self.slice_step
        shear = np.linalg.norm(step - (step @ self.normal) * self.normal) / np.linalg.norm(step)
        bend = self.offsets - np.linspace(0, 1, len(self.slices))[:, None] * self.offsets[-1]
        return bool(shear <= SHEAR_TOLERANCE and np.abs(bend).max() <= STRAIGHT_TOLERANCE_PIXELS)

    @property
    def tilt_degrees(self) -> float:
        """Angle between the slice normal and the way from slice to slice."""
        step = self.slice_step
        return float(
            np.degrees(np.arccos(np.clip(step @ self.normal / np.linalg.norm(step), -1, 1)))
        )

    @property
    def is_even(self) -> bool:
        """Whether slices are equally spaced, to within rounding of their positions."""
        heights = self.heights
        ideal = np.linspace(heights[0], heights[-1], len(heights))
        spacing = self.extent_mm / (len(heights) - 1)
        tolerance = np.clip(ROUNDING_MM, 0.05 * spacing, 0.15 * spacing)
        return bool(np.abs(heights - ideal).max() <= tolerance)
