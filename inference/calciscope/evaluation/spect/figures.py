"""The main figures of a classifier of hot spots, those of the rule, and their differences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import Interval, bootstrap_ratio
from calciscope.evaluation.record_figures import Figure, PairedDifference
from calciscope.evaluation.spect.confusion import (
    MUSCLE,
    SUBCUTANEOUS,
    accuracy,
    macro_f1,
    muscle_or_subcutis,
)
from calciscope.evaluation.spect.ranking import measure_auc
from calciscope.evaluation.spect.resampling import Statistic, measure, measure_difference
from calciscope.evaluation.spect.rows import HotSpotRow, SpectCaseResult
from calciscope.evaluation.spect.sample import Sample, is_judged, sample_of


@dataclass(frozen=True)
class MatrixFigure:
    """A figure that follows from a confusion matrix."""

    key: str
    text: str
    statistic: Statistic


MATRIX_FIGURES = (
    MatrixFigure("macro_f1", "macro-F1", macro_f1),
    MatrixFigure("muscle_or_subcutis", "muscle versus subcutis, accuracy", muscle_or_subcutis),
    MatrixFigure("accuracy", "accuracy", accuracy),
)


def is_pure(row: HotSpotRow) -> bool:
    """Whether the truth of a hot spot is not mixed itself."""
    return is_judged(row) and not row.mixed


def matrix_figures(sample: Sample, seed: int) -> tuple[Figure, ...]:
    """Those that follow from the confusion alone: all that a rule has."""
    return tuple(
        Figure(rule.key, rule.text, "", True, measure(rule.statistic, sample.matrices, seed))
        for rule in MATRIX_FIGURES
    )


def main_figures(
    results: Sequence[SpectCaseResult], condition: str, seed: int
) -> tuple[Figure, ...]:
    """All main figures of a model under one condition."""
    sample = sample_of(results, condition)
    pure = sample_of(results, condition, is_pure)
    _, auc = measure_auc(sample.truth, sample.probabilities, sample.patients, sample.count, seed)
    return (
        *matrix_figures(sample, seed),
        Figure(
            "macro_f1_pure",
            "macro-F1 where the truth is not mixed",
            "",
            True,
            measure(macro_f1, pure.matrices, seed),
        ),
        Figure(
            "told_apart",
            "muscle and subcutis told apart",
            "",
            True,
            told_apart(sample, seed),
        ),
        Figure("macro_auc", "macro AUC, one against the rest", "", True, auc),
        Figure("brier", "Brier score of all compartments", "", False, _brier(sample, seed)),
    )


def detection_figures(results: Sequence[SpectCaseResult], seed: int) -> tuple[Figure, ...]:
    """Sensitivity of detection and false hot spots; no model takes part in them."""
    found, seen, everything, assessable = [], [], [], []
    for result in results:
        found.append(float(sum(f.found for f in result.foci)))
        everything.append(float(len(result.foci)))
        seen.append(float(sum(f.found for f in result.foci if f.assessable)))
        assessable.append(float(sum(f.assessable for f in result.foci)))
    false = [float(sum(row.false for row in result.hot_spots)) for result in results]
    ones = [1.0] * len(results)
    return (
        Figure(
            "sensitivity_assessable",
            "foci found, of those large enough to be seen",
            "",
            True,
            bootstrap_ratio(seen, assessable, seed),
        ),
        Figure("sensitivity", "foci found", "", True, bootstrap_ratio(found, everything, seed)),
        Figure(
            "false_per_case",
            "false hot spots",
            "per scan",
            False,
            bootstrap_ratio(false, ones, seed),
        ),
    )


def rule_differences(model: Sample, rule: Sample, other: str, seed: int) -> list[PairedDifference]:
    """Model - rule, the same patients drawn for both."""
    rows = []
    for figure in MATRIX_FIGURES:
        one, two = (_value(figure.statistic, each) for each in (model, rule))
        difference = measure_difference(figure.statistic, model.matrices, rule.matrices, seed)
        low, high = difference.low, difference.high
        better = None
        if low is not None and high is not None:
            better = True if low > 0 else False if high < 0 else None
        rows.append(PairedDifference(figure.key, figure.text, other, one, two, difference, better))
    return rows


def _value(statistic: Statistic, sample: Sample) -> float | None:
    value = float(statistic(sample.matrices.sum(axis=0)))
    return None if np.isnan(value) else value


def told_apart(sample: Sample, seed: int) -> Interval:
    """Share of hot spots of muscle and of subcutis whose own of the two is the likelier one."""
    both = np.isin(sample.truth, (MUSCLE, SUBCUTANEOUS))
    truth, patients = sample.truth[both], sample.patients[both]
    likelier = sample.probabilities[both][:, (MUSCLE, SUBCUTANEOUS)].argmax(axis=1)
    right = likelier == (truth == SUBCUTANEOUS)
    sums = np.bincount(patients, right, sample.count)
    counts = np.bincount(patients, minlength=sample.count)
    return bootstrap_ratio(sums.tolist(), counts.astype(float).tolist(), seed)


def _brier(sample: Sample, seed: int) -> Interval:
    return share_by_patient(sample.brier(), sample, seed)


def share_by_patient(values: NDArray[np.number], sample: Sample, seed: int) -> Interval:
    """Mean of a number of each hot spot, with its interval over patients."""
    sums = np.bincount(sample.patients, values, sample.count)
    counts = np.bincount(sample.patients, minlength=sample.count)
    return bootstrap_ratio(sums.tolist(), counts.astype(float).tolist(), seed)
