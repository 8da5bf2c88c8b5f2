"""Solids of the body on a canonical grid: tubes with elliptic cross-sections, and ellipsoids.

Both give depth under their surface (mm, positive inside), exact on the surface and of first order
off it, which anti-aliased painting and walls of even thickness need.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calciscope.volume import Volume

Depth = NDArray[np.float32]
Points = NDArray[np.float64]
Box = tuple[slice, slice, slice]
Axes = tuple[Depth, Depth, Depth]
"""Open grid of LPS mm: shapes (I, 1, 1), (1, J, 1), (1, 1, K)."""

OUTSIDE = np.float32(-1e3)
"""Depth where a solid was not looked at."""


class Solid(Protocol):
    """What can be posed and painted."""

    def bounds_mm(self) -> tuple[Points, Points]:
        """Smallest and largest corner, shape (3,) each."""
        ...

    def moved(self, matrix: Points, offset: Points) -> "Solid":
        """The solid under p -> matrix @ p + offset; the matrix is a similarity or mirror."""
        ...

    def depth_mm(self, axes: Axes) -> Depth:
        """Depth under the surface at the points of an open grid."""
        ...


def _scale(matrix: Points) -> float:
    return float(abs(np.linalg.det(matrix)) ** (1 / 3))


@dataclass(frozen=True, eq=False)
class Tube:
    """A solid along a polyline with elliptic cross-sections and rounded ends.

    Attributes:
        nodes: of the axis, LPS mm, shape (n, 3), n >= 2.
        radii_mm: half width along `across`, and square to it, at each node, shape (n, 2).
        across: direction of the first half width, shape (3,) or (n, 3).
        cap: length of the rounded ends as a share of the smaller half width.
        triangle: share by which the section swells towards three corners, one against `across`
            turned by a quarter.
    """

    nodes: Points
    radii_mm: Points
    across: Points
    cap: float = 0.6
    triangle: float = 0.0

    def bounds_mm(self) -> tuple[Points, Points]:
        reach = self.radii_mm.max(axis=1, keepdims=True) * (1 + self.triangle)
        return (self.nodes - reach).min(axis=0), (self.nodes + reach).max(axis=0)

    def moved(self, matrix: Points, offset: Points) -> "Tube":
        return replace(
            self,
            nodes=self.nodes @ matrix.T + offset,
            radii_mm=self.radii_mm * _scale(matrix),
            across=self.across @ matrix.T / _scale(matrix),
        )

    def segments(self) -> list["Tube"]:
        """The straight pieces."""
        across = np.broadcast_to(self.across, self.nodes.shape)
        return [
            replace(self, nodes=self.nodes[n : n + 2], radii_mm=self.radii_mm[n : n + 2],
                    across=across[n : n + 2])
            for n in range(len(self.nodes) - 1)
        ]  # fmt: skip

    def depth_mm(self, axes: Axes) -> Depth:
        depth = np.full(np.broadcast_shapes(*(a.shape for a in axes)), OUTSIDE)
        last = len(self.nodes) - 2
        for n, piece in enumerate(self.segments()):
            low, high = piece.bounds_mm()
            box = _within(axes, low - 4, high + 4)
            part = tuple(a[tuple(box[i] if i == k else slice(None) for i in range(3))]
                         for k, a in enumerate(axes))  # fmt: skip
            if all(a.size for a in part):
                value = _segment_depth(piece, part, (n == 0, n == last))  # type: ignore[arg-type]
                np.maximum(depth[box], value, out=depth[box])
        return depth


def _segment_depth(piece: Tube, axes: Axes, ends: tuple[bool, bool]) -> Depth:
    """Depth in one straight piece; inner joints are closed by half balls."""
    start, stop = piece.nodes
    length = float(np.linalg.norm(stop - start))
    w = (stop - start) / max(length, 1e-6)
    e1 = piece.across.mean(axis=0)
    e1 = e1 - (e1 @ w) * w
    e1 = e1 / max(float(np.linalg.norm(e1)), 1e-6)
    e2 = np.cross(w, e1)

    def project(direction: Points) -> Depth:
        d = direction.astype(np.float32)
        shift = np.float32(direction @ start)
        return np.asarray(axes[0] * d[0] + axes[1] * d[1] + (axes[2] * d[2] - shift))

    along = project(w)
    share = np.clip(along / np.float32(max(length, 1e-6)), 0, 1)
    (a1, a2), (b1, b2) = piece.radii_mm.astype(np.float32)
    r1, r2 = a1 + share * (b1 - a1), a2 + share * (b2 - a2)
    x, y = project(e1), project(e2)
    if piece.triangle:
        swell = 1 + np.float32(piece.triangle) * np.cos(
            3 * np.arctan2(y, x) + np.float32(np.pi / 2)
        )
        r1, r2 = r1 * swell, r2 * swell
    q1, q2 = x / r1, y / r2
    square = q1 * q1 + q2 * q2
    q1 /= r1
    q2 /= r2
    gradient = q1 * q1 + q2 * q2
    for is_end, beyond, small in ((ends[0], -along, min(a1, a2)),
                                  (ends[1], along - np.float32(length), min(b1, b2))):  # fmt: skip
        reach = np.float32(max(small * (piece.cap if is_end else 1.0), 0.3))
        over = np.maximum(beyond, 0) / reach
        square += over * over
        over /= reach
        gradient += over * over
    scaled = np.sqrt(square)
    # Near the axis the first-order depth has no meaning; the smaller half width bounds it.
    depth = (1 - scaled) * (scaled + np.float32(1e-3)) / (np.sqrt(gradient) + np.float32(1e-6))
    inner = (1 - scaled) * np.minimum(r1, r2)
    return np.asarray(np.where(scaled < 0.5, inner, depth), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Ball:
    """An ellipsoid, possibly cut by a plane.

    Attributes:
        center: LPS mm, shape (3,).
        radii_mm: half axes, shape (3,).
        axes: unit vectors of the half axes as columns, shape (3, 3).
        keep: normal of a plane through the center; the side that it points to is kept (None: all).
    """

    center: Points
    radii_mm: Points
    axes: Points
    keep: Points | None = None

    def bounds_mm(self) -> tuple[Points, Points]:
        extent = np.sqrt(((self.axes * self.radii_mm) ** 2).sum(axis=1))
        return self.center - extent, self.center + extent

    def moved(self, matrix: Points, offset: Points) -> "Ball":
        scale = _scale(matrix)
        return Ball(
            matrix @ self.center + offset,
            self.radii_mm * scale,
            matrix @ self.axes / scale,
            None if self.keep is None else matrix @ self.keep / scale,
        )

    def depth_mm(self, axes: Axes) -> Depth:
        square: Depth = np.zeros((), np.float32)
        gradient: Depth = np.zeros((), np.float32)
        for column, radius in zip(self.axes.T, self.radii_mm, strict=True):
            d = (column / radius).astype(np.float32)
            shift = np.float32(column @ self.center / radius)
            q = axes[0] * d[0] + axes[1] * d[1] + (axes[2] * d[2] - shift)
            square = square + q * q
            q = q / np.float32(radius)
            gradient = gradient + q * q
        scaled = np.sqrt(square)
        depth = (1 - scaled) * (scaled + np.float32(1e-3)) / (np.sqrt(gradient) + np.float32(1e-6))
        depth = np.where(scaled < 0.5, (1 - scaled) * np.float32(self.radii_mm.min()), depth)
        if self.keep is not None:
            d = self.keep.astype(np.float32)
            side = axes[0] * d[0] + axes[1] * d[1] + (axes[2] * d[2] - d @ self.center)
            depth = np.minimum(depth, side.astype(np.float32))
        return np.asarray(depth, dtype=np.float32)


def ball(center: tuple[float, float, float], radii: tuple[float, float, float]) -> Ball:
    """An upright ellipsoid."""
    return Ball(np.array(center, float), np.array(radii, float), np.eye(3))


def tube(
    rows: tuple[tuple[float, ...], ...],
    across: tuple[float, float, float] = (1.0, 0.0, 0.0),
    cap: float = 0.6,
    triangle: float = 0.0,
) -> Tube:
    """A tube from rows (u, v, z, half width[, half depth])."""
    table = np.array([row if len(row) == 5 else (*row, row[3]) for row in rows], float)
    return Tube(table[:, :3], table[:, 3:], np.array(across), cap, triangle)


def grid_axes(grid: Volume) -> Axes:
    """World coordinates of a canonical upright grid as an open grid."""
    axes = []
    for k in range(3):
        values = grid.affine[k, 3] + grid.spacing_mm[k] * np.arange(grid.shape[k])
        shape = [1, 1, 1]
        shape[k] = -1
        axes.append(values.astype(np.float32).reshape(shape))
    return axes[0], axes[1], axes[2]


def _within(axes: Axes, low: Points, high: Points) -> Box:
    """Box of indices whose coordinates lie between two corners."""
    slices = []
    for k, axis in enumerate(axes):
        i, j = np.searchsorted(axis.ravel(), [low[k], high[k]])
        slices.append(slice(int(i), int(j)))
    return slices[0], slices[1], slices[2]


def depth_in_box(solid: Solid, axes: Axes, pad_mm: float = 2.0) -> tuple[Box, Depth] | None:
    """Depth of a solid in the box around it, grown by `pad_mm`; None off the grid."""
    low, high = solid.bounds_mm()
    box = _within(axes, low - pad_mm, high + pad_mm)
    if any(s.start >= s.stop for s in box):
        return None
    part = (axes[0][box[0]], axes[1][:, box[1]], axes[2][:, :, box[2]])
    return box, solid.depth_mm(part)
