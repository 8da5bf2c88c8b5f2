"""Axial close-ups of the largest lesions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.findings import Lesion
from calciscope.labels import Compartment
from calciscope.readers.study import CtStudy
from calciscope.volume import Array, Volume
from calciscope.writers.pictures import (
    AXIAL,
    Canvas,
    Picture,
    compartment_color,
    to_bytes,
    windowed,
)

WINDOW_HU = (-160.0, 240.0)
"""Center 40, width 400: soft tissue as a radiologist is used to see it."""

FIELD_MM = 80.0
SIZE_PX = 320
AIR_HU = -1024
COUNT = 12


@dataclass(frozen=True)
class CloseUp:
    """A lesion seen in the axial slice that holds most of it.

    Attributes:
        slice_text: how to find that slice in the source.
    """

    lesion: Lesion
    picture: Picture
    slice_text: str


def close_ups(
    study: CtStudy, lesions: Volume, measured: Sequence[Lesion], count: int = COUNT
) -> tuple[CloseUp, ...]:
    """Pictures of the largest lesions of each compartment, largest first.

    Args:
        study: with the CT.
        lesions: lesion ids on its grid.
        measured: the lesions; centroid and diameter say where to look.
    """
    hu, ids = study.volume.canonical().volume, lesions.canonical().volume
    largest = largest_lesions(measured, count)
    return tuple(_close_up(study, hu, ids, lesion, measured) for lesion in largest)


def largest_lesions(measured: Sequence[Lesion], count: int = COUNT) -> tuple[Lesion, ...]:
    """The largest lesions of each compartment in turn, up to `count`, largest first.

    In turn, so that many large plaques in one compartment do not hide all of another.
    """
    ordered = sorted(measured, key=lambda lesion: (-lesion.volume_mm3, lesion.id))
    ranks: Counter[Compartment] = Counter()
    ranked = []
    for place, lesion in enumerate(ordered):
        ranked.append((ranks[lesion.compartment], place, lesion))
        ranks[lesion.compartment] += 1
    chosen = sorted(ranked, key=lambda item: item[:2])[:count]
    return tuple(lesion for _, _, lesion in sorted(chosen, key=lambda item: item[1]))


def _close_up(
    study: CtStudy, hu: Volume, ids: Volume, lesion: Lesion, measured: Sequence[Lesion]
) -> CloseUp:
    x, y, z, size_mm = locate(ids, lesion)
    field_mm = max(FIELD_MM, 1.5 * size_mm)
    spacing = hu.spacing_mm[:2]
    half = np.ceil(field_mm / 2 / spacing).astype(int)
    window = window_around(hu.array[:, :, z], (x, y), half, AIR_HU)
    marks = window_around(ids.array[:, :, z], (x, y), half, 0)
    width_mm, height_mm = (2 * half + 1) * spacing
    canvas = Canvas(width_mm, height_mm, SIZE_PX / width_mm)
    gray = to_bytes(windowed(window, *WINDOW_HU)).T
    canvas.image(np.repeat(gray[..., None], 3, axis=2))
    for other in measured:
        if other.id != lesion.id and (marks == other.id).any():
            canvas.outline(marks == other.id, spacing, compartment_color(other.compartment), 1.0)
    canvas.outline(marks == lesion.id, spacing, compartment_color(lesion.compartment), 1.6)
    canvas.edges(AXIAL, 13.0)
    canvas.scale_bar(10.0 if field_mm < 200.0 else 50.0, 12.0)
    picture = canvas.picture(f"Axial close-up of lesion {lesion.id}")
    return CloseUp(lesion, picture, slice_text(study, hu, (x, y, z)))


def locate(ids: Volume, lesion: Lesion) -> tuple[int, int, int, float]:
    """Index of a lesion's center in its fullest axial slice, and its size there in mm."""
    # No voxel of a lesion is farther from its centroid than its longest diameter.
    reach = (lesion.longest_diameter_mm + 2 * ids.spacing_mm.max()) / ids.spacing_mm
    center = ids.index(lesion.centroid_lps_mm)
    top = np.array(ids.shape)
    start = np.clip(np.floor(center - reach), 0, top - 1).astype(int)
    stop = np.clip(np.ceil(center + reach) + 1, start + 1, top).astype(int)
    mask = ids.crop(start, stop).array == lesion.id
    if not mask.any():
        x, y, z = (int(v) for v in np.clip(np.round(center), 0, top - 1))
        return x, y, z, 0.0
    fullest = int(np.argmax(np.count_nonzero(mask, axis=(0, 1))))
    voxels = np.argwhere(mask[:, :, fullest])
    low, high = voxels.min(axis=0), voxels.max(axis=0)
    x, y = (int(v) for v in start[:2] + (low + high) // 2)
    size_mm = float(((high - low + 1) * ids.spacing_mm[:2]).max())
    return x, y, int(start[2]) + fullest, size_mm


def window_around(
    plane: Array, center: tuple[int, int], half: NDArray[np.intp], outside: int
) -> Array:
    """The part of `plane` around `center`, filled with `outside` beyond its border."""
    low = np.array(center) - half
    high = np.array(center) + half + 1
    inside = plane[max(low[0], 0) : high[0], max(low[1], 0) : high[1]]
    before = np.maximum(-low, 0)
    after = 2 * half + 1 - before - inside.shape
    return np.pad(inside, np.stack([before, after], axis=1), constant_values=outside)


def slice_text(study: CtStudy, hu: Volume, index: tuple[int, int, int]) -> str:
    """Say where an axial slice is: the source's image number where it has one, and z in mm."""
    position = hu.lps_mm(index)
    native = round(study.volume.index(position)[2])
    z_text = f"z {position[2]:.1f} mm"
    is_slice = study.volume.canonical().order[2] == 2
    if is_slice and not study.resampled and len(study.instances) == study.volume.shape[2]:
        number = study.instances[native].get("InstanceNumber")
        if number is not None:
            return f"image {number}, {z_text}"
    return f"slice {native + 1} of {study.volume.shape[2]}, {z_text}" if is_slice else z_text
