"""What training crops are centered on: labels, lesions by size and contrast, and hard places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import Label
from calciscope_train.cases import LESIONS
from calciscope_train.lesion_table import LesionTable

HARD = ("hard_false_positive", "hard_miss")
"""Names of the kinds 0 and 1 in hard.npy."""

CENTERS = {
    LESIONS: "calcification",
    **{str(int(label)): label.name.lower() for label in Label if label is not Label.CALCIFICATION},
    HARD[0]: HARD[0],
    HARD[1]: HARD[1],
}
"""Each thing that a crop can be centered on: its key, and its name in the log."""

SIZES_MM3 = (10.0, 50.0, 500.0)
"""Limits between tiny, small, medium and large lesions."""


@dataclass(frozen=True)
class LesionMix:
    """Which lesions the crops of calcification are centered on, as relative weights.

    A size or contrast that no case has gives its share to the others.

    Attributes:
        tiny: below 10 mm3.
        small: 10 to 50 mm3.
        medium: 50 to 500 mm3.
        large: 500 mm3 and above.
        faint: share of faint lesions among those of one size.
        faint_hu: a lesion whose mean lies less than this above its surroundings is faint.
        by_kind: every kind of the generator as often as the next, however rare it is made.

    Raises:
        ValueError: a weight is negative, or the share of faint ones is not within 0 to 1.
    """

    tiny: float = 0.15
    small: float = 0.4
    medium: float = 0.3
    large: float = 0.15
    faint: float = 0.5
    faint_hu: float = 150.0
    by_kind: bool = True

    def __post_init__(self) -> None:
        if min(self.by_size()) < 0 or not 0 <= self.faint <= 1:
            raise ValueError(f"weights of lesions must be positive, faint within 0 to 1: {self}")

    def by_size(self) -> tuple[float, ...]:
        """Weights, smallest lesions first."""
        return self.tiny, self.small, self.medium, self.large

    def probabilities(
        self, table: LesionTable, case_weights: Sequence[float]
    ) -> NDArray[np.float64]:
        """Probability of each lesion of a table; size first, then contrast, kind, case, lesion.

        Args:
            table: n lesions of any number of cases.
            case_weights: relative weight of each case.

        Returns:
            shape (n,), with sum 1; all 0 where no lesion may be drawn.
        """
        size = np.digitize(table.volume_mm3, SIZES_MM3)
        faint = (table.contrast_hu < self.faint_hu).astype(np.int64)
        kind = table.kind if self.by_kind else np.zeros_like(table.kind)
        share = np.asarray(case_weights, dtype=np.float64)[table.case]
        drawn = share > 0
        weights = (
            np.asarray(self.by_size())[size],
            np.where(faint, self.faint, 1.0 - self.faint),
            np.ones(len(share)),
            share,
            np.ones(len(share)),
        )
        for weight in weights[:2]:
            drawn &= weight > 0
        result = drawn.astype(np.float64)
        group = np.zeros(len(share), dtype=np.int64)
        levels = (size, faint, kind, table.case, np.arange(len(share)))
        for level, weight in zip(levels, weights, strict=True):
            result, group = _divided(result, group, level, weight, drawn)
        return result


def _divided(
    result: NDArray[np.float64],
    group: NDArray[np.int64],
    level: NDArray[np.int64],
    weight: NDArray[np.float64],
    drawn: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Divide the probability of each group among the values of a level, by their weights."""
    _, inner = np.unique(np.stack([group, level]), axis=1, return_inverse=True)
    inner = inner.ravel()
    first = np.zeros(len(group), dtype=bool)
    where = np.flatnonzero(drawn)
    first[where[np.unique(inner[drawn], return_index=True)[1]]] = True
    # The weight of a value counts once in its group, however many lesions share the value.
    total = np.bincount(group, weights=weight * first, minlength=int(group.max(initial=0)) + 1)
    share = np.divide(weight, total[group], out=np.zeros_like(weight), where=total[group] > 0)
    return result * share, inner


@dataclass(frozen=True)
class CropMix:
    """What crops are centered on, as relative weights.

    Attributes:
        calcification: a lesion, each of a case as likely as the next, however small.
        vascular: a voxel of vascular calcification.
        foreign: a voxel of metal, foreign body or contrast.
        bone: a voxel of bone.
        soft: a voxel of subcutis or muscle.
        background: a voxel of air, table or anything without a name.
        lesions: how lesions are drawn; null draws them without regard to size and contrast.
        hard_share: share of all crops that show a place where a model failed, where cases have
            any (hard.npy, written by `calciscope-train mine`).
        hard_misses: share of misses among those; the others are false positives.

    Raises:
        ValueError: a share is not within 0 to 1.
    """

    calcification: float = 0.5
    vascular: float = 0.1
    foreign: float = 0.1
    bone: float = 0.12
    soft: float = 0.1
    background: float = 0.08
    lesions: LesionMix | None = None
    hard_share: float = 0.2
    hard_misses: float = 0.4

    def __post_init__(self) -> None:
        if not (0 <= self.hard_share <= 1 and 0 <= self.hard_misses <= 1):
            raise ValueError(f"hard_share and hard_misses must be within 0 to 1: {self}")

    def weights(self) -> dict[str, float]:
        """Weight of each key of centers.npz; they sum to anything."""
        return {
            LESIONS: self.calcification,
            _key(Label.VASCULAR): self.vascular,
            _key(Label.FOREIGN): self.foreign,
            _key(Label.BONE): self.bone,
            _key(Label.SUBCUTANEOUS): self.soft / 2,
            _key(Label.MUSCLE): self.soft / 2,
            _key(Label.BACKGROUND): self.background,
        }

    def hard_weights(self) -> dict[str, float]:
        """Share of the hard crops of each kind."""
        return {HARD[0]: 1.0 - self.hard_misses, HARD[1]: self.hard_misses}


def _key(label: Label) -> str:
    return str(int(label))
