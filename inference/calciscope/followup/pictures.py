"""Both dates side by side: coronal projections of one scale, lesions in the color of their change.

Where a date has no CT (a folder of results holds none), bones are drawn as a radiograph of their
thickness instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.followup.alignment import Alignment
from calciscope.followup.comparison import LesionChange, Trend
from calciscope.followup.time_point import TimePoint
from calciscope.labels import Label
from calciscope.volume import Volume
from calciscope.writers.pictures import CORONAL, Canvas, Picture, to_bytes, windowed
from calciscope.writers.projections import GAMMA, WINDOW_HU, body_box, colored
from calciscope.writers.rays import AIR_HU, Rays, cast_rays

TREND_COLORS: dict[Trend, str] = {
    Trend.NEW: "#CC79A7",
    Trend.GROWN: "#D55E00",
    Trend.STABLE: "#009E73",
    Trend.SHRUNK: "#56B4E9",
    Trend.RESOLVED: "#F0E442",
    Trend.NOT_COVERED: "#999999",
}
"""Okabe and Ito's colors, which color-blind readers tell apart."""

CODES = tuple(Trend)
PALETTE = tuple(np.asarray(to_rgb(TREND_COLORS[t]), dtype=np.float32) for t in CODES)
PIXELS_PER_MM = 2.0
LARGEST_SIDE_PX = 1400
NUMBERED = 12
BONE_MM = 14.0
"""Thickness of bone that takes away about two thirds of the light of the drawn radiograph."""


@dataclass(frozen=True, eq=False)
class _Plane:
    """A projection of one date, and where it lies.

    Attributes:
        gray: 0 to 1, shape (X, Z).
        rays: of its lesions, same shape.
        grid: the cropped canonical grid; only its affine and shape are used.
    """

    gray: NDArray[np.float32]
    rays: Rays
    grid: Volume


def projection_pair(
    earlier: TimePoint, later: TimePoint, changes: tuple[LesionChange, ...], alignment: Alignment
) -> tuple[Picture, Picture]:
    """Coronal projections of both dates, of one scale and one height over the bones.

    Args:
        earlier, later: the dates.
        changes: give each lesion its color; the largest get their number.
        alignment: says how far the patient lay elsewhere.
    """
    shift = _mean_shift(alignment)
    dates = (("earlier", earlier, shift), ("later", later, np.zeros(3)))
    planes = [_plane(point, codes_of(changes, name)) for name, point, _ in dates]
    boxes = [_extent(plane) + move[[0, 2]] for plane, (*_, move) in zip(planes, dates, strict=True)]
    low = np.minimum(boxes[0][0], boxes[1][0])
    high = np.maximum(boxes[0][1], boxes[1][1])
    pictures = [
        _draw(plane, name, low - move[[0, 2]], high - move[[0, 2]], changes)
        for plane, (name, _, move) in zip(planes, dates, strict=True)
    ]
    return pictures[0], pictures[1]


def codes_of(changes: tuple[LesionChange, ...], date: str) -> dict[int, int]:
    """Code of the change, from 1, of each lesion of the "earlier" or the "later" date."""
    return {
        number: CODES.index(change.trend) + 1
        for change in changes
        for number in (change.earlier_ids if date == "earlier" else change.later_ids)
    }


def _mean_shift(alignment: Alignment) -> NDArray[np.float64]:
    """How far the bones lie elsewhere at the later date, on the mean."""
    moved = [part.earlier_to_later(part.surface_mm) - part.surface_mm for part in alignment.usable]
    return np.asarray(np.concatenate(moved).mean(axis=0))


def _plane(point: TimePoint, codes: Mapping[int, int]) -> _Plane:
    tissues = point.tissues.canonical().volume
    body = tissues.with_array(tissues.array != Label.BACKGROUND)
    start, stop = body_box(body)
    tissues, body = tissues.crop(start, stop), body.crop(start, stop)
    ids = point.lesion_ids.canonical().volume.crop(start, stop)
    table = np.zeros(int(ids.array.max(initial=0)) + 1, dtype=np.int32)
    for number, code in codes.items():
        table[number] = code
    if point.ct is None:
        blank = np.broadcast_to(np.int16(300), tissues.shape)
        rays, _ = cast_rays(blank, body.array, ids.array, table, ())
        gray = _radiograph(tissues)
    else:
        hu = point.ct.canonical().volume.crop(start, stop)
        rays, _ = cast_rays(hu.array, body.array, ids.array, table, ())
        gray = windowed(rays.hu, *WINDOW_HU) ** GAMMA
    return _Plane(np.asarray(gray, dtype=np.float32), rays, tissues)


def _radiograph(tissues: Volume) -> NDArray[np.float32]:
    """Bone by its thickness along y, over a hint of the soft tissue."""
    step = float(tissues.spacing_mm[1])
    bone = np.count_nonzero(tissues.array == Label.BONE, axis=1) * step
    body = np.count_nonzero(tissues.array, axis=1) * step
    light = 0.22 * (1.0 - np.exp(-body / 80.0)) + 0.75 * (1.0 - np.exp(-bone / BONE_MM))
    return np.asarray(light, dtype=np.float32)


def _extent(plane: _Plane) -> NDArray[np.float64]:
    """Lowest and highest x and z, mm; shape (2, 2)."""
    corners = plane.grid.lps_mm(np.array([[-0.5] * 3, np.array(plane.grid.shape) - 0.5]))
    return np.asarray(corners[:, [0, 2]])


def _draw(
    plane: _Plane,
    name: str,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    changes: tuple[LesionChange, ...],
) -> Picture:
    """A projection on a field from `low` to `high` (x, z; mm), head on top."""
    width, height = (float(value) for value in high - low)
    canvas = Canvas(width, height, min(PIXELS_PER_MM, LARGEST_SIDE_PX / max(width, height)))
    x = low[0] + (np.arange(canvas.width_px) + 0.5) * width / canvas.width_px
    z = high[1] - (np.arange(canvas.height_px) + 0.5) * height / canvas.height_px
    index = plane.grid.index(np.stack(np.broadcast_arrays(x[None, :], 0.0, z[:, None]), axis=-1))
    where = [index[..., 0], index[..., 2]]
    gray = ndimage.map_coordinates(plane.gray, where, order=1, cval=0.0)
    canvas.image(np.repeat(to_bytes(gray)[..., None], 3, axis=2))
    key = ndimage.map_coordinates(plane.rays.lesion, where, order=0, cval=0)
    lesions = Rays(np.full(key.shape, AIR_HU, dtype=np.int16), key)
    canvas.image(colored(lesions, PALETTE), interpolation="nearest")
    for change in changes[:NUMBERED]:
        center = change.centroid_earlier_mm if name == "earlier" else change.centroid_later_mm
        if center is not None:
            canvas.label(center[0] - low[0], high[1] - center[2], str(change.id))
    canvas.edges(CORONAL)
    canvas.scale_bar(50.0 if width > 110.0 else 20.0)
    return canvas.picture(f"Coronal projection of the {name} date, lesions colored by change")
