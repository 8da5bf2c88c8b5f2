"""The hot spots of many cases as arrays: what all figures of classification are made from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.spect.confusion import (
    CLASSES,
    NO_ANSWER,
    Counts,
    Indices,
    Numbers,
    patient_matrices,
)
from calciscope.evaluation.spect.rows import HotSpotRow, SpectCaseResult
from calciscope.labels import HOT_SPOT_COMPARTMENTS

Chosen = Callable[[HotSpotRow], bool]


def is_judged(row: HotSpotRow) -> bool:
    """Whether a hot spot has a compartment to be right about."""
    return row.truth is not None and not row.false


@dataclass(frozen=True, eq=False)
class Sample:
    """Hot spots with truth and answer.

    Attributes:
        truth: index of the true compartment, shape (n,).
        probabilities: shape (n, 11); all alike where there is no answer.
        patients: number of the case of each hot spot, 0 to count - 1.
        count: of cases, those without a hot spot included.
    """

    truth: Indices
    probabilities: Numbers
    patients: Indices
    count: int

    @cached_property
    def predicted(self) -> Indices:
        """Index of the likeliest compartment, `NO_ANSWER` where all are alike."""
        highest, lowest = self.certainty, self.probabilities.min(axis=1, initial=1.0)
        return np.where(highest > lowest, self.probabilities.argmax(axis=1), NO_ANSWER)

    @property
    def certainty(self) -> Numbers:
        """Largest probability, shape (n,)."""
        return np.asarray(self.probabilities.max(axis=1, initial=0.0))

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether the likeliest compartment is not the true one, shape (n,)."""
        return np.asarray(self.predicted != self.truth)

    @cached_property
    def matrices(self) -> Counts:
        """Confusion of each case, shape (count, 11, 12)."""
        return patient_matrices(self.truth, self.predicted, self.patients, self.count)

    def brier(self) -> Numbers:
        """Squared distance of the probabilities from the truth, 0 to 2; shape (n,)."""
        return np.asarray(((self.probabilities - np.eye(CLASSES)[self.truth]) ** 2).sum(axis=1))


def sample_of(
    results: Sequence[SpectCaseResult], condition: str, chosen: Chosen = is_judged
) -> Sample:
    """Gather the hot spots of some cases under one condition.

    Args:
        results: all of them answered under it.
        condition: key of `SpectCaseResult.answers`.
        chosen: which hot spots; those without truth never are.
    """
    truth, answers, patients = [], [], []
    for number, result in enumerate(results):
        for row, answer in zip(result.hot_spots, result.answers[condition], strict=True):
            if row.truth is not None and chosen(row):
                truth.append(HOT_SPOT_COMPARTMENTS.index(row.truth))
                answers.append(answer)
                patients.append(number)
    return Sample(
        np.array(truth, dtype=np.int64),
        np.array(answers, dtype=np.float64).reshape(-1, CLASSES),
        np.array(patients, dtype=np.int64),
        len(results),
    )
