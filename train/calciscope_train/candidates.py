"""What may be a lesion on validation cases, as tables: all that calibrating and choosing need.

Each component that the runtime would outline becomes a row with its features, what it hits and what
it adds; with these, any threshold of lesion probability is scored without touching voxels again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.boundaries import drawn_at_half_contrast
from calciscope.ct.lesion_probability import candidates_with_features
from calciscope.ct.masks import component_voxels
from calciscope.ct.settings import MeasurementSettings
from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume

SETTINGS = MeasurementSettings()
MINIMUM_OVERLAP = 0.1
"""Share of a lesion's voxels that must be predicted, as in `evaluation.matching`."""

DICE_FROM_MM3 = 30.0


@dataclass(frozen=True)
class Candidate:
    """A component that a mode may keep or drop.

    Attributes:
        features: see `ct.lesion_probability.FEATURES`.
        volume_mm3: of its voxels.
        overlaps: voxels in each reference lesion that it hits, by id.
        outside: voxels in no lesion and not ignored.
        ignored: whether it touches voxels that are not scored.
    """

    features: Mapping[str, float]
    volume_mm3: float
    overlaps: Mapping[int, int]
    outside: int
    ignored: bool

    @property
    def real(self) -> bool:
        """Whether it touches a reference lesion."""
        return bool(self.overlaps)

    @property
    def scored(self) -> bool:
        """Whether it counts for or against."""
        return self.real or not self.ignored


@dataclass(frozen=True)
class CaseCandidates:
    """One case.

    Attributes:
        patient: whose it is.
        lesions: voxels of each reference lesion, by id.
        voxel_mm3: volume of a voxel.
        candidates: in the order of the runtime.
    """

    patient: str
    lesions: Mapping[int, int]
    voxel_mm3: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Figures:
    """What a threshold reaches.

    Attributes:
        sensitivity: share of the reference lesions found.
        false_positives_per_case, false_positive_mm3_per_case: scored components that hit nothing.
        f1: 2 found / (2 found + missed + false positives).
        dice: mean over lesions of 30 mm3 and more, missed ones as 0.
    """

    sensitivity: float
    false_positives_per_case: float
    false_positive_mm3_per_case: float
    f1: float
    dice: float


def case_candidates(
    ct: Volume,
    labels: NDArray[np.uint8],
    tissue: NDArray[np.uint8],
    probability: NDArray[np.uint8],
    body: NDArray[np.bool_],
    least: int,
    patient: str,
) -> CaseCandidates:
    """Outline what may be mineral in a case, as the runtime does, and note what each piece is.

    Args:
        ct: on the model grid, shape (X, Y, Z).
        labels: the reference, 255 where nothing is scored, same shape.
        tissue, probability, body: see `ct.segmentation.label_model_grid`; calibrated.
        least: smallest value of the probability map that is looked at.
        patient: whose case it is.
    """
    drawn = drawn_at_half_contrast(ct, probability >= least, tissue) & body
    reference_ids, lesions = _reference(labels)
    rows = []
    for voxels, features in candidates_with_features(ct, drawn, tissue, probability, body):
        where = tuple(voxels.T)
        volume = len(voxels) * ct.voxel_volume_mm3
        small = len(voxels) < SETTINGS.minimum_voxels or volume < SETTINGS.minimum_volume_mm3
        if small or float(ct.array[where].max()) < SETTINGS.minimum_peak_hu:
            continue
        ids, ignored = reference_ids[where], labels[where] == IGNORE
        numbers, counts = np.unique(ids[ids > 0], return_counts=True)
        overlaps = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
        outside = int(((ids == 0) & ~ignored).sum())
        rows.append(Candidate(features, volume, overlaps, outside, bool(ignored.any())))
    return CaseCandidates(patient, lesions, ct.voxel_volume_mm3, tuple(rows))


def _reference(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int32], dict[int, int]]:
    """Ids of the 26-connected calcifications, from 1, and the voxels of each."""
    ids = np.zeros(labels.shape, np.int32)
    sizes = {}
    for number, voxels in enumerate(component_voxels(labels == Label.CALCIFICATION), start=1):
        ids[tuple(voxels.T)] = number
        sizes[number] = len(voxels)
    return ids, sizes


def figures_at(
    cases: Sequence[CaseCandidates], probabilities: Sequence[NDArray[np.float64]], least: float
) -> Figures:
    """Score the candidates that are probable enough.

    Args:
        cases: all of them.
        probabilities: of each case's candidates.
        least: smallest probability that is kept.
    """
    found = lesions = false = 0
    false_mm3 = 0.0
    dices: list[float] = []
    for case, probable in zip(cases, probabilities, strict=True):
        kept = [row for row, p in zip(case.candidates, probable, strict=True) if p >= least]
        wrong = [row.volume_mm3 for row in kept if row.scored and not row.real]
        false, false_mm3 = false + len(wrong), false_mm3 + sum(wrong)
        for number, size in case.lesions.items():
            hits = [row for row in kept if number in row.overlaps]
            overlap = sum(row.overlaps[number] for row in hits)
            lesions += 1
            found += overlap >= max(1.0, MINIMUM_OVERLAP * size)
            if size * case.voxel_mm3 >= DICE_FROM_MM3:
                predicted = overlap + sum(row.outside for row in hits)
                dices.append(2.0 * overlap / (predicted + size))
    return Figures(
        found / max(lesions, 1),
        false / max(len(cases), 1),
        false_mm3 / max(len(cases), 1),
        2.0 * found / max(found + lesions + false, 1),
        float(np.mean(dices)) if dices else 0.0,
    )
