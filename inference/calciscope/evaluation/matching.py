"""Lesions found, missed and invented in one case: matching by overlap."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import component_voxels
from calciscope.volume import Array


@dataclass(frozen=True)
class LesionScore:
    """One reference lesion.

    Attributes:
        id: in the reference.
        volume_mm3: of its reference voxels.
        found: whether the prediction overlaps enough of it.
        dice: of the lesion and the predicted components that overlap it.
        hit_by: numbers of those components in `DetectionCase.components`.
    """

    id: int
    volume_mm3: float
    found: bool
    dice: float
    hit_by: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class PredictedComponent:
    """One 26-connected component of the prediction.

    Attributes:
        voxels: indices, shape (N, 3).
        hits: ids of the reference lesions it overlaps.
        unscored: whether it touches ignored voxels.
    """

    voxels: NDArray[np.intp]
    hits: tuple[int, ...]
    unscored: bool

    @property
    def is_false_positive(self) -> bool:
        """Whether it touches neither a lesion nor an ignored voxel."""
        return not self.hits and not self.unscored

    @property
    def is_scored(self) -> bool:
        """Whether it counts for or against the prediction."""
        return bool(self.hits) or not self.unscored


@dataclass(frozen=True)
class DetectionCase:
    """One case (a limb or a study).

    Attributes:
        lesions: every reference lesion.
        false_positives: predicted components that touch neither a lesion nor an ignored voxel.
        false_positive_mm3: their volume.
        components: every predicted component.
    """

    lesions: tuple[LesionScore, ...]
    false_positives: int
    false_positive_mm3: float
    components: tuple[PredictedComponent, ...] = ()


def match_lesions(
    reference_ids: Array,
    prediction: Array,
    voxel_mm3: float,
    ignore: Array | None = None,
    minimum_overlap: float = 0.1,
) -> DetectionCase:
    """Match predicted components with reference lesions.

    A lesion is found if at least `minimum_overlap` of its voxels, and at least one, are predicted.
    Its Dice compares it with all predicted components that overlap it, less what of them lies in
    other reference lesions: neighbors found in one piece are no fault of each other.

    Args:
        reference_ids: integers, shape (I, J, K): 0 outside lesions, else the lesion's id.
        prediction: bool, same shape.
        voxel_mm3: volume of a voxel.
        ignore: bool, same shape: voxels that are not scored. Predictions there count neither for
            nor against; a component that touches them is no false positive.
        minimum_overlap: share of a lesion's voxels that must be predicted.
    """
    unscored = np.zeros(reference_ids.shape, bool) if ignore is None else ignore
    components = tuple(
        _component(voxels, reference_ids, unscored)
        for voxels in component_voxels(np.asarray(prediction, dtype=bool))
    )
    hit_by: dict[int, list[int]] = {}
    for index, component in enumerate(components):
        for number in component.hits:
            hit_by.setdefault(number, []).append(index)
    false = [len(component.voxels) for component in components if component.is_false_positive]
    lesions = tuple(
        _score(
            number,
            voxels,
            {index: components[index].voxels for index in hit_by.get(number, [])},
            reference_ids,
            unscored,
            voxel_mm3,
            minimum_overlap,
        )
        for number, voxels in voxels_by_id(reference_ids).items()
    )
    return DetectionCase(lesions, len(false), sum(false) * voxel_mm3, components)


def _component(voxels: NDArray[np.intp], ids: Array, unscored: Array) -> PredictedComponent:
    where = tuple(voxels.T)
    hits = np.unique(ids[where])
    return PredictedComponent(
        voxels, tuple(int(hit) for hit in hits[hits > 0]), bool(unscored[where].any())
    )


def voxels_by_id(ids: Array) -> dict[int, NDArray[np.intp]]:
    """Voxel indices of each id above 0."""
    inside = np.argwhere(ids)
    values = ids[tuple(inside.T)]
    order = np.argsort(values, kind="stable")
    numbers, first = np.unique(values[order], return_index=True)
    groups = np.split(inside[order], first[1:])
    return {int(number): group for number, group in zip(numbers, groups, strict=False)}


def _score(
    number: int,
    voxels: NDArray[np.intp],
    touching: Mapping[int, NDArray[np.intp]],
    reference_ids: Array,
    unscored: Array,
    voxel_mm3: float,
    minimum_overlap: float,
) -> LesionScore:
    """Score one reference lesion against the components that overlap it."""
    volume = len(voxels) * voxel_mm3
    if not touching:
        return LesionScore(number, volume, found=False, dice=0.0)
    predicted = np.concatenate(list(touching.values()))
    ids = reference_ids[tuple(predicted.T)]
    own = ids == number
    counted = own | ((ids == 0) & ~unscored[tuple(predicted.T)])
    overlap = int(own.sum())
    return LesionScore(
        number,
        volume,
        found=overlap >= max(1.0, minimum_overlap * len(voxels)),
        dice=2.0 * overlap / (int(counted.sum()) + len(voxels)),
        hit_by=tuple(touching),
    )
