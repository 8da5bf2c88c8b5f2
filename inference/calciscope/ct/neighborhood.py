"""A lesion with its surroundings: the crops that all local measurements look at."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.lesions import LesionMap, lesion_territories
from calciscope.ct.masks import box_around
from calciscope.labels import Label
from calciscope.volume import Array, Volume


class SegmentedCt(Protocol):
    """What measurement needs of a segmentation, all on the native CT grid."""

    @property
    def tissues(self) -> Volume:
        """uint8 `Label` values, calcification included."""

    @property
    def tissue_beneath(self) -> Volume:
        """uint8 `Label` values without calcification: the best of the other classes."""

    @property
    def probability(self) -> Volume:
        """uint8 0 to 255: the probability of calcification."""

    @property
    def body(self) -> Volume:
        """bool: the patient without table and blanket."""

    @property
    def lesion_probability(self) -> Volume | None:
        """uint8 0 to 255: calibrated probability of each voxel's lesion; None without one."""


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """A lesion and what lies around it; arrays of one shape (a, b, c), a crop of the native grid.

    Attributes:
        ct: HU, with the crop's affine.
        lesion: bool, this lesion.
        territory: bool, this lesion and the margin whose mineral counts for it.
        other: bool, other lesions with their territories.
        tissue: uint8 labels outside all lesions; inside them what the network saw beneath.
        inside: bool, any lesion, this one included.
        bone: bool, bone without specks.
        body: bool.
    """

    ct: Volume
    lesion: Array
    territory: Array
    other: Array
    tissue: Array
    inside: Array
    bone: Array
    body: Array

    @cached_property
    def distance_mm(self) -> NDArray[np.float64]:
        """Distance from each voxel center to the nearest one of the lesion; 0 within it."""
        spacing = tuple(self.ct.spacing_mm)
        return np.asarray(ndimage.distance_transform_edt(~self.lesion, sampling=spacing))

    @cached_property
    def dense(self) -> Array:
        """Voxels of other dense things, outside lesions: bone, vessel walls, metal, contrast."""
        named = np.isin(self.tissue, (Label.BONE, Label.VASCULAR, Label.FOREIGN))
        return np.asarray((named & ~self.inside) | self.bone)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The whole study as the neighborhoods are cut from it.

    Attributes:
        ct: HU on the native grid.
        lesions: the lesions.
        territories: lesion ids with their margins, see `lesion_territories`.
        bone: bool, bone without specks.
        segmentation: tissues, body and probability.
    """

    ct: Volume
    lesions: LesionMap
    territories: Array
    bone: Array
    segmentation: SegmentedCt

    def neighborhood(self, lesion_id: int, margin_mm: float) -> Neighborhood:
        """Cut out a lesion with a margin on all sides, as far as the grid goes."""
        voxels = self.lesions.voxels[lesion_id - 1]
        margin = np.ceil(margin_mm / self.ct.spacing_mm).astype(int) + 1
        start, stop = box_around(voxels, margin, self.ct.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        ids, territories = self.lesions.ids.array[box], self.territories[box]
        tissues = self.segmentation.tissues.array[box]
        beneath = self.segmentation.tissue_beneath.array[box]
        # Components too small to be lesions keep their calcification label in `tissues`.
        inside = (ids > 0) | (tissues == Label.CALCIFICATION)
        return Neighborhood(
            ct=self.ct.crop(start, stop),
            lesion=ids == lesion_id,
            territory=territories == lesion_id,
            other=(territories > 0) & (territories != lesion_id) | (inside & (ids == 0)),
            tissue=np.where(inside, beneath, tissues),
            inside=inside,
            bone=self.bone[box],
            body=np.asarray(self.segmentation.body.array[box], dtype=bool),
        )


def study_surroundings(
    ct: Volume,
    segmentation: SegmentedCt,
    lesions: LesionMap,
    bone: Array,
) -> Surroundings:
    """Prepare a study for cutting neighborhoods."""
    territories = lesion_territories(lesions, segmentation.tissues.array, bone)
    return Surroundings(ct, lesions, territories, bone, segmentation)
