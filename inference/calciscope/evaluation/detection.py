"""Lesions found, missed and invented: matching by overlap, and rates over many cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import component_voxels
from calciscope.volume import Array

DICE_FROM_MM3 = 30.0
"""Reference lesions of at least this volume have their Dice reported."""

SIZE_BINS_MM3 = (0.0, 5.0, 15.0, 30.0, 100.0, 300.0, float("inf"))
"""Edges of the size bins of lesion sensitivity."""


@dataclass(frozen=True)
class LesionScore:
    """One reference lesion.

    Attributes:
        id: in the reference.
        volume_mm3: of its reference voxels.
        found: whether the prediction overlaps enough of it.
        dice: of the lesion and the predicted components that overlap it.
    """

    id: int
    volume_mm3: float
    found: bool
    dice: float


@dataclass(frozen=True)
class DetectionCase:
    """One case (a limb or a study).

    Attributes:
        lesions: every reference lesion.
        false_positives: predicted components that touch neither a lesion nor an ignored voxel.
        false_positive_mm3: their volume.
    """

    lesions: tuple[LesionScore, ...]
    false_positives: int
    false_positive_mm3: float


@dataclass(frozen=True)
class SizeBin:
    """Sensitivity for lesions of low <= volume < high (mm3); None where there are none."""

    low_mm3: float
    high_mm3: float
    lesions: int
    found: int

    @property
    def sensitivity(self) -> float | None:
        """Share found."""
        return None if self.lesions == 0 else self.found / self.lesions


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
    components = component_voxels(np.asarray(prediction, dtype=bool))
    touched: dict[int, list[NDArray[np.intp]]] = {}
    false_positives, false_voxels = 0, 0
    for voxels in components:
        where = tuple(voxels.T)
        hit = np.unique(reference_ids[where])
        for number in hit[hit > 0]:
            touched.setdefault(int(number), []).append(voxels)
        if not (hit > 0).any() and not unscored[where].any():
            false_positives += 1
            false_voxels += len(voxels)
    lesions = tuple(
        _score(
            number,
            voxels,
            touched.get(number, []),
            reference_ids,
            unscored,
            voxel_mm3,
            minimum_overlap,
        )
        for number, voxels in _voxels_by_id(reference_ids).items()
    )
    return DetectionCase(lesions, false_positives, false_voxels * voxel_mm3)


def lesion_sensitivity(cases: Iterable[DetectionCase], minimum_mm3: float = 0.0) -> float | None:
    """Share of all lesions of at least a volume that were found; None if there are none."""
    found = [
        lesion.found
        for case in cases
        for lesion in case.lesions
        if lesion.volume_mm3 >= minimum_mm3
    ]
    return sum(found) / len(found) if found else None


def sensitivity_by_size(
    cases: Sequence[DetectionCase], edges_mm3: Sequence[float] = SIZE_BINS_MM3
) -> tuple[SizeBin, ...]:
    """Sensitivity in bins of reference volume."""
    lesions = [lesion for case in cases for lesion in case.lesions]
    bins = []
    for low, high in pairwise(edges_mm3):
        found = [lesion.found for lesion in lesions if low <= lesion.volume_mm3 < high]
        bins.append(SizeBin(low, high, len(found), sum(found)))
    return tuple(bins)


def false_positives_per_case(cases: Sequence[DetectionCase]) -> float | None:
    """Mean number of false positives; None without cases."""
    return sum(case.false_positives for case in cases) / len(cases) if cases else None


def mean_lesion_dice(case: DetectionCase, minimum_mm3: float = DICE_FROM_MM3) -> float | None:
    """Mean Dice of a case's lesions of at least a volume, missed ones as 0; None without any."""
    scores = [lesion.dice for lesion in case.lesions if lesion.volume_mm3 >= minimum_mm3]
    return sum(scores) / len(scores) if scores else None


def _voxels_by_id(ids: Array) -> dict[int, NDArray[np.intp]]:
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
    touching: Sequence[NDArray[np.intp]],
    reference_ids: Array,
    unscored: Array,
    voxel_mm3: float,
    minimum_overlap: float,
) -> LesionScore:
    """Score one reference lesion against the components that overlap it."""
    volume = len(voxels) * voxel_mm3
    if not touching:
        return LesionScore(number, volume, found=False, dice=0.0)
    predicted = np.concatenate(touching)
    ids = reference_ids[tuple(predicted.T)]
    own = ids == number
    counted = own | ((ids == 0) & ~unscored[tuple(predicted.T)])
    overlap = int(own.sum())
    return LesionScore(
        number,
        volume,
        found=overlap >= max(1.0, minimum_overlap * len(voxels)),
        dice=2.0 * overlap / (int(counted.sum()) + len(voxels)),
    )
