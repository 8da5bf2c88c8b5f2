"""How well probabilities rank hot spots: AUC of each compartment against all others, and the mean.

Hot spots carry weights, one row of weights a resample, so that a bootstrap is one computation.
"""

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.spect.confusion import CLASSES, Indices, Numbers
from calciscope.evaluation.spect.resampling import patient_weights, percentile_interval

RESAMPLES = 500


def weighted_auc(scores: Numbers, positive: NDArray[np.bool_], weights: Numbers) -> Numbers:
    """Probability that a positive outranks a negative; equal scores count half.

    Args:
        scores: shape (n,).
        positive: shape (n,).
        weights: how often each hot spot counts, shape (..., n).

    Returns:
        Shape (...); NaN where there is no positive or no negative.
    """
    if len(scores) == 0:
        return np.full(weights.shape[:-1], np.nan)
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(ranked) > 0]))
    above = np.add.reduceat(np.where(positive, weights, 0.0)[..., order], starts, axis=-1)
    below = np.add.reduceat(np.where(positive, 0.0, weights)[..., order], starts, axis=-1)
    outranked = np.cumsum(below, axis=-1) - below
    wins = (above * (outranked + below / 2)).sum(axis=-1)
    pairs = above.sum(axis=-1) * below.sum(axis=-1)
    empty = np.full(np.shape(pairs), np.nan)
    return np.asarray(np.divide(wins, pairs, out=empty, where=pairs > 0))


def measure_auc(
    truth: Indices, probabilities: Numbers, patients: Indices, count: int, seed: int = 0
) -> tuple[tuple[Interval, ...], Interval]:
    """AUC of each compartment against the rest and their mean, with intervals over patients.

    Args:
        truth: index of the true compartment, shape (n,).
        probabilities: shape (n, 11).
        patients: number of the patient of each hot spot, 0 to count - 1.
        count: of patients.
        seed: of the resampling.

    Returns:
        One a compartment, in output order, without a value where it is true nowhere or everywhere;
        and the mean over those that have one (in each resample over those that have one there).
    """
    if len(truth) == 0:
        return (Interval(None, None, None, 0),) * CLASSES, Interval(None, None, None, 0)
    weights = patient_weights(count, seed, RESAMPLES)[:, patients]
    single = np.ones(len(truth))
    values, drawn, there = [], [], []
    for index in range(CLASSES):
        positive = truth == index
        scores = probabilities[:, index]
        values.append(float(weighted_auc(scores, positive, single)))
        drawn.append(weighted_auc(scores, positive, weights))
        there.append(len(np.unique(patients[positive])))
    each = tuple(percentile_interval(*row) for row in zip(values, drawn, there, strict=True))
    table = np.stack(drawn)
    known = ~np.isnan(table)
    sums, counts = np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0)
    means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    mean = float(np.mean([v for v in values if not np.isnan(v)] or [np.nan]))
    return each, percentile_interval(mean, means, len(np.unique(patients)))
