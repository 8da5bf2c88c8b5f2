"""Cross-sections of the bones of each limb, slice by slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.coarse import thinned
from calciscope.ct.sides import SideMap
from calciscope.locations import Laterality
from calciscope.volume import Volume

_STEP_MM = (1.5, 1.5, 4.0)
_MINIMUM_BONE_MM2 = 50.0


@dataclass(frozen=True, eq=False)
class BoneSlice:
    """Sections of the bones of one limb in one axial slice.

    Attributes:
        z_mm: height of the slice.
        areas_mm2: of its bones, largest first.
        center_lps_mm: of the largest; shape (3,).
        elongation: of the largest, ratio of its axes; a shaft is near 1, an iliac wing far above.
        second_mm: distance between the two largest; 0 for a single bone.
    """

    z_mm: float
    areas_mm2: tuple[float, ...]
    center_lps_mm: NDArray[np.float64]
    elongation: float
    second_mm: float


@dataclass(frozen=True, eq=False)
class _Section:
    """One bone in one slice."""

    area_mm2: float
    center: NDArray[np.float64]
    elongation: float


def bone_slices(bone: Volume, sides: SideMap) -> dict[Laterality, list[BoneSlice]]:
    """Measure the bone sections of each limb, slice by slice.

    Args:
        bone: bool mask on any grid.
        sides: tells to which limb a section belongs.

    Returns:
        Slices with bone, z rising, by the limb's side.
    """
    coarse = thinned(bone, _STEP_MM)
    pixel_mm2 = float(coarse.spacing_mm[0] * coarse.spacing_mm[1])
    limbs: dict[Laterality, list[BoneSlice]] = {}
    for k in range(coarse.shape[2]):
        sections: dict[Laterality, list[_Section]] = {}
        for section in _sections(coarse, k, pixel_mm2):
            sections.setdefault(_limb(section.center, sides), []).append(section)
        for side, found in sections.items():
            limbs.setdefault(side, []).append(_bone_slice(found))
    return limbs


def _bone_slice(sections: list[_Section]) -> BoneSlice:
    """Sum up the sections of one limb in one slice."""
    ordered = sorted(sections, key=lambda section: -section.area_mm2)
    first = ordered[0]
    apart = np.linalg.norm(ordered[1].center - first.center) if len(ordered) > 1 else 0.0
    return BoneSlice(
        z_mm=float(first.center[2]),
        areas_mm2=tuple(section.area_mm2 for section in ordered),
        center_lps_mm=first.center,
        elongation=first.elongation,
        second_mm=float(apart),
    )


def _sections(coarse: Volume, k: int, pixel_mm2: float) -> list[_Section]:
    """Each bone in a slice, its marrow included."""
    plane = np.asarray(coarse.array[:, :, k], dtype=bool)
    if not plane.any():
        return []
    labels, _ = ndimage.label(_filled(plane), structure=np.ones((3, 3), dtype=int))
    areas = np.bincount(labels.ravel())[1:] * pixel_mm2
    sections = []
    for number in np.flatnonzero(areas >= _MINIMUM_BONE_MM2) + 1:
        pixels = np.argwhere(labels == number)
        spread = np.linalg.eigvalsh(np.cov((pixels * coarse.spacing_mm[:2]).T))
        center = coarse.lps_mm([*pixels.mean(axis=0), k])
        elongation = float(np.sqrt(spread[1] / max(spread[0], 1e-6)))
        sections.append(_Section(float(areas[number - 1]), center, elongation))
    return sections


def _filled(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A slice's mask with its holes filled."""
    outside, _ = ndimage.label(np.pad(~plane, 1, constant_values=True))
    return np.asarray(outside[1:-1, 1:-1] != outside[0, 0])


def _limb(center: NDArray[np.float64], sides: SideMap) -> Laterality:
    """The limb that a bone section belongs to."""
    side = sides.laterality(center)
    if side is not Laterality.MIDLINE:
        return side
    return Laterality.LEFT if center[0] > sides.middle_x_mm else Laterality.RIGHT
