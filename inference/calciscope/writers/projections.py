"""Maximum-intensity projections of the body, with lesions colored by compartment.

Lesions are projected on their own, so that one in front of a bone or behind it is still seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

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

AIR_HU = -1024
WINDOW_HU = (-150.0, 1600.0)
GAMMA = 0.7
LESION_WINDOW_HU = (50.0, 600.0)
PIXELS_PER_MM = 2.0
LARGEST_SIDE_PX = 1500
MARGIN_MM = 8.0
CODES = tuple(Compartment)


@dataclass(frozen=True)
class Projection:
    """A projection and its name on the page."""

    title: str
    picture: Picture


@dataclass(frozen=True, eq=False)
class _Rays:
    """Largest values along rays: HU of the body, and HU and compartment of lesions.

    Attributes:
        hu: int16, shape (across, Z).
        lesion: int32, shape (across, Z); 0 without a lesion, see `_lesion_key`.
    """

    hu: NDArray[np.int16]
    lesion: NDArray[np.int32]


def project(
    ct: Volume, body: Volume, lesions: Volume, compartments: Mapping[int, Compartment]
) -> tuple[Projection, ...]:
    """Coronal and sagittal projections; two sagittal ones where the legs lie apart.

    Args:
        ct: HU.
        body: True inside the patient, on the same grid; without it the table would cover the rest.
        lesions: lesion ids on the same grid.
        compartments: compartment of each id.
    """
    hu, inside, ids = (volume.canonical().volume for volume in (ct, body, lesions))
    start, stop = _body_box(inside)
    hu, inside, ids = (volume.crop(start, stop) for volume in (hu, inside, ids))
    table = np.zeros(max(compartments, default=0) + 1, dtype=np.int32)
    for lesion_id, compartment in compartments.items():
        table[lesion_id] = CODES.index(compartment) + 1
    gap = _gap_between_legs(inside.array)
    sides = {"Sagittal": slice(None)}
    if gap:
        sides = {"Sagittal, right leg": slice(gap), "Sagittal, left leg": slice(gap, None)}
    coronal, sagittals = _cast_rays(hu.array, inside.array, ids.array, table, list(sides.values()))
    across, along, height = hu.spacing_mm
    result = [Projection("Coronal", _draw(coronal, across, height, CORONAL, "Coronal"))]
    for title, rays in zip(sides, sagittals, strict=True):
        result.append(Projection(title, _draw(rays, along, height, SAGITTAL, title)))
    return tuple(result)


def _body_box(body: Volume) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one past the last index of the body along each axis, with a margin."""
    shape = np.array(body.shape)
    profiles = [body.array.any(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
    if not profiles[0].any():
        return np.zeros(3, dtype=np.intp), shape
    margin = np.round(MARGIN_MM / body.spacing_mm).astype(int)
    ends = np.array([np.flatnonzero(profile)[[0, -1]] for profile in profiles])
    return np.maximum(ends[:, 0] - margin, 0), np.minimum(ends[:, 1] + 1 + margin, shape)


def _gap_between_legs(body: Array) -> int | None:
    """Index along x that parts two legs, None where the body does not fall in two."""
    profile = np.count_nonzero(body, axis=(1, 2))
    count = len(profile)
    middle = profile[3 * count // 10 : 7 * count // 10]
    if middle.size == 0:
        return None
    gap = 3 * count // 10 + int(np.argmin(middle))
    peaks = [int(part.max(initial=0)) for part in (profile[:gap], profile[gap:])]
    return gap if profile[gap] < 0.4 * min(peaks) else None


def _cast_rays(
    hu: Array, body: Array, ids: Array, table: NDArray[np.int32], sides: list[slice]
) -> tuple[_Rays, list[_Rays]]:
    """Project along y, and along x once for each of `sides`; slice by slice, to stay in cache."""
    width, depth, height = hu.shape
    coronal = _empty(width, height)
    sagittals = [_empty(depth, height) for _ in sides]
    has_body = bool(body.any())
    for z in range(height):
        inside, lesion_ids = body[:, :, z], ids[:, :, z]
        values = np.where(inside, hu[:, :, z], AIR_HU) if has_body else hu[:, :, z]
        coronal.hu[:, z] = values.max(axis=1)
        for rays, side in zip(sagittals, sides, strict=True):
            rays.hu[:, z] = values[side].max(axis=0, initial=AIR_HU)
        if lesion_ids.any():
            key = _lesion_key(hu[:, :, z], table[lesion_ids])
            coronal.lesion[:, z] = key.max(axis=1)
            for rays, side in zip(sagittals, sides, strict=True):
                rays.lesion[:, z] = key[side].max(axis=0, initial=0)
    return coronal, sagittals


def _empty(across: int, height: int) -> _Rays:
    shape = (across, height)
    return _Rays(np.full(shape, AIR_HU, dtype=np.int16), np.zeros(shape, dtype=np.int32))


def _lesion_key(hu: Array, code: NDArray[np.int32]) -> NDArray[np.int32]:
    """HU above, compartment code in the low 4 bits: its maximum keeps both of the densest voxel."""
    height = np.clip(hu, AIR_HU, 32000).astype(np.int32) - AIR_HU
    return np.where(code > 0, height * 16 + code, 0)


def _draw(rays: _Rays, across_mm: float, along_z_mm: float, edges: Edges, title: str) -> Picture:
    """Picture of a projection, head on top; spacings of its two axes in mm."""
    columns, rows = rays.hu.shape
    width_mm, height_mm = across_mm * columns, along_z_mm * rows
    scale = min(PIXELS_PER_MM, LARGEST_SIDE_PX / max(width_mm, height_mm))
    canvas = Canvas(width_mm, height_mm, scale)
    gray = to_bytes(windowed(_upright(rays.hu), *WINDOW_HU) ** GAMMA)
    canvas.image(np.repeat(gray[..., None], 3, axis=2))
    key = resample_labels(_upright(rays.lesion)[..., None], (canvas.height_px, canvas.width_px, 1))
    canvas.image(_colored(key[..., 0]), interpolation="nearest")
    canvas.edges(edges)
    canvas.scale_bar(50.0 if width_mm > 110.0 else 20.0)
    return canvas.picture(f"{title} maximum-intensity projection with lesions in color")


def _upright(plane: Array) -> Array:
    """Rows from head to feet, from an array whose second axis grows to the head."""
    return plane.T[::-1]


def _colored(key: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Lesions in the color of their compartment with a dark rim, else transparent.

    Args:
        key: shape (rows, columns), see `_lesion_key`.

    Returns:
        Shape (rows, columns, 4).
    """
    code, hu = key % 16, key // 16 + AIR_HU
    shade = 0.8 + 0.2 * windowed(hu, *LESION_WINDOW_HU)
    rgba = np.zeros((*key.shape, 4), dtype=np.float32)
    rgba[ndimage.binary_dilation(code > 0), 3] = 0.8
    for number in np.unique(code[code > 0]):
        here = code == number
        rgba[here, :3] = shade[here][:, None] * compartment_rgb(CODES[int(number) - 1])
        rgba[here, 3] = 1.0
    return to_bytes(rgba)
