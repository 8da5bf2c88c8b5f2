"""A place in a case in three planes: CT, reference and prediction, to scale and with sides."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import IGNORE, Label
from calciscope.volume import Array, Volume
from calciscope.writers.gallery import WINDOW_HU
from calciscope.writers.pictures import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    Canvas,
    Picture,
    to_bytes,
    windowed,
)

REFERENCE_COLOR = "#56B4E9"
PREDICTION_COLOR = "#FFB000"
UNSCORED_COLOR = "#B0B0B0"

FIELD_MM = 80.0
SIZE_PX = 300
AIR_HU = -1024
NEAR_MM = 6.0
"""A place belongs to a component that has a voxel this near to it."""

_CONNECTIVITY = np.ones((3, 3, 3), dtype=bool)
_PLANES = (("axial", AXIAL, 2), ("coronal", CORONAL, 1), ("sagittal", SAGITTAL, 0))


@dataclass(frozen=True, eq=False)
class CaseArrays:
    """What the gallery needs of a case.

    Attributes:
        ct: HU, any orientation.
        reference: uint8 labels on the grid of the CT (`labels.Label`, 255 where nothing is
            scored), shape of its array.
        prediction: bool, the calcification that was predicted, same shape.
    """

    ct: Volume
    reference: Array
    prediction: Array


CasePictures = Callable[[str], CaseArrays | None]
"""Gives the arrays of a case id, None where they are not at hand.

It is asked for each case of the gallery once and its answer dropped after the case's pictures are
drawn, so it may load from disk or run the model again.
"""


def three_planes(
    arrays: CaseArrays, center_lps_mm: tuple[float, float, float], what: str
) -> tuple[Picture, ...]:
    """Draw the axial, coronal and sagittal slice through a place.

    The lesion or the prediction at the place is drawn thick, others thin; the reference solid,
    the prediction dashed, what is not scored dotted.

    Args:
        arrays: of the case.
        center_lps_mm: the place.
        what: for the alternative text.
    """
    ct = arrays.ct.canonical().volume
    turned = arrays.ct.canonical().from_native
    center = np.round(ct.index(center_lps_mm)).astype(int)
    center = np.clip(center, 0, np.array(ct.shape) - 1)
    reference = turned(np.asarray(arrays.reference))
    masks = (
        (reference == IGNORE, UNSCORED_COLOR, "dotted"),
        (reference == Label.CALCIFICATION, REFERENCE_COLOR, "solid"),
        (turned(np.asarray(arrays.prediction, dtype=bool)), PREDICTION_COLOR, "dashed"),
    )
    box, start = _box(ct, center, FIELD_MM)
    own = [_own_component(mask[box], center - start, ct.spacing_mm) for mask, _, _ in masks]
    return tuple(
        _plane(ct, center, name, axis, edges_index, masks, own, (box, start), what)
        for edges_index, (name, _, axis) in enumerate(_PLANES)
    )


def _box(
    ct: Volume, center: NDArray[np.intp], field_mm: float
) -> tuple[tuple[slice, ...], NDArray[np.intp]]:
    """The cube of the field around a place, within the volume, and its first index."""
    half = np.ceil(field_mm / 2 / ct.spacing_mm).astype(int)
    start = np.maximum(center - half, 0)
    stop = np.minimum(center + half + 1, np.array(ct.shape))
    return tuple(slice(a, b) for a, b in zip(start, stop, strict=True)), start


def _own_component(
    mask: Array, place: NDArray[np.intp], spacing_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """The component of a mask that a place lies in or nearest to; empty if none is near."""
    numbers, count = ndimage.label(mask, structure=_CONNECTIVITY)
    if count == 0:
        return np.zeros(mask.shape, dtype=bool)
    inside = np.argwhere(mask)
    distance = np.linalg.norm((inside - place) * spacing_mm, axis=1)
    nearest = int(np.argmin(distance))
    if distance[nearest] > NEAR_MM:
        return np.zeros(mask.shape, dtype=bool)
    return np.asarray(numbers == numbers[tuple(inside[nearest])])


def _plane(
    ct: Volume,
    center: NDArray[np.intp],
    name: str,
    axis: int,
    number: int,
    masks: tuple[tuple[Array, str, str], ...],
    own: list[NDArray[np.bool_]],
    place: tuple[tuple[slice, ...], NDArray[np.intp]],
    what: str,
) -> Picture:
    """One plane; the head is on top of coronal and sagittal ones."""
    box, start = place
    across, down = (a for a in range(3) if a != axis)
    spacing = ct.spacing_mm[[across, down]]
    half = np.ceil(FIELD_MM / 2 / spacing).astype(int)
    width_mm, height_mm = (2 * half + 1) * spacing
    upright = axis != 2

    def cut(array: Array, outside: int) -> Array:
        plane = np.take(array, center[axis], axis=axis)
        return _oriented(_window(plane, center[[across, down]], half, outside), upright)

    def cut_own(component: NDArray[np.bool_]) -> Array:
        whole = np.zeros(np.take(ct.array, center[axis], axis=axis).shape, dtype=bool)
        whole[box[across], box[down]] = np.take(component, center[axis] - start[axis], axis=axis)
        return _oriented(_window(whole, center[[across, down]], half, 0), upright)

    canvas = Canvas(width_mm, height_mm, SIZE_PX / width_mm)
    gray = to_bytes(windowed(cut(ct.array, AIR_HU), *WINDOW_HU)).T
    canvas.image(np.repeat(gray[..., None], 3, axis=2))
    for (mask, color, style), component in zip(masks, own, strict=True):
        thick = cut_own(component)
        canvas.outline(cut(mask, 0).astype(bool) & ~thick, spacing, color, 0.9, style)
        canvas.outline(thick, spacing, color, 1.9, style)
    canvas.edges(_PLANES[number][1], 13.0)
    canvas.scale_bar(10.0, 12.0)
    return canvas.picture(f"{name.capitalize()} slice: {what}")


def _oriented(plane: Array, upright: bool) -> Array:
    """Rows grow downwards on a picture: the head comes first."""
    return plane[:, ::-1] if upright else plane


def _window(plane: Array, center: NDArray[np.intp], half: NDArray[np.intp], outside: int) -> Array:
    """The part of a plane around a place, filled with `outside` beyond its border."""
    low, high = center - half, center + half + 1
    inside = plane[max(low[0], 0) : high[0], max(low[1], 0) : high[1]]
    before = np.maximum(-low, 0)
    after = 2 * half + 1 - before - inside.shape
    return np.pad(inside, np.stack([before, after], axis=1), constant_values=outside)
