"""Detection rates over many cases: sensitivity by size, false positives, lesion Dice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from calciscope.evaluation.matching import DetectionCase, LesionScore, match_lesions

__all__ = [
    "DICE_FROM_MM3",
    "SIZE_BINS_MM3",
    "DetectionCase",
    "LesionScore",
    "SizeBin",
    "false_positives_per_case",
    "lesion_sensitivity",
    "match_lesions",
    "mean_lesion_dice",
    "sensitivity_by_size",
]

DICE_FROM_MM3 = 30.0
"""Reference lesions of at least this volume have their Dice reported."""

SIZE_BINS_MM3 = (0.0, 5.0, 15.0, 30.0, 100.0, 300.0, float("inf"))
"""Edges of the size bins of lesion sensitivity."""


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
