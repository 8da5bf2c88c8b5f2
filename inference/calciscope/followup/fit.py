"""How well a motion lays the bones of two dates on each other, looked at both ways.

One way alone can be deceived: bone that the later scan shows only in part fits anywhere along a
shaft. So the earlier surface must lie on later bone where the later scan shows its place, and the
later surface on earlier bone where the earlier scan does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from calciscope.followup.rigid import Rigid
from calciscope.followup.surfaces import values_at
from calciscope.volume import Volume

Points = NDArray[np.float64]

CAP_MM = 10.0
"""A surface point farther off than this counts as this far: one error is no misfit."""

UNSEEN_MM = 3.0
"""What a point costs that falls out of the other scan: less than a miss, more than a fit."""

SEARCH_OVERLAP = 0.35
"""Share of the smaller field of view that both scans show at any place that is tried."""

SLIDE_OVERLAP = 0.05
"""The same, of places that must not fit as well as the one that was found."""

POINTS = 400
"""Of each surface, to try many motions with."""

SLIDES_MM = tuple(s * sign for s in (12.0, 18.0, 24.0, 36.0, 48.0, 64.0, 80.0) for sign in (1, -1))
SLIDE_RISE = 1.15
SLIDE_RISE_MM2 = 0.03
"""Slid along the bone, the mean square distance must rise by so much, or its place is unknown."""


@dataclass(frozen=True)
class Fit:
    """How two surfaces lie to each other.

    Attributes:
        forward_mm: mean distance of the earlier surface to the later bone, where it is shown.
        back_mm: of the later surface to the earlier bone, where that is shown; 0 where none is.
        overlap: share of the earlier surface that the later scan shows.
        back_overlap: share of the later surface that the earlier scan shows.
        square_mm2: mean square of both distances.
    """

    forward_mm: float
    back_mm: float
    overlap: float
    back_overlap: float
    square_mm2: float

    @property
    def residual_mm(self) -> float:
        """The larger of both distances."""
        return max(self.forward_mm, self.back_mm)

    @property
    def shared(self) -> float:
        """Share of the smaller field of view that the other one shows."""
        return max(self.overlap, self.back_overlap)


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Both surfaces of a part or of a limb.

    Attributes:
        earlier, later: points, LPS mm of their own date, shape (N, 3) and (M, 3); M may be 0.
        to_earlier, to_later: signed distances to the bone of each date, on grids that cover what
            its scan shows around the bone.
        others: points of other parts of the earlier date, shape (K, 3): later points that belong
            to them do not count.
    """

    earlier: Points
    later: Points
    to_earlier: Volume
    to_later: Volume
    others: Points

    def costs(self, motions: Sequence[Rigid]) -> NDArray[np.float64]:
        """How badly each motion fits both ways, mm; infinite where too little is shown of both."""
        forward, seen = _costs(self.to_later, [m(_some(self.earlier)) for m in motions])
        if len(self.later) == 0:
            return np.where(seen >= SEARCH_OVERLAP, forward, np.inf)
        back, seen_back = _costs(self.to_earlier, [m.inverse(_some(self.later)) for m in motions])
        enough = np.maximum(seen, seen_back) >= SEARCH_OVERLAP
        return np.where(enough, 0.5 * (forward + back), np.inf)

    def fit(self, motion: Rigid, thin: bool = False) -> Fit:
        """How well a motion fits.

        Args:
            motion: earlier to later.
            thin: look at some of the points only.
        """
        earlier, later = (_some(p) if thin else p for p in (self.earlier, self.later))
        forward = values_at(self.to_later, motion(earlier), np.nan)
        moved = motion.inverse(later)
        back = values_at(self.to_earlier, moved, np.nan)
        if len(later) and len(self.others):
            back = back[KDTree(self.earlier).query(moved)[0] <= KDTree(self.others).query(moved)[0]]
        off = [np.minimum(np.abs(v[np.isfinite(v)]), CAP_MM) for v in (forward, back)]
        both = [float((o**2).mean()) for o in off if len(o)]
        return Fit(
            forward_mm=float(off[0].mean()) if len(off[0]) else CAP_MM,
            back_mm=float(off[1].mean()) if len(off[1]) else 0.0,
            overlap=len(off[0]) / max(len(forward), 1),
            back_overlap=len(off[1]) / max(len(back), 1),
            square_mm2=float(np.mean(both)) if both else CAP_MM**2,
        )

    def slid(self, motion: Rigid) -> list[tuple[float, Rigid]]:
        """The bone slid along itself: mean square distance, mm2, and motion."""
        axis = motion.rotation @ long_axis(self.earlier)
        moved = [Rigid(motion.rotation, motion.shift_mm + slide * axis) for slide in SLIDES_MM]
        fits = [self.fit(each, thin=True) for each in moved]
        return [
            (fit.square_mm2, each)
            for fit, each in zip(fits, moved, strict=True)
            if fit.shared >= SLIDE_OVERLAP
        ]

    def slides(self, motion: Rigid) -> bool:
        """Whether the bone fits about as well elsewhere along itself, as a bare shaft does."""
        here = self.fit(motion, thin=True).square_mm2
        limit = SLIDE_RISE * here + SLIDE_RISE_MM2
        return any(square <= limit for square, _ in self.slid(motion))


def long_axis(points: Points) -> NDArray[np.float64]:
    """Direction in which points, shape (N, 3), reach farthest; unit vector."""
    return np.asarray(np.linalg.eigh(np.cov(points.T))[1][:, -1])


def _some(points: Points) -> Points:
    return points[:: max(1, math.ceil(len(points) / POINTS))]


def _costs(distance: Volume, moved: Sequence[Points]) -> tuple[NDArray[np.float64], ...]:
    """Mean cost of the points of each motion, and the share that is shown."""
    values = values_at(distance, np.stack(moved), np.nan)
    seen = np.isfinite(values)
    cost = np.where(seen, np.minimum(np.abs(values), CAP_MM), UNSEEN_MM).mean(axis=-1)
    return cost, seen.mean(axis=-1)
