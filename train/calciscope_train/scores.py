"""Scores of validation crops: pure counting, pooled by label, by case and by lesion size.

These steer training. What is reported of a model comes from whole cases, elsewhere.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import cc3d
import numpy as np
import torch
from numpy.typing import NDArray

from calciscope.labels import IGNORE, Label

SIZE_BINS_MM3 = (("8_30", 8.0, 30.0), ("30_100", 30.0, 100.0), ("100_up", 100.0, np.inf))
"""Name, smallest and largest volume of the lesions of a bin."""

SMALLEST_FALSE_MM3 = 10.0
"""A predicted component below this is not counted as a false positive."""

LabelMap = NDArray[np.uint8]


@dataclass
class CropScores:
    """Counts over crops; `summary` turns them into figures.

    Attributes:
        overlap: per label, voxels that are this label in both maps.
        total: per label, voxels that are this label in the reference plus those in the prediction.
        cases: per case, overlap and total of calcification.
        found: per size bin, lesions touched by the prediction.
        lesions: per size bin, lesions in the reference.
        false_positives: predicted components that touch no calcification.
        crops: number of crops.
    """

    overlap: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(Label), np.int64))
    total: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(Label), np.int64))
    cases: dict[int, tuple[int, int]] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    lesions: dict[str, int] = field(default_factory=dict)
    false_positives: int = 0
    crops: int = 0

    def add(
        self, prediction: LabelMap, reference: LabelMap, case: int, voxel_volume_mm3: float
    ) -> None:
        """Count one crop; both maps have shape (X, Y, Z), 255 in the reference is left out."""
        known = reference != IGNORE
        for label in Label:
            p = (prediction == label) & known
            r = reference == label
            self.overlap[label] += np.count_nonzero(p & r)
            self.total[label] += np.count_nonzero(p) + np.count_nonzero(r)
            if label is Label.CALCIFICATION:
                both, either = self.cases.get(case, (0, 0))
                both += int(np.count_nonzero(p & r))
                either += int(np.count_nonzero(p) + np.count_nonzero(r))
                self.cases[case] = (both, either)
        self._count_lesions(prediction, reference, voxel_volume_mm3)
        self.crops += 1

    def _count_lesions(
        self, prediction: LabelMap, reference: LabelMap, voxel_volume_mm3: float
    ) -> None:
        predicted = prediction == Label.CALCIFICATION
        calcified = reference == Label.CALCIFICATION
        volumes, touched = _components(calcified, predicted)
        for name, low, high in SIZE_BINS_MM3:
            inside = (volumes * voxel_volume_mm3 >= low) & (volumes * voxel_volume_mm3 < high)
            self.lesions[name] = self.lesions.get(name, 0) + int(inside.sum())
            self.found[name] = self.found.get(name, 0) + int((inside & touched).sum())
        volumes, excused = _components(predicted, calcified | (reference == IGNORE))
        large = volumes * voxel_volume_mm3 >= SMALLEST_FALSE_MM3
        self.false_positives += int((large & ~excused).sum())

    def added(self, other: "CropScores") -> "CropScores":
        """The counts of both together."""
        cases = dict(self.cases)
        for case, (both, total) in other.cases.items():
            before = cases.get(case, (0, 0))
            cases[case] = (before[0] + both, before[1] + total)
        return CropScores(
            self.overlap + other.overlap,
            self.total + other.total,
            cases,
            dict(Counter(self.found) + Counter(other.found)),
            dict(Counter(self.lesions) + Counter(other.lesions)),
            self.false_positives + other.false_positives,
            self.crops + other.crops,
        )

    def summary(self) -> dict[str, float]:
        """Figures by name; one whose denominator is empty is left out."""
        figures = {
            f"dice/{label.name.lower()}": 2.0 * self.overlap[label] / self.total[label]
            for label in Label
            if self.total[label] > 0
        }
        by_case = [2.0 * both / total for both, total in self.cases.values() if total > 0]
        if by_case:
            figures["dice/calcification_by_case"] = float(np.mean(by_case))
        for name, count in self.lesions.items():
            if count:
                figures[f"recall/{name}_mm3"] = self.found.get(name, 0) / count
        if self.crops:
            figures["false_positives_per_crop"] = self.false_positives / self.crops
        return {name: float(value) for name, value in figures.items()}


def gathered(scores: CropScores, processes: int) -> CropScores:
    """The counts of all processes of a run together; the same in each of them."""
    if processes == 1:
        return scores
    parts: list[Any] = [None] * processes
    torch.distributed.all_gather_object(parts, scores)
    together: CropScores = reduce(CropScores.added, parts)
    return together


def _components(
    mask: NDArray[np.bool_], other: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Voxels of each 26-connected component of a mask, and whether it touches the other mask."""
    ids, count = cc3d.connected_components(mask, return_N=True)
    voxels = np.bincount(ids.ravel(), minlength=count + 1)[1:]
    touched = np.bincount(ids[other].ravel(), minlength=count + 1)[1:] > 0
    return voxels, touched
