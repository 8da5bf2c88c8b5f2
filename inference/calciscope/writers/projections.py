"""Maximum-intensity projections of the body, with lesions colored by compartment.

Lesions are projected on their own, so that one in front of a bone or behind it is still seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.findings import Lesion
from calciscope.labels import Compartment
from calciscope.resampling import resample_labels
from calciscope.volume import Array, Volume
from calciscope.writers.pictures import (
    CORONAL,
    SAGITTAL,
    Canvas,
    Edges,
    Picture,
    compartment_rgb,
    to_bytes,
    windowed,
)
from calciscope.writers.rays import Rays, cast_rays, gap_between_legs

WINDOW_HU = (-150.0, 1600.0)
GAMMA = 0.7
"""Bone keeps its texture, muscle stays darker than lesions."""

LESION_WINDOW_HU = (50.0, 600.0)
PIXELS_PER_MM = 2.0
LARGEST_SIDE_PX = 1500
MARGIN_MM = 8.0
CODES = tuple(Compartment)
PALETTE = tuple(compartment_rgb(code) for code in CODES)


@dataclass(frozen=True)
class Projection:
    """A projection and its name on the page."""

    title: str
    picture: Picture


@dataclass(frozen=True, eq=False)
class View:
    """What one projection is drawn from.

    Attributes:
        rays: shape (across, Z).
        spacing_mm: across and along z.
        edges: the patient's sides.
        numbers: lesion ids and where they are, as indices (across, z).
    """

    title: str
    rays: Rays
    spacing_mm: tuple[float, float]
    edges: Edges
    numbers: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, eq=False)
class Views:
    """All views of a study, the coronal one first, and the part of the CT they are cast through.

    Attributes:
        box: canonical HU, cropped to the body.
    """

    views: tuple[View, ...]
    box: Volume


def project(
    ct: Volume,
    body: Volume,
    lesions: Volume,
    measured: Sequence[Lesion],
    numbered: Sequence[Lesion] = (),
) -> tuple[Projection, ...]:
    """Coronal and sagittal projections, see `cast_views`."""
    return draw_views(cast_views(ct, body, lesions, measured, numbered))


def draw_views(views: Views) -> tuple[Projection, ...]:
    """Their pictures."""
    return tuple(Projection(view.title, _draw(view)) for view in views.views)


def cast_views(
    ct: Volume,
    body: Volume,
    lesions: Volume,
    measured: Sequence[Lesion],
    numbered: Sequence[Lesion] = (),
) -> Views:
    """Coronal and sagittal views; two sagittal ones where the legs lie apart.

    Args:
        ct: HU.
        body: True inside the patient, on the same grid; without it the table would cover the rest.
        lesions: lesion ids on the same grid.
        measured: the lesions.
        numbered: those that get their id written beside them.
    """
    hu, inside, ids = (volume.canonical().volume for volume in (ct, body, lesions))
    start, stop = body_box(inside)
    hu, inside, ids = (volume.crop(start, stop) for volume in (hu, inside, ids))
    codes = np.zeros(int(ids.array.max(initial=0)) + 1, dtype=np.int32)
    for lesion in measured:
        codes[lesion.id : lesion.id + 1] = CODES.index(lesion.compartment) + 1
    gap = gap_between_legs(inside.array)
    sides = {"Sagittal": slice(None)}
    if gap is not None:
        sides = {"Sagittal, right side": slice(gap), "Sagittal, left side": slice(gap, None)}
    coronal, sagittals = cast_rays(hu.array, inside.array, ids.array, codes, tuple(sides.values()))
    across, along, height = (float(spacing) for spacing in hu.spacing_mm)
    centers = [(lesion.id, hu.index(lesion.centroid_lps_mm)) for lesion in numbered]
    numbers = tuple((number, center[0], center[2]) for number, center in centers)
    views = [View("Coronal", coronal, (across, height), CORONAL, numbers)]
    for (title, side), rays in zip(sides.items(), sagittals, strict=True):
        low, high, _ = side.indices(hu.shape[0])
        numbers = tuple(
            (number, c[1], c[2]) for number, c in centers if low - 0.5 <= c[0] < high - 0.5
        )
        views.append(View(title, rays, (along, height), SAGITTAL, numbers))
    return Views(tuple(views), hu)


def body_box(body: Volume) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one past the last index of the body along each axis, with a margin."""
    shape = np.array(body.shape)
    profiles = [body.array.any(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
    if not profiles[0].any():
        return np.zeros(3, dtype=np.intp), shape
    margin = np.round(MARGIN_MM / body.spacing_mm).astype(int)
    ends = np.array([np.flatnonzero(profile)[[0, -1]] for profile in profiles])
    return np.maximum(ends[:, 0] - margin, 0), np.minimum(ends[:, 1] + 1 + margin, shape)


def gray_canvas(view: View) -> Canvas:
    """The body in gray, head on top."""
    columns, rows = view.rays.hu.shape
    across_mm, along_mm = view.spacing_mm
    width_mm, height_mm = across_mm * columns, along_mm * rows
    scale = min(PIXELS_PER_MM, LARGEST_SIDE_PX / max(width_mm, height_mm))
    canvas = Canvas(width_mm, height_mm, scale)
    gray = to_bytes(windowed(_upright(view.rays.hu), *WINDOW_HU) ** GAMMA)
    canvas.image(np.repeat(gray[..., None], 3, axis=2))
    return canvas


def _draw(view: View) -> Picture:
    """The picture with lesions in color."""
    canvas = gray_canvas(view)
    across_mm, along_mm = view.spacing_mm
    width_mm, height_mm = canvas.width_mm, canvas.height_mm
    key = resample_labels(
        _upright(view.rays.lesion)[..., None], (canvas.height_px, canvas.width_px, 1)
    )
    canvas.image(colored(Rays(view.rays.hu, key[..., 0]), PALETTE), interpolation="nearest")
    for number, column, row in view.numbers:
        canvas.label((column + 0.5) * across_mm, height_mm - (row + 0.5) * along_mm, str(number))
    canvas.edges(view.edges)
    canvas.scale_bar(50.0 if width_mm > 110.0 else 20.0)
    return canvas.picture(f"{view.title} maximum-intensity projection with lesions in color")


def _upright(plane: Array) -> Array:
    """Rows from head to feet, from an array whose second axis grows to the head."""
    return plane.T[::-1]


def colored(rays: Rays, palette: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Lesions in the color of their code with a dark rim, else transparent.

    Args:
        rays: lesions with codes from 1.
        palette: color of each code, 0 to 1.

    Returns:
        Shape (rows, columns, 4).
    """
    code = rays.code
    shade = 0.8 + 0.2 * windowed(rays.lesion_hu, *LESION_WINDOW_HU)
    rgba = np.zeros((*code.shape, 4), dtype=np.float32)
    rgba[ndimage.binary_dilation(code > 0), 3] = 0.8
    for number in np.unique(code[code > 0]):
        here = code == number
        rgba[here, :3] = shade[here][:, None] * palette[int(number) - 1]
        rgba[here, 3] = 1.0
    return to_bytes(rgba)
