"""A rigid motion in the patient frame, mm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rigid:
    """x -> rotation x + shift, in LPS mm.

    Attributes:
        rotation: shape (3, 3), orthogonal with determinant 1.
        shift_mm: shape (3,).
    """

    rotation: NDArray[np.float64]
    shift_mm: NDArray[np.float64]

    @classmethod
    def identity(cls) -> "Rigid":
        """No motion."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def about(
        cls, center_mm: ArrayLike, rotation: NDArray[np.float64], to_mm: ArrayLike
    ) -> "Rigid":
        """Turn about a center that ends up at `to_mm`."""
        center = np.asarray(center_mm, dtype=np.float64)
        return cls(rotation, np.asarray(to_mm, dtype=np.float64) - rotation @ center)

    def __call__(self, lps_mm: ArrayLike) -> Points:
        """Move points; shape (..., 3) in and out."""
        return np.asarray(np.asarray(lps_mm, dtype=np.float64) @ self.rotation.T + self.shift_mm)

    @property
    def inverse(self) -> "Rigid":
        """The way back."""
        return Rigid(self.rotation.T, -self.rotation.T @ self.shift_mm)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The same as a 4 x 4 matrix."""
        result = np.eye(4)
        result[:3, :3], result[:3, 3] = self.rotation, self.shift_mm
        return result

    @property
    def rows(self) -> tuple[tuple[float, ...], ...]:
        """The matrix as a record holds it."""
        return tuple(tuple(row) for row in self.matrix.tolist())

    @property
    def angle_deg(self) -> float:
        """By how much it turns, 0 to 180."""
        cosine = (float(np.trace(self.rotation)) - 1.0) / 2.0
        return float(np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0))))


def euler(x_deg: float, y_deg: float, z_deg: float) -> NDArray[np.float64]:
    """Rotation about x, then y, then z of the patient."""
    x, y, z = np.deg2rad([x_deg, y_deg, z_deg])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)
