"""Agreement of a burden with its reference: Bland-Altman, ICC(2,1), relative errors.

A rank correlation alone hides a bias and wide limits; it is given beside them, never instead.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import (
    LEAST_PATIENTS,
    LEVEL,
    RESAMPLES,
    Interval,
    bootstrap_ratio,
    patient_draws,
)
from calciscope.evaluation.record_figures import Agreement, AgreementPoint

LIMITS_SD = 1.96
LIMITS_RESAMPLES = RESAMPLES // 2
LEAST_POINTS = 3
"""Fewer cases have no standard deviation or ICC worth the name."""

Pairs = NDArray[np.float64]
"""Reference and prediction, shape (n, 2)."""


def icc_2_1(ratings: Pairs) -> float | None:
    """ICC(2,1): two-way random effects, absolute agreement, single rater (Shrout & Fleiss 1979).

    Args:
        ratings: shape (targets, raters).

    Returns:
        At most 1; None where there are fewer than 2 targets or nothing varies.
    """
    targets, raters = ratings.shape
    if targets < 2:
        return None
    mean = ratings.mean()
    rows = raters * float(((ratings.mean(axis=1) - mean) ** 2).sum()) / (targets - 1)
    columns = targets * float(((ratings.mean(axis=0) - mean) ** 2).sum()) / (raters - 1)
    total = float(((ratings - mean) ** 2).sum())
    left = total - rows * (targets - 1) - columns * (raters - 1)
    error = max(left, 0.0) / ((targets - 1) * (raters - 1))
    below = rows + (raters - 1) * error + raters * (columns - error) / targets
    return None if below <= 1e-12 * max(total, 1e-300) else (rows - error) / below


def measure_agreement(
    quantity: str, unit: str, points: Sequence[AgreementPoint], seed: int = 0
) -> Agreement:
    """All figures of agreement over cases; intervals by drawing patients.

    Args:
        quantity: "volume" or "HA mass".
        unit: of the points.
        points: one per case.
        seed: of the resampling.
    """
    by_patient: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        by_patient.setdefault(point.patient, []).append((point.reference, point.predicted))
    groups = [np.array(group, dtype=np.float64) for group in by_patient.values()]
    pairs = np.concatenate(groups) if groups else np.zeros((0, 2))
    enough = len(pairs) >= LEAST_POINTS
    differences = pairs[:, 1] - pairs[:, 0]
    sd = float(differences.std(ddof=1)) if enough else None
    relative = differences[pairs[:, 0] > 0] / pairs[pairs[:, 0] > 0, 0]
    lower, upper, icc = _resampled(groups, seed) if enough else (_nothing(groups),) * 3
    quartiles = np.percentile(relative, [25, 75]) if len(relative) else None
    return Agreement(
        quantity=quantity,
        unit=unit,
        points=tuple(points),
        bias=bootstrap_ratio(
            [float((group[:, 1] - group[:, 0]).sum()) for group in groups],
            [float(len(group)) for group in groups],
            seed,
        ),
        sd=sd,
        lower_limit=lower,
        upper_limit=upper,
        icc=icc,
        spearman=_spearman(pairs) if enough else None,
        median_relative_error=float(np.median(relative)) if len(relative) else None,
        median_absolute_relative_error=(
            float(np.median(np.abs(relative))) if len(relative) else None
        ),
        relative_quartiles=None
        if quartiles is None
        else (float(quartiles[0]), float(quartiles[1])),
    )


def _limits(pairs: Pairs) -> tuple[float, float]:
    """The 95 % limits of agreement (Bland & Altman 1986)."""
    differences = pairs[:, 1] - pairs[:, 0]
    width = LIMITS_SD * float(differences.std(ddof=1))
    return float(differences.mean()) - width, float(differences.mean()) + width


def _resampled(groups: Sequence[Pairs], seed: int) -> tuple[Interval, Interval, Interval]:
    """Lower limit, upper limit and ICC with intervals."""
    pairs = np.concatenate(groups)
    limits: list[tuple[float, float]] = []
    iccs: list[float] = []
    for drawn in patient_draws(len(groups), seed, LIMITS_RESAMPLES):
        sample = np.concatenate([groups[index] for index in drawn])
        if len(sample) < LEAST_POINTS:
            continue
        limits.append(_limits(sample))
        icc = icc_2_1(sample)
        if icc is not None:
            iccs.append(icc)
    low, high = _limits(pairs)
    lows, highs = [a for a, _ in limits], [b for _, b in limits]
    return (
        _interval(low, lows, len(groups)),
        _interval(high, highs, len(groups)),
        _interval(icc_2_1(pairs), iccs, len(groups)),
    )


def _interval(value: float | None, resampled: Sequence[float], patients: int) -> Interval:
    if value is None or not resampled or patients < LEAST_PATIENTS:
        return Interval(value, None, None, patients)
    low, high = np.percentile(resampled, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(value, float(low), float(high), patients)


def _nothing(groups: Sequence[Pairs]) -> Interval:
    return Interval(None, None, None, len(groups))


def _spearman(pairs: Pairs) -> float | None:
    """Rank correlation; None where one side does not vary."""
    if np.ptp(pairs[:, 0]) == 0 or np.ptp(pairs[:, 1]) == 0:
        return None
    # Imported here: it takes longer than all the rest.
    from scipy import stats

    return float(stats.spearmanr(pairs[:, 0], pairs[:, 1]).statistic)
