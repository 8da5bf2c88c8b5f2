"""Reference uptake that hot spots are compared with: muscle, bone, and the other side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.anatomy import Anatomy
from calciscope.ct.shafts import Shaft
from calciscope.labels import Label
from calciscope.locations import Laterality
from calciscope.spect.hot_spots import HotSpots
from calciscope.spect.on_grid import LabelShares
from calciscope.spect.settings import SpectSettings
from calciscope.spect.uptake import values_at
from calciscope.volume import Volume

PURE_MUSCLE = 0.9
MOSTLY_BONE = 0.5
"""Least share of a voxel; shafts are hardly wider than the voxels of a SPECT."""

LEAST_ML = 2.0
"""A reference of less is none."""

TRIMMED = (10.0, 90.0)
"""Percentiles between which uptake is averaged: noise and what was overlooked stay out."""

LEAST_SEEN = 0.8
"""Share of a mirrored hot spot that must lie in view, and half of it in the body."""


@dataclass(frozen=True, eq=False)
class References:
    """Uptake to compare with, in the unit of the image; None where it is not in view.

    Attributes:
        muscle: of all muscle away from hot spots.
        bone: by side, see `find_references`.
        bone_mean: of both sides.
        bone_source: what `bone` was measured in, in words, by side.
    """

    muscle: float | None
    bone: Mapping[Laterality, float]
    bone_source: Mapping[Laterality, str]

    @property
    def bone_mean(self) -> float | None:
        """Mean of what sides there are."""
        return float(np.mean(list(self.bone.values()))) if self.bone else None

    def bone_of(self, side: Laterality) -> float | None:
        """Bone of a side; of both for what lies in the middle or beside a side without bone."""
        return self.bone.get(side, self.bone_mean)


def find_references(
    uptake: Volume,
    hot_spots: HotSpots,
    bony: Sequence[int],
    anatomy: Anatomy,
    settings: SpectSettings,
) -> References:
    """Measure muscle and bone.

    Muscle is the trimmed mean of all voxels of muscle away from hot spots. Bone is, for each side,
    that of the shaft of the tibia, else of the femur, else of any bone of that side, away from hot
    spots that are not of bone themselves.

    Args:
        uptake: the SPECT.
        hot_spots: found in it.
        bony: ids of those that are of bone or joint.
        anatomy: where shafts and sides are.
        settings: gives the distance that references keep.
    """
    shares = hot_spots.shares
    spacing = uptake.spacing_mm
    away = _away(hot_spots.ids.array > 0, spacing, settings.reference_margin_mm)
    muscle = trimmed_mean(uptake, (shares.share(Label.MUSCLE) >= PURE_MUSCLE) & away)
    soft = (hot_spots.ids.array > 0) & ~np.isin(hot_spots.ids.array, list(bony))
    bone = (shares.share(Label.BONE) >= MOSTLY_BONE) & _away(
        soft, spacing, settings.reference_margin_mm
    )
    values: dict[Laterality, float] = {}
    sources: dict[Laterality, str] = {}
    voxels = np.argwhere(bone)
    places = uptake.lps_mm(voxels)
    sides = np.array([anatomy.sides.laterality(place).value for place in places])
    for side in (Laterality.LEFT, Laterality.RIGHT):
        here = (sides == side.value) | (sides == Laterality.MIDLINE.value)
        limb = anatomy.limbs.get(side)
        tries: list[tuple[str, NDArray[np.bool_]]] = []
        for name, shaft in (
            ("shaft of the tibia", limb.shank if limb else None),
            ("shaft of the femur", limb.thigh if limb else None),
        ):
            if shaft is not None:
                along = here & _along(places, shaft)
                tries.append((name, _largest(voxels, along, uptake.shape)))
        tries.append(("any bone", here))
        for name, chosen in tries:
            mean = trimmed_mean(uptake, _mask(voxels[chosen], uptake.shape))
            if mean is not None and mean > 0:
                values[side], sources[side] = mean, name
                break
    return References(muscle, values, sources)


def trimmed_mean(uptake: Volume, mask: NDArray[np.bool_]) -> float | None:
    """Mean of the masked uptake between two percentiles; None where there is too little."""
    values = uptake.array[mask].astype(np.float64)
    if len(values) * uptake.voxel_volume_mm3 < 1000.0 * LEAST_ML:
        return None
    low, high = np.percentile(values, TRIMMED)
    return float(values[(values >= low) & (values <= high)].mean())


def contralateral_mean(
    uptake: Volume, voxels: NDArray[np.intp], anatomy: Anatomy, shares: LabelShares, body: Volume
) -> float | None:
    """Mean uptake of the mirror image of a hot spot across the body's middle.

    Returns:
        None where the hot spot lies in the middle, only one limb is in view, or the mirrored
        place is not in view or not in the body.
    """
    places = uptake.lps_mm(voxels)
    if anatomy.sides.laterality(places.mean(axis=0)) is Laterality.MIDLINE:
        return None
    mirrored = anatomy.sides.mirrored(places)
    if mirrored is None:
        return None
    if _inside(uptake, mirrored).mean() < LEAST_SEEN:
        return None
    seen = _inside(body, mirrored)
    if seen.any() and (values_at_nearest(body, mirrored[seen]) > 0).mean() < 0.5:
        return None
    return float(values_at(uptake, mirrored).mean())


def values_at_nearest(image: Volume, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of the voxels that hold world positions, shape (n, 3), which must lie inside."""
    index = np.rint(image.index(lps_mm)).astype(int)
    return np.asarray(image.array[tuple(np.clip(index, 0, np.array(image.shape) - 1).T)], float)


def _inside(image: Volume, lps_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which positions a volume shows; shape (n,)."""
    index = image.index(lps_mm)
    return np.asarray(((index >= -0.5) & (index <= np.array(image.shape) - 0.5)).all(axis=1))


def _away(
    mask: NDArray[np.bool_], spacing_mm: NDArray[np.float64], distance_mm: float
) -> NDArray[np.bool_]:
    if not mask.any():
        return np.ones(mask.shape, dtype=bool)
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing_mm) > distance_mm)


def _along(places: NDArray[np.float64], shaft: Shaft) -> NDArray[np.bool_]:
    return np.asarray((places[:, 2] >= shaft.low_mm) & (places[:, 2] <= shaft.high_mm))


def _largest(
    voxels: NDArray[np.intp], chosen: NDArray[np.bool_], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """Of the chosen voxels those of the largest connected part: the tibia, not the fibula."""
    if not chosen.any():
        return chosen
    parts, _ = ndimage.label(_mask(voxels[chosen], shape), np.ones((3, 3, 3), dtype=int))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(chosen & (parts[tuple(voxels.T)] == sizes.argmax()))


def _mask(voxels: NDArray[np.intp], shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    result = np.zeros(shape, dtype=bool)
    result[tuple(voxels.T)] = True
    return result
