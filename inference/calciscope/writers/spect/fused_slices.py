"""Slices of the CT with the SPECT in color over them, lesions and hot spots outlined."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.readers.study import CtStudy
from calciscope.spect.findings import HotSpot
from calciscope.volume import Array, Volume
from calciscope.writers.gallery import AIR_HU, WINDOW_HU, slice_text
from calciscope.writers.pictures import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    Canvas,
    Edges,
    Picture,
    to_bytes,
    windowed,
)
from calciscope.writers.spect.input import SpectPictureInput, most_active
from calciscope.writers.spect.sampling import sample
from calciscope.writers.spect.scale import UptakeScale

LESION_COLOR = "#00E5FF"
"""Cyan: no color of the scale, so that mineral is seen in the hottest focus too."""

HOT_SPOT_COLOR = "#FFFFFF"
FIELD_MM = 170.0
"""A thigh with its skin."""

SIZE_PX = 400
COUNT = 6
LARGEST_SIDE_PX = 760
LABEL_MM = 12.0
"""A number stands at least so far below the upper edge."""


@dataclass(frozen=True)
class FusedSlice:
    """A hot spot in the slice of its highest voxel.

    Attributes:
        title: of the plane.
        slice_text: how to find an axial slice in the source; "" for other planes.
    """

    spot: HotSpot
    title: str
    picture: Picture
    slice_text: str


@dataclass(frozen=True)
class _Plane:
    """How a plane of a canonical volume is looked at.

    Attributes:
        across, down: array axes of columns and rows.
        fixed: the third.
        is_upright: rows grow to the head in the array, which is on top in the picture.
    """

    name: str
    across: int
    down: int
    fixed: int
    edges: Edges
    is_upright: bool


AXIAL_PLANE = _Plane("Axial", 0, 1, 2, AXIAL, False)
CORONAL_PLANE = _Plane("Coronal", 0, 2, 1, CORONAL, True)
SAGITTAL_PLANE = _Plane("Sagittal", 1, 2, 0, SAGITTAL, True)


@dataclass(frozen=True, eq=False)
class FusedDrawing:
    """CT, lesions and SPECT of one study, ready to be cut.

    Attributes:
        study: for the names of slices.
        hu, lesion_ids: canonical, on one grid.
        box: first and one past the last index of the body in them.
        spect: uptake and hot spots.
        scale: of the colors.
    """

    study: CtStudy
    hu: Volume
    lesion_ids: Volume
    box: tuple[NDArray[np.intp], NDArray[np.intp]]
    spect: SpectPictureInput
    scale: UptakeScale

    def axial(self, count: int = COUNT) -> tuple[FusedSlice, ...]:
        """One for each of the most active hot spots that the CT shows, a leg wide."""
        peaks = self.spect.peaks_lps_mm()
        chosen = most_active(self._shown(peaks), count)
        return tuple(self._axial(spot, peaks[spot.id]) for spot in chosen)

    def upright(self) -> tuple[FusedSlice, ...]:
        """Coronal slice of the hottest, sagittal slices of the hottest of each side.

        Of those that the CT shows.
        """
        peaks = self.spect.peaks_lps_mm()
        spots = sorted(
            (s for s in self._shown(peaks) if not s.physiologic),
            key=lambda spot: (-spot.uptake_max, spot.id),
        )
        if not spots:
            return ()
        by_side = {spot.laterality: spot for spot in reversed(spots)}
        planes = [(CORONAL_PLANE, spots[0])]
        planes += [(SAGITTAL_PLANE, by_side[side]) for side in sorted(by_side, reverse=True)]
        return tuple(self._upright(plane, spot, peaks[spot.id]) for plane, spot in planes)

    def _shown(self, peaks: Mapping[int, NDArray[np.float64]]) -> tuple[HotSpot, ...]:
        """Hot spots with their highest voxel in the CT: no other slice of it goes through them.

        Half a voxel of the SPECT beyond its edge still counts.
        """
        reach_mm = self.spect.aligned.spacing_mm.max() / 2
        return tuple(
            spot
            for spot in self.spect.findings.hot_spots
            if np.linalg.norm(self._beyond_mm(peaks[spot.id])) <= reach_mm
        )

    def _beyond_mm(self, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far a point lies beyond the outermost voxels of the CT, along its axes."""
        index = self.hu.index(lps_mm)
        inside = np.clip(index, 0, np.array(self.hu.shape) - 1)
        return np.asarray(np.abs(index - inside) * self.hu.spacing_mm)

    def _axial(self, spot: HotSpot, peak: NDArray[np.float64]) -> FusedSlice:
        center = self._center(peak)
        low, high = self._field(np.array(center))
        picture = self._draw(AXIAL_PLANE, center, low, high, SIZE_PX / FIELD_MM, spot)
        return FusedSlice(spot, "Axial", picture, slice_text(self.study, self.hu, center))

    def _field(self, center: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """A field around a point, moved so that it shows as much of the body as it can."""
        size = np.ceil(FIELD_MM / self.hu.spacing_mm).astype(int)
        first, last = self.box
        low = np.clip(center - size // 2, first, np.maximum(last - size, first))
        # A body smaller than the field lies in its middle.
        low = np.where(last - first < size, (first + last - size) // 2, low)
        return low, low + size

    def _upright(self, plane: _Plane, spot: HotSpot, peak: NDArray[np.float64]) -> FusedSlice:
        low, high = self.box
        center = self._center(peak)
        size_mm = ((high - low) * self.hu.spacing_mm)[[plane.across, plane.down]]
        scale = min(1.8, LARGEST_SIDE_PX / float(size_mm.max()))
        picture = self._draw(plane, center, low, high, scale, spot)
        return FusedSlice(spot, plane.name, picture, "")

    def _center(self, lps_mm: NDArray[np.float64]) -> tuple[int, int, int]:
        """The voxel of the CT at a point, or the nearest one."""
        top = np.array(self.hu.shape) - 1
        i, j, k = (int(v) for v in np.clip(np.round(self.hu.index(lps_mm)), 0, top))
        return i, j, k

    def _draw(
        self,
        plane: _Plane,
        center: tuple[int, int, int],
        low: NDArray[np.intp],
        high: NDArray[np.intp],
        pixels_per_mm: float,
        spot: HotSpot,
    ) -> Picture:
        """A cut through `center`, between `low` and `high`, which may lie beyond the CT."""
        columns = np.arange(low[plane.across], high[plane.across])
        rows = np.arange(low[plane.down], high[plane.down])
        rows = rows[::-1] if plane.is_upright else rows
        index = np.empty((len(columns), len(rows), 3))
        index[..., plane.across] = columns[:, None]
        index[..., plane.down] = rows[None, :]
        index[..., plane.fixed] = center[plane.fixed]
        points = self.hu.lps_mm(index)
        spacing = self.hu.spacing_mm[[plane.across, plane.down]]
        width_mm, height_mm = np.array(index.shape[:2]) * spacing
        canvas = Canvas(width_mm, height_mm, pixels_per_mm)
        gray = to_bytes(windowed(_cut(self.hu.array, index, AIR_HU), *WINDOW_HU)).T
        canvas.image(np.repeat(gray[..., None], 3, axis=2))
        uptake = sample(self.spect.aligned, points)
        canvas.image(np.moveaxis(self.scale.overlay(uptake), 0, 1))
        lesions = _cut(self.lesion_ids.array, index, 0) > 0
        canvas.outline(lesions, spacing, LESION_COLOR, 1.1)
        self._outline_spots(canvas, points, spacing)
        canvas.edges(plane.edges, 13.0)
        canvas.scale_bar(20.0 if width_mm < 200.0 else 50.0, 12.0)
        canvas.color_bar(self.scale.bar(), "0", self.scale.top_text, self.scale.name)
        return canvas.picture(
            f"{plane.name} slice through hot spot {spot.id}: CT in gray, SPECT in color"
        )

    def _outline_spots(
        self, canvas: Canvas, points: NDArray[np.float64], spacing: NDArray[np.float64]
    ) -> None:
        ids = self.spect.aligned_ids
        known = {spot.id: spot for spot in self.spect.findings.hot_spots}
        present = np.unique(sample(ids, points, order=0)).astype(int)
        for number in (n for n in present if n in known):
            # Interpolated, so that the line is smooth where voxels are large.
            mask = sample(ids.with_array(ids.array == number), points)
            dim = known[number].physiologic
            canvas.outline(
                mask, spacing, HOT_SPOT_COLOR, 0.7 if dim else 1.2, "dotted" if dim else "dashed"
            )
            inside = np.argwhere(mask >= 0.5)
            if inside.size:
                x, y = inside[:, 0].max() * spacing[0], inside[:, 1].min() * spacing[1]
                canvas.label(float(x), max(float(y), LABEL_MM), str(number), 13.0)


def _cut(array: Array, index: NDArray[np.float64], outside: int) -> Array:
    """Voxels of a plane whose index is whole; `outside` beyond the array."""
    i, j, k = np.moveaxis(index.astype(int), -1, 0)
    inside = np.ones(i.shape, dtype=bool)
    for axis, count in zip((i, j, k), array.shape, strict=True):
        inside &= (axis >= 0) & (axis < count)
    top = [count - 1 for count in array.shape]
    values = array[np.clip(i, 0, top[0]), np.clip(j, 0, top[1]), np.clip(k, 0, top[2])]
    return np.where(inside, values, outside)
