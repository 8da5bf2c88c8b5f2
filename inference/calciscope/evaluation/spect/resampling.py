"""Intervals of any statistic of hot spots, by drawing patients; hot spots of one are not apart."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import (
    LEAST_PATIENTS,
    LEVEL,
    RESAMPLES,
    Interval,
    patient_draws,
)
from calciscope.evaluation.spect.confusion import Counts, Numbers

Statistic = Callable[[NDArray[np.number]], Numbers]
"""Takes matrices of shape (..., 11, 12), gives numbers of shape (...)."""


@lru_cache(maxsize=8)
def patient_weights(patients: int, seed: int = 0, resamples: int = RESAMPLES) -> Numbers:
    """How often each patient is drawn, shape (resamples, patients); not to be written."""
    draws = patient_draws(patients, seed, resamples)
    cells = draws + patients * np.arange(resamples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=resamples * patients)
    weights = counts.reshape(resamples, patients).astype(np.float64)
    weights.flags.writeable = False
    return weights


def percentile_interval(value: float, drawn: Numbers, patients: int) -> Interval:
    """A value with the interval of its resamples.

    Args:
        value: from all patients; NaN where nothing was measured.
        drawn: the statistic of each resample; NaN (nothing to measure in it) is left out.
        patients: that have something to measure; fewer than `LEAST_PATIENTS` give no interval.
    """
    if np.isnan(value):
        return Interval(None, None, None, patients)
    known = drawn[~np.isnan(drawn)]
    if patients < LEAST_PATIENTS or len(known) == 0:
        return Interval(float(value), None, None, patients)
    low, high = np.percentile(known, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(value), float(low), float(high), patients)


def measure(statistic: Statistic, matrices: Counts, seed: int = 0) -> Interval:
    """A statistic of all patients' counts with its interval.

    Args:
        statistic: such as `confusion.macro_f1`.
        matrices: one for each patient, shape (patients, 11, 12).
        seed: of the resampling.
    """
    value = float(statistic(matrices.sum(axis=0)))
    drawn = statistic(_resampled(matrices, seed))
    return percentile_interval(value, drawn, _with_something(statistic, matrices))


def measure_difference(
    statistic: Statistic, first: Counts, second: Counts, seed: int = 0
) -> Interval:
    """Difference first - second, the same patients drawn for both.

    Raises:
        ValueError: the patients are not the same number.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} patients and {len(second)} patients are no pairs")
    value = float(statistic(first.sum(axis=0)) - statistic(second.sum(axis=0)))
    drawn = statistic(_resampled(first, seed)) - statistic(_resampled(second, seed))
    return percentile_interval(value, drawn, _with_something(statistic, first))


def _resampled(matrices: Counts, seed: int) -> Numbers:
    """Sums over each drawing of patients, shape (resamples, 11, 12)."""
    weights = patient_weights(len(matrices), seed) if len(matrices) else np.zeros((1, 0))
    return np.asarray(np.tensordot(weights, matrices.astype(np.float64), axes=1))


def _with_something(statistic: Statistic, matrices: Counts) -> int:
    """Patients for whom the statistic exists."""
    return int((~np.isnan(statistic(matrices))).sum()) if len(matrices) else 0
