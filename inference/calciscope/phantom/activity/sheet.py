"""A flat solid with an oval outline: uptake around a plate of mineral."""

from dataclasses import dataclass

import numpy as np

from calciscope.phantom.shapes import Ellipsoid, Points


@dataclass(frozen=True, eq=False)
class Sheet:
    """An oval disc of even thickness.

    Attributes:
        center: LPS mm, shape (3,).
        radii_mm: half axes of the outline, along the first two axes; shape (2,).
        thickness_mm: along the third axis.
        axes: unit vectors as columns, shape (3, 3).
    """

    center: Points
    radii_mm: Points
    thickness_mm: float
    axes: Points

    @classmethod
    def around(cls, plate: Ellipsoid, margin_mm: float, thickness_mm: float) -> "Sheet":
        """A sheet over a plate (its thin axis last), wider by a margin all around."""
        return cls(plate.center, plate.radii_mm[:2] + margin_mm, thickness_mm, plate.axes)

    def bounds_mm(self) -> tuple[Points, Points]:
        half = np.array([*self.radii_mm, 0.5 * self.thickness_mm])
        extent = np.abs(self.axes * half).sum(axis=1)
        return self.center - extent, self.center + extent

    def distance_mm(self, points: Points) -> Points:
        local = (points - self.center) @ self.axes
        scaled = np.linalg.norm(local[..., :2] / self.radii_mm, axis=-1)
        # First-order distance f / |grad f|, as of `Ellipsoid`: exact on the outline.
        gradient = np.linalg.norm(local[..., :2] / self.radii_mm**2, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            outline = scaled * (scaled - 1.0) / gradient
        outline = np.where(gradient > 1e-9, outline, -float(self.radii_mm.min()))
        flat = np.abs(local[..., 2]) - 0.5 * self.thickness_mm
        return np.asarray(np.maximum(outline, flat))

    @property
    def volume_mm3(self) -> float:
        return float(np.pi * np.prod(self.radii_mm) * self.thickness_mm)
