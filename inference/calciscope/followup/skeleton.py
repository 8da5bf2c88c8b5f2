"""The bones of one date on a coarse grid, in parts that move as one: lower leg, thigh, foot, ...

Legs bend and turn between dates, so each long bone is registered on its own. What has no place in
a leg is one part: of its side where sides are known, else of the trunk. Where no bone is in view,
the outline of the body stands in for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.anatomy import Anatomy, find_anatomy
from calciscope.ct.masks import bounding_box, without_specks
from calciscope.ct.settings import MeasurementSettings
from calciscope.followup.settings import ComparisonSettings
from calciscope.labels import Label
from calciscope.locations import Laterality, Region
from calciscope.resampling import resample_array, resampled_affine
from calciscope.volume import Array, Volume

MARGIN_MM = 24.0
"""Room kept around the bones, as far as the scan goes."""

LEAST_SECTION_MM2 = 12.0
"""A smaller piece of bone in a slice goes with its neighbors, not by itself."""

LEAST_SPECK_MM3 = 300.0


@dataclass(frozen=True)
class Part:
    """A part of the body that moves as one.

    Attributes:
        name: as it is told, without its side.
        side: None for what belongs to both.
    """

    name: str
    side: Laterality | None

    def __str__(self) -> str:
        return self.name if self.side is None else f"{self.side.value} {self.name}"


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Bones in parts.

    Attributes:
        labels: canonical axes; 0 outside, else 1 + index of the part.
        parts: what the labels mean.
        tissue: "bone", or "body" where there is no bone.
    """

    labels: Volume
    parts: tuple[Part, ...]
    tissue: str

    def beside(self, side: Laterality | None) -> NDArray[np.bool_]:
        """The bones that a part of this side may be found in: of that side and of the trunk."""
        wanted = [side is None or part.side is None or part.side is side for part in self.parts]
        return np.asarray(np.array([False, *wanted])[self.labels.array])


def find_skeletons(tissues: Sequence[Volume], settings: ComparisonSettings) -> tuple[Skeleton, ...]:
    """The skeletons of several dates, all of bone or all of the body's outline."""
    found = [find_skeleton(volume, settings) for volume in tissues]
    if len({skeleton.tissue for skeleton in found}) > 1:
        found = [find_skeleton(volume, settings, outline=True) for volume in tissues]
    return tuple(found)


def find_skeleton(tissues: Volume, settings: ComparisonSettings, outline: bool = False) -> Skeleton:
    """Find the parts of the skeleton of one date.

    Args:
        tissues: values of `Label`, on any grid.
        settings: voxel size and smallest part.
        outline: take the body's outline even where there is bone.
    """
    view = tissues.canonical().volume
    bone = view.with_array(view.array == Label.BONE)
    body = view.with_array(view.array != Label.BACKGROUND)
    anatomy = find_anatomy(body, bone, MeasurementSettings())
    bone_mm3 = np.count_nonzero(bone.array) * view.voxel_volume_mm3
    if bone_mm3 >= settings.least_bone_mm3 and not outline:
        coarse, tissue = _coarse(bone, settings.grid_mm), "bone"
        array = without_specks(coarse.array, coarse.voxel_volume_mm3, LEAST_SPECK_MM3)
        coarse = coarse.with_array(array)
    else:
        coarse, tissue = _coarse(body, settings.grid_mm), "body"
    return _in_parts(coarse, anatomy, tissue, settings.least_bone_mm3)


def _coarse(mask: Volume, grid_mm: float) -> Volume:
    """A mask on voxels of about `grid_mm`, cut to what it holds, marrow included."""
    box = bounding_box(mask.array)
    if box is None:
        return mask.crop((0, 0, 0), (1, 1, 1))
    margin = np.ceil(MARGIN_MM / mask.spacing_mm).astype(int)
    start = np.maximum([part.start for part in box] - margin, 0)
    stop = np.minimum([part.stop for part in box] + margin, mask.shape)
    crop = mask.crop(start, stop)
    shape = np.maximum(np.round(np.array(crop.shape) * crop.spacing_mm / grid_mm), 1).astype(int)
    cover = resample_array(np.asarray(crop.array, dtype=np.uint8), tuple(shape))
    in_plane = ndimage.generate_binary_structure(3, 1)
    in_plane[:, :, [0, 2]] = False
    filled = ndimage.binary_fill_holes(cover >= 0.5, structure=in_plane)
    return Volume(np.asarray(filled), resampled_affine(crop, tuple(shape)))


def _in_parts(mask: Volume, anatomy: Anatomy, tissue: str, least_mm3: float) -> Skeleton:
    """Name each section of bone in each slice by its side and region."""
    labels = np.zeros(mask.shape, dtype=np.uint8)
    numbers: dict[Part, int] = {}
    pixel_mm2 = float(mask.spacing_mm[0] * mask.spacing_mm[1])
    for k in range(mask.shape[2]):
        sections, count = ndimage.label(mask.array[:, :, k], structure=np.ones((3, 3), dtype=int))
        if count == 0:
            continue
        centers = ndimage.center_of_mass(sections > 0, sections, range(1, count + 1))
        sizes = np.bincount(sections.ravel(), minlength=count + 1) * pixel_mm2
        for section in np.flatnonzero(sizes[1:] >= LEAST_SECTION_MM2) + 1:
            center = mask.lps_mm([*centers[section - 1], k])
            part = _part_at(anatomy, center) if tissue == "bone" else _limb_at(anatomy, center)
            number = numbers.setdefault(part, len(numbers) + 1)
            labels[:, :, k][sections == section] = number
    return _without_small(mask.with_array(labels), list(numbers), tissue, least_mm3)


def _part_at(anatomy: Anatomy, center: NDArray[np.float64]) -> Part:
    """The part that a section of bone belongs to."""
    place = anatomy.locate(center)
    limb = anatomy.limbs.get(place.laterality)
    if place.region is Region.PELVIS:
        return Part("pelvis and trunk", None)
    if limb is None or place.region is Region.UNKNOWN:
        return _limb_at(anatomy, center)
    z = float(center[2])
    if (limb.knee_mm is not None and z >= limb.knee_mm) or place.region is Region.THIGH:
        return Part("thigh", place.laterality)
    if limb.ankle_mm is not None and z < limb.ankle_mm:
        return Part("foot", place.laterality)
    return Part("lower leg", place.laterality)


def _limb_at(anatomy: Anatomy, center: NDArray[np.float64]) -> Part:
    """A limb as a whole where sides are known, else the trunk."""
    sides = anatomy.sides
    side = sides.laterality(center)
    if side is Laterality.MIDLINE or (sides.limb_side is None and len(sides.z_mm) == 0):
        return Part("pelvis and trunk", None)
    return Part("limb", side)


def _without_small(labels: Volume, parts: list[Part], tissue: str, least_mm3: float) -> Skeleton:
    """Give what is too small to be registered to the largest other part of its side, or drop it."""
    sizes = np.bincount(labels.array.ravel(), minlength=len(parts) + 1)[1:]
    mm3 = sizes * labels.voxel_volume_mm3
    kept = [index for index, size in enumerate(mm3) if size >= least_mm3]
    table = np.zeros(len(parts) + 1, dtype=np.uint8)
    for index, part in enumerate(parts):
        hosts = [k for k in kept if parts[k].side is part.side]
        if index in kept:
            table[index + 1] = kept.index(index) + 1
        elif hosts:
            table[index + 1] = kept.index(max(hosts, key=lambda k: mm3[k])) + 1
    array: Array = table[labels.array]
    return Skeleton(labels.with_array(array), tuple(parts[index] for index in kept), tissue)
