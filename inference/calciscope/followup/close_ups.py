"""Axial close-ups of the largest changes, at both dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.findings import Lesion
from calciscope.followup.alignment import Alignment, still
from calciscope.followup.change import heaviest
from calciscope.followup.comparison import LesionChange, Trend
from calciscope.followup.pictures import TREND_COLORS
from calciscope.followup.time_point import TimePoint
from calciscope.labels import Label
from calciscope.volume import Array, Volume
from calciscope.writers.gallery import AIR_HU, WINDOW_HU, locate, window_around
from calciscope.writers.pictures import AXIAL, Canvas, Picture, to_bytes, windowed

FIELD_MM = 70.0
SIZE_PX = 300
COUNT = 12
MOST_OF_A_TREND = 5

TISSUE_HU = {
    Label.BACKGROUND: AIR_HU,
    Label.SUBCUTANEOUS: -100,
    Label.MUSCLE: 40,
    Label.BONE: 240,
    Label.VASCULAR: 160,
    Label.FOREIGN: 240,
    Label.CALCIFICATION: 140,
}
"""What tissues look like in a date without CT."""


@dataclass(frozen=True)
class ChangeCloseUp:
    """A change seen at both dates; a picture is None where that scan does not show the place."""

    change: LesionChange
    earlier: Picture | None
    later: Picture | None


def largest_changes(changes: Sequence[LesionChange]) -> tuple[LesionChange, ...]:
    """The largest changes, not more than a few of each kind; none that is stable."""
    counts: dict[Trend, int] = {}
    chosen: list[LesionChange] = []
    for change in changes:
        if change.trend in (Trend.STABLE, Trend.NOT_COVERED):
            continue
        counts[change.trend] = counts.get(change.trend, 0) + 1
        if counts[change.trend] <= MOST_OF_A_TREND and len(chosen) < COUNT:
            chosen.append(change)
    return tuple(chosen)


def change_close_ups(
    earlier: TimePoint, later: TimePoint, changes: Sequence[LesionChange], alignment: Alignment
) -> tuple[ChangeCloseUp, ...]:
    """Close-ups of the largest changes, in the native slices of each date."""
    before, after = _Scan(earlier), _Scan(later)
    result = []
    for change in largest_changes(changes):
        parts = {str(part.part): part for part in alignment.parts}
        motion = still(parts.get(change.beside))
        lesions = before.lesions(change.earlier_ids), after.lesions(change.later_ids)
        places = [
            scan.place(heaviest(found)) if found else None
            for scan, found in zip((before, after), lesions, strict=True)
        ]
        first, second = places
        if first is None and second is not None:
            first = motion.inverse(second)
        if second is None and first is not None:
            second = motion(first)
        color = TREND_COLORS[change.trend]
        result.append(
            ChangeCloseUp(
                change,
                before.picture(first, change.earlier_ids, color, f"{change.id}, earlier"),
                after.picture(second, change.later_ids, color, f"{change.id}, later"),
            )
        )
    return tuple(result)


class _Scan:
    """One date, seen with axes along L, P, S."""

    def __init__(self, point: TimePoint) -> None:
        self._hu = _display_hu(point)
        self._ids = point.lesion_ids.canonical().volume
        self._lesions: Mapping[int, Lesion] = {
            lesion.id: lesion for lesion in point.findings.ct.lesions
        }

    def lesions(self, numbers: Sequence[int]) -> list[Lesion]:
        """Lesions by number."""
        return [self._lesions[number] for number in numbers]

    def place(self, lesion: Lesion) -> NDArray[np.float64]:
        """Middle of a lesion in the slice that holds most of it, LPS mm."""
        x, y, z, _ = locate(self._ids, lesion)
        return self._hu.lps_mm((x, y, z))

    def picture(
        self, center: NDArray[np.float64] | None, own: Sequence[int], color: str, name: str
    ) -> Picture | None:
        """The axial slice around a place; None beyond the scan."""
        if center is None:
            return None
        x, y, z = (int(value) for value in np.round(self._hu.index(center)))
        if not 0 <= z < self._hu.shape[2]:
            return None
        spacing = self._hu.spacing_mm[:2]
        half = np.ceil(FIELD_MM / 2 / spacing).astype(int)
        gray = window_around(self._hu.array[:, :, z], (x, y), half, AIR_HU)
        marks = window_around(self._ids.array[:, :, z], (x, y), half, 0)
        width, height = (float(value) for value in (2 * half + 1) * spacing)
        canvas = Canvas(width, height, SIZE_PX / width)
        shades = to_bytes(windowed(gray, *WINDOW_HU)).T
        canvas.image(np.repeat(shades[..., None], 3, axis=2))
        canvas.outline((marks > 0) & ~np.isin(marks, own), spacing, "#FFFFFF", 0.7)
        canvas.outline(np.isin(marks, own), spacing, color, 1.8)
        canvas.edges(AXIAL, 12.0)
        canvas.scale_bar(10.0, 11.0)
        return canvas.picture(f"Axial close-up of change {name}")


def _display_hu(point: TimePoint) -> Volume:
    """The CT, or one drawn from the tissues where there is none."""
    if point.ct is not None:
        return point.ct.canonical().volume
    tissues = point.tissues.canonical().volume
    table = np.array([TISSUE_HU[label] for label in Label], dtype=np.int16)
    drawn: Array = table[np.minimum(tissues.array, len(table) - 1)]
    return tissues.with_array(drawn)
