"""Vessels of a real limb by rule: round things of blood density in fat, followed along the limb.

Without contrast agent, arteries and veins are seen where fat lies around them: between the muscles
and in the subcutis. A vessel is a chain of such cross-sections over many slices. Few are found,
nearly all of them are vessels; where none is found, nothing is inserted along one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.volume import Volume
from calciscope_train.host_masks import smoothed

Points = NDArray[np.float64]

BLOOD_HU = (0.0, 95.0)
"""Range of the mean of a cross-section, partial volume with fat included; blood itself 30-80."""

EDGE_HU = -12.0
"""Border between a vessel and the fat around it."""

EYE_RADIUS_MM = 3.5
"""Radius of the arteries of thigh and knee that are followed by eye."""

DIRECTIONS = 16
"""Rays that are walked from a voxel to find fat."""


@dataclass(frozen=True)
class VesselRules:
    """What counts as a vessel; lengths in mm.

    Attributes:
        radius_mm: smallest and largest radius of a cross-section.
        fat_share: least share of the directions in which fat follows within the radius.
        roundness: least ratio of the curvatures of a cross-section's density.
        jump_mm: largest way that a vessel moves aside from slice to slice.
        gap_slices: slices that a vessel may be lost for.
        length_mm: least length of a vessel.
        wander: largest ratio of the way along a vessel to the distance of its ends.
    """

    radius_mm: tuple[float, float] = (1.7, 6.5)
    fat_share: float = 0.7
    roundness: float = 0.25
    jump_mm: float = 2.6
    gap_slices: int = 2
    length_mm: float = 35.0
    wander: float = 1.35


@dataclass(frozen=True, eq=False)
class Vessel:
    """One vessel.

    Attributes:
        points_mm: its middle line, LPS mm, shape (n, 3), one point a slice from below.
        radius_mm: median radius of its cross-sections.
        deep: whether it lies inside the fascia, where the arteries of a limb are.
    """

    points_mm: Points
    radius_mm: float
    deep: bool


@dataclass(frozen=True)
class _Section:
    """A cross-section: slice, middle (index), radius (mm)."""

    k: int
    middle: tuple[float, float]
    radius_mm: float


def find_vessels(ct: Volume, tissues: Volume, rules: VesselRules | None = None) -> list[Vessel]:
    """Find vessels, the longest first.

    Args:
        ct: canonical CT in HU, slices across the limb.
        tissues: its labels; nothing is looked for in bone, metal, air and unknown tissue.
        rules: what counts as a vessel.
    """
    rules = rules or VesselRules()
    spacing = ct.spacing_mm
    hu = ct.array.astype(np.float32)
    clipped = np.clip(hu, -110, 110)  # so that the curvature near bone is that of soft tissue
    sections = _sections(
        smoothed(hu, spacing, 0.8), _roundness(clipped, spacing), tissues.array, spacing, rules
    )
    vessels = []
    for chain in _chains(sections, spacing, rules):
        line = ct.lps_mm([(*s.middle, s.k) for s in chain])
        step = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
        ends = float(np.linalg.norm(line[-1] - line[0]))
        if ends < rules.length_mm or step > rules.wander * ends:
            continue
        index = np.array([(round(s.middle[0]), round(s.middle[1]), s.k) for s in chain])
        inside = tissues.array[tuple(index.T)] == Label.MUSCLE
        vessels.append(
            Vessel(
                _smooth_line(line),
                float(np.median([s.radius_mm for s in chain])),
                bool(inside.mean() > 0.5),
            )
        )
    return sorted(vessels, key=lambda v: -float(np.ptp(v.points_mm[:, 2])))


def vessel_from_points(ct: Volume, index: Sequence[Sequence[float]]) -> Vessel:
    """A vessel that was followed by eye.

    Args:
        ct: the host.
        index: positions (x, y, z) along it, at least two; one point a slice is put between them.
    """
    corners = np.asarray(index, dtype=float)
    corners = corners[np.argsort(corners[:, 2])]
    k = np.arange(corners[0, 2], corners[-1, 2] + 0.5)
    line = np.stack([np.interp(k, corners[:, 2], corners[:, i]) for i in (0, 1, 2)], axis=1)
    return Vessel(ct.lps_mm(line), EYE_RADIUS_MM, deep=True)


def _fat_around(
    smooth: NDArray[np.float32], spacing: NDArray[np.float64], rules: VesselRules
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How a voxel is surrounded: share of its directions that meet fat soon, and how soon (mm).

    Rays of the slice are walked in all directions at once; a vessel that touches a muscle on one
    side still has fat on most others. What goes on in two opposite directions is a sheet, such as
    a fascia or the skin between two legs: share 0.
    """
    reach = np.arange(1.0, rules.radius_mm[1] + 0.1, 1.0)
    met = np.zeros(smooth.shape, np.float32)
    way = np.zeros(smooth.shape, np.float32)
    sheet = np.zeros(smooth.shape, dtype=bool)
    dark = smooth < EDGE_HU
    for angle in np.pi * np.arange(DIRECTIONS // 2) / (DIRECTIONS // 2):
        both = np.zeros(smooth.shape, dtype=bool)
        for side in (1.0, -1.0):
            seen = np.zeros(smooth.shape, dtype=bool)
            for mm in reach:
                step = side * mm * np.array([np.cos(angle), np.sin(angle)]) / spacing[:2]
                x, y = np.rint(-step).astype(int)
                fat = np.roll(dark, (x, y), axis=(0, 1))
                way += mm * (fat & ~seen)
                seen |= fat
            met += seen
            both |= seen
        sheet |= ~both
    share = (np.where(sheet, 0, met) / DIRECTIONS).astype(np.float32)
    return share, np.asarray(way / np.maximum(met, 1), dtype=np.float32)


def _roundness(
    ct: NDArray[np.float32], spacing: NDArray[np.float64], sigma_mm: float = 2.5
) -> NDArray[np.float32]:
    """Ratio (0..1) of the two curvatures of the density in the slice; 0 where one is not a ridge.

    1 for a round vessel, small for the skin between two legs, a fascia or the corner of a muscle.
    """
    sigma = (*(sigma_mm / spacing[:2]), 0.5)
    xx, yy, xy = (
        ndimage.gaussian_filter(ct, sigma, order=order)
        for order in ((2, 0, 0), (0, 2, 0), (1, 1, 0))
    )
    middle, root = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    weak, strong = middle + root, middle - root
    return np.where(weak < 0, weak / np.minimum(strong, -1e-6), 0).astype(np.float32)


def _sections(
    smooth: NDArray[np.float32],
    roundness: NDArray[np.float32],
    tissues: NDArray[np.uint8],
    spacing: NDArray[np.float64],
    rules: VesselRules,
) -> list[_Section]:
    """Cross-sections: the middles of small round things in fat."""
    share, way = _fat_around(smooth, spacing, rules)
    width = int(np.ceil(rules.radius_mm[1] / float(spacing[0]))) + 1
    near = ndimage.maximum_filter(
        (tissues == Label.BACKGROUND).astype(np.uint8), (2 * width + 1, 2 * width + 1, 1)
    )
    blood = (smooth >= BLOOD_HU[0]) & (smooth <= BLOOD_HU[1]) & (near == 0)
    blood &= (tissues == Label.MUSCLE) | (tissues == Label.SUBCUTANEOUS)
    round_ = blood & (share >= rules.fat_share) & (roundness >= rules.roundness)
    round_ &= (way >= rules.radius_mm[0]) & (way <= rules.radius_mm[1])
    round_[:width], round_[-width:], round_[:, :width], round_[:, -width:] = (False,) * 4
    result = []
    for k in np.flatnonzero(round_.any(axis=(0, 1))):
        islands, count = ndimage.label(round_[:, :, k], np.ones((3, 3)))
        numbers = np.arange(1, count + 1)
        middles = np.array(ndimage.center_of_mass(way[:, :, k], islands, numbers))
        radii = ndimage.maximum(way[:, :, k], islands, numbers)
        result += [
            _Section(int(k), (float(x), float(y)), float(r))
            for (x, y), r in zip(middles, radii, strict=True)
        ]
    return result


def _chains(
    sections: list[_Section], spacing: NDArray[np.float64], rules: VesselRules
) -> list[list[_Section]]:
    """Sections joined from slice to slice, each with the nearest free one; the best pairs first."""
    chains: list[list[_Section]] = []
    by_slice: dict[int, list[_Section]] = {}
    for section in sections:
        by_slice.setdefault(section.k, []).append(section)
    for k in sorted(by_slice):
        free = list(by_slice[k])
        open_ends = [c for c in chains if 1 <= k - c[-1].k <= 1 + rules.gap_slices]
        pairs = sorted(
            (_aside_mm(chain[-1], section, spacing) / (section.k - chain[-1].k), i, j)
            for i, chain in enumerate(open_ends)
            for j, section in enumerate(free)
        )
        used: set[int] = set()
        taken: set[int] = set()
        for aside, i, j in pairs:
            if aside > rules.jump_mm * max(1.0, float(spacing[2]) / 3.0):
                break
            ratio = open_ends[i][-1].radius_mm / free[j].radius_mm
            if i in used or j in taken or not 0.55 < ratio < 1.8:
                continue
            used.add(i)
            taken.add(j)
            open_ends[i].append(free[j])
        chains += [[section] for j, section in enumerate(free) if j not in taken]
    return chains


def _aside_mm(a: _Section, b: _Section, spacing: NDArray[np.float64]) -> float:
    return float(
        np.hypot((a.middle[0] - b.middle[0]) * spacing[0], (a.middle[1] - b.middle[1]) * spacing[1])
    )


def _smooth_line(line: Points) -> Points:
    """A line without the jitter of its cross-sections."""
    return np.asarray(ndimage.gaussian_filter1d(line, 1.0, axis=0, mode="nearest"))
