"""Confidence intervals by resampling patients: lesions of one patient are not independent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95

LEAST_PATIENTS = 2
"""Patients with something to measure that an interval needs."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its percentile bootstrap interval; None where nothing was measured.

    Attributes:
        value: the estimate from all patients.
        low, high: ends of the interval; None with fewer than `LEAST_PATIENTS` that have something
            to measure: one patient drawn again and again says nothing of others.
        patients: how many it rests on.
    """

    value: float | None
    low: float | None
    high: float | None
    patients: int


def bootstrap_mean(
    values: Sequence[float | None], seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval:
    """Mean over patients with its interval.

    Args:
        values: one per patient; None (nothing to measure in that patient) is left out.
        seed: of the resampling.
        resamples: how often patients are drawn anew.
        level: of the interval.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    return bootstrap_ratio(list(known), [1.0] * len(known), seed, resamples, level)


def bootstrap_ratio(
    numerators: Sequence[float],
    denominators: Sequence[float],
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """A ratio of sums over patients (lesions found / lesions) with its interval.

    Args:
        numerators, denominators: one each per patient; a patient whose denominator is 0 counts
            with its numerator. Resamples whose denominators sum to 0 are left out.
        seed, resamples, level: as in `bootstrap_mean`.

    Raises:
        ValueError: the sequences differ in length.
    """
    above, below = _sums(numerators, denominators)
    if len(above) == 0 or below.sum() == 0:
        return Interval(None, None, None, len(above))
    value = float(above.sum() / below.sum())
    if np.count_nonzero(below) < LEAST_PATIENTS:
        return Interval(value, None, None, len(above))
    drawn = patient_draws(len(above), seed, resamples)
    ratios = _ratios(above[drawn].sum(axis=1), below[drawn].sum(axis=1))
    low, high = np.percentile(ratios, [50 * (1 - level), 50 * (1 + level)])
    return Interval(value, float(low), float(high), len(above))


def bootstrap_difference(
    first: tuple[Sequence[float], Sequence[float]],
    second: tuple[Sequence[float], Sequence[float]],
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """The difference of two ratios of sums, with the same patients drawn for both.

    Args:
        first, second: numerators and denominators, one each per patient, patients in one order.
        seed, resamples, level: as in `bootstrap_mean`.

    Raises:
        ValueError: the sequences differ in length.
    """
    (above, below), (other_above, other_below) = _sums(*first), _sums(*second)
    count = len(above)
    if count != len(other_above):
        raise ValueError(f"{count} patients and {len(other_above)} patients are no pairs")
    if count == 0 or below.sum() == 0 or other_below.sum() == 0:
        return Interval(None, None, None, count)
    value = float(above.sum() / below.sum() - other_above.sum() / other_below.sum())
    if min(np.count_nonzero(below), np.count_nonzero(other_below)) < LEAST_PATIENTS:
        return Interval(value, None, None, count)
    drawn = patient_draws(count, seed, resamples)
    tops = above[drawn].sum(axis=1), other_above[drawn].sum(axis=1)
    bottoms = below[drawn].sum(axis=1), other_below[drawn].sum(axis=1)
    known = (bottoms[0] != 0) & (bottoms[1] != 0)
    differences = tops[0][known] / bottoms[0][known] - tops[1][known] / bottoms[1][known]
    if len(differences) == 0:
        return Interval(value, None, None, count)
    low, high = np.percentile(differences, [50 * (1 - level), 50 * (1 + level)])
    return Interval(value, float(low), float(high), count)


@lru_cache(maxsize=32)
def patient_draws(patients: int, seed: int = 0, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    """Numbers of the patients of each resample, shape (resamples, patients); not to be written."""
    draws = np.random.default_rng(seed).integers(0, patients, (resamples, patients))
    draws.flags.writeable = False
    return draws


def _sums(
    numerators: Sequence[float], denominators: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(numerators) != len(denominators):
        raise ValueError(f"{len(numerators)} numerators and {len(denominators)} denominators")
    return np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)


def _ratios(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    known = below != 0
    return np.asarray(above[known] / below[known])
