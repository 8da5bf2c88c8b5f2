"""Left and right from geometry alone: the gap between the legs, or the middle of the body.

World x grows to the patient's left whatever the patient's position on the table (PS3.3
C.7.6.2.1.1), so a mirrored, prone or feet-first study needs no special case here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.coarse import thinned
from calciscope.locations import Laterality
from calciscope.volume import Volume

_STEP_MM = (4.0, 4.0, 5.0)
_MINIMUM_LIMB_MM2 = 400.0
_MINIMUM_LIMB_RATIO = 0.25
"""A second part of a slice smaller than this share of the first is no other leg."""
_MINIMUM_PAIR_SLICES = 3
_MINIMUM_PAIR_SHARE = 0.15
"""Legs are apart in at least this share of the slices; an arm beside the trunk is so in fewer."""
_TRUNK_WIDTH_MM = 260.0
_CENTERED_MM = 40.0
_MIDLINE_MM = 10.0


@dataclass(frozen=True, eq=False)
class SideMap:
    """Where left ends and right begins.

    Attributes:
        z_mm: slices in which the two legs are apart, rising; shape (n,). Empty without a pair.
        middle_mm: a point (x, y) of the line between the legs in each of them; shape (n, 2).
        to_left: unit vector (x, y) across that line to the left leg; shape (n, 2).
        middle_x_mm: the body's midline where no pair is seen.
        limb_side: the side of all that is in view, where that is a single limb.
        warning: what the reader must know about how the side was found, "" if nothing.
    """

    z_mm: NDArray[np.float64]
    middle_mm: NDArray[np.float64]
    to_left: NDArray[np.float64]
    middle_x_mm: float = 0.0
    limb_side: Laterality | None = None
    warning: str = ""

    def laterality(self, lps_mm: NDArray[np.float64]) -> Laterality:
        """Side of a point. Midline only where the body is one piece, within 10 mm of its middle."""
        if self.limb_side is not None:
            return self.limb_side
        if len(self.z_mm) == 0:
            return _side_of(float(lps_mm[0]) - self.middle_x_mm, _MIDLINE_MM)
        nearest = int(np.abs(self.z_mm - lps_mm[2]).argmin())
        offset = float((lps_mm[:2] - self.middle_mm[nearest]) @ self.to_left[nearest])
        apart = abs(self.z_mm[nearest] - lps_mm[2]) <= 2 * _STEP_MM[2]
        return _side_of(offset, 0.0 if apart else _MIDLINE_MM)

    def mirrored(self, lps_mm: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The same places on the other side; shape (n, 3) in and out. None for a single limb."""
        if self.limb_side is not None:
            return None
        result = np.array(lps_mm, dtype=np.float64)
        if len(self.z_mm) == 0:
            result[:, 0] = 2 * self.middle_x_mm - result[:, 0]
            return result
        nearest = np.abs(self.z_mm[None, :] - result[:, 2:]).argmin(axis=1)
        across = self.to_left[nearest]
        offset = ((result[:, :2] - self.middle_mm[nearest]) * across).sum(axis=1)
        result[:, :2] -= 2 * offset[:, None] * across
        return result


def find_sides(body: Volume) -> SideMap:
    """Find how left and right divide a study.

    In slices where the body is two parts of comparable size these are the legs, and the line
    between them divides. Without such slices the middle of a wide body divides. A single limb has
    the side of the sign of x, as patients lie near the scanner's center; a warning says so.

    Args:
        body: bool mask of the patient.
    """
    coarse = thinned(body, _STEP_MM)
    pixel_mm2 = float(coarse.spacing_mm[0] * coarse.spacing_mm[1])
    z_mm: list[float] = []
    middles: list[NDArray[np.float64]] = []
    directions: list[NDArray[np.float64]] = []
    extents: list[tuple[float, float]] = []
    border = 0
    for k in range(coarse.shape[2]):
        parts = _parts_of_slice(coarse, k, pixel_mm2)
        if not parts:
            continue
        widest = parts[0]
        extents.append((float(widest[:, 0].min()), float(widest[:, 0].max())))
        border += int(_touches_side(coarse, k))
        if len(parts) == 2:
            left, right = sorted(parts, key=lambda part: -float(part[:, 0].mean()))
            across = (left.mean(axis=0) - right.mean(axis=0))[:2]
            direction = across / np.linalg.norm(across)
            middle = ((left[:, :2] @ direction).min() + (right[:, :2] @ direction).max()) / 2
            center = (left.mean(axis=0) + right.mean(axis=0))[:2] / 2
            z_mm.append(float(parts[0][0, 2]))
            middles.append(center + (middle - center @ direction) * direction)
            directions.append(direction)
    if len(z_mm) >= max(_MINIMUM_PAIR_SLICES, _MINIMUM_PAIR_SHARE * len(extents)):
        order = np.argsort(z_mm)
        return SideMap(np.array(z_mm)[order], np.array(middles)[order], np.array(directions)[order])
    return _undivided(extents, border)


def _undivided(extents: list[tuple[float, float]], border: int) -> SideMap:
    """Sides of a body that is one part in every slice."""
    empty, pairs = np.zeros(0), np.zeros((0, 2))
    if not extents:
        return SideMap(empty, pairs, pairs)
    low, high = np.median(np.array(extents), axis=0)
    center, width = float(low + high) / 2, float(high - low)
    if width >= _TRUNK_WIDTH_MM and abs(center) <= _CENTERED_MM:
        return SideMap(empty, pairs, pairs, middle_x_mm=center)
    cut_body = border * 2 >= len(extents) and low < 0 < high
    if width >= _TRUNK_WIDTH_MM or cut_body:
        return SideMap(
            empty,
            pairs,
            pairs,
            warning="Left and right were divided at the scanner's center (x = 0), "
            "as the field of view does not show where the body's middle is.",
        )
    side = Laterality.LEFT if center > 0 else Laterality.RIGHT
    return SideMap(
        empty,
        pairs,
        pairs,
        limb_side=side,
        warning=f"Only one limb is in view: it is called {side} because it lies {abs(center):.0f} "
        f"mm to the patient's {side} of the scanner's center; check the side.",
    )


def _parts_of_slice(coarse: Volume, k: int, pixel_mm2: float) -> list[NDArray[np.float64]]:
    """World positions (n, 3) of a slice's sizable parts, largest first."""
    labels, count = ndimage.label(coarse.array[:, :, k], structure=np.ones((3, 3), dtype=int))
    if count == 0:
        return []
    sizes = np.bincount(labels.ravel())[1:] * pixel_mm2
    floor = max(_MINIMUM_LIMB_MM2, _MINIMUM_LIMB_RATIO * float(sizes.max()))
    kept = sorted(np.flatnonzero(sizes >= floor), key=lambda part: -float(sizes[part]))
    positions = []
    for part in kept:
        pixels = np.argwhere(labels == part + 1)
        positions.append(coarse.lps_mm(np.column_stack([pixels, np.full(len(pixels), k)])))
    return positions


def _touches_side(coarse: Volume, k: int) -> bool:
    """Whether the body reaches the first or last column of a slice."""
    plane = coarse.array[:, :, k]
    return bool(plane[0].any() or plane[-1].any())


def _side_of(offset_mm: float, midline_mm: float) -> Laterality:
    if abs(offset_mm) < midline_mm:
        return Laterality.MIDLINE
    return Laterality.LEFT if offset_mm > 0 else Laterality.RIGHT
