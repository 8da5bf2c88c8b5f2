"""Calibration of the probabilities of predicted lesions: ECE with its null floor, Brier, bins.

The expected calibration error is biased upwards: chance alone gives a perfectly calibrated
predictor of 100 lesions about 0.09 in 15 bins. It is therefore read against what a perfectly
calibrated predictor of the same probabilities would score. Bins hold equal numbers and never split
equal probabilities, as the order within a tie means nothing. Without lesions there is no error,
which is None and not 0.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import (
    LEAST_PATIENTS,
    LEVEL,
    Interval,
    bootstrap_ratio,
    patient_draws,
)
from calciscope.evaluation.record_figures import Calibration, CalibrationBin

BINS = 10
RESAMPLES = 500
WILSON_Z = 1.959964

Numbers = NDArray[np.float64]


def equal_mass_edges(probabilities: Numbers, bins: int = BINS) -> NDArray[np.intp]:
    """Where sorted probabilities are cut into bins of about equal number, ties kept together.

    Args:
        probabilities: sorted, shape (n,).
        bins: at most this many.

    Returns:
        Rising indices from 0 to n; bin b holds those from edges[b] to edges[b + 1] - 1.
    """
    count = len(probabilities)
    wanted = np.round(np.linspace(0, count, min(bins, count) + 1)).astype(int)[1:-1]
    # A cut inside a tie moves to its end.
    cuts = np.searchsorted(probabilities, probabilities[wanted - 1], side="right")
    return np.unique(np.concatenate([[0], cuts, [count]])).astype(np.intp)


def expected_calibration_error(
    probabilities: Numbers, outcomes: Numbers, bins: int = BINS
) -> float | None:
    """Mean |promised - observed| over equal-mass bins, weighted by their number; None if empty.

    Args:
        probabilities: shape (n,), any order.
        outcomes: 1 where it was a lesion, else 0; shape (n,).
        bins: at most this many.
    """
    if len(probabilities) == 0:
        return None
    order = np.argsort(probabilities, kind="stable")
    promised, happened = probabilities[order], outcomes[order]
    edges = equal_mass_edges(promised, bins)
    gaps = np.add.reduceat(promised - happened, edges[:-1])
    return float(np.abs(gaps).sum() / len(promised))


def null_floor(probabilities: Numbers, seed: int = 0) -> tuple[float, float] | None:
    """Median and 95th percentile of the ECE of a perfectly calibrated predictor; None if empty."""
    if len(probabilities) == 0:
        return None
    generator = np.random.default_rng(seed)
    promised = np.sort(probabilities)
    edges = equal_mass_edges(promised)[:-1]
    happened = generator.random((RESAMPLES, len(promised))) < promised
    gaps = np.add.reduceat(promised - happened, edges, axis=1)
    errors = np.abs(gaps).sum(axis=1) / len(promised)
    return float(np.median(errors)), float(np.percentile(errors, 100 * LEVEL))


def measure_calibration(
    probabilities: Sequence[float],
    outcomes: Sequence[bool],
    patients: Sequence[str],
    seed: int = 0,
) -> Calibration:
    """Calibration of predicted lesions; intervals by drawing patients.

    Args:
        probabilities: of each predicted lesion.
        outcomes: whether it touches a reference lesion.
        patients: whose it is.
        seed: of the resampling.
    """
    promised = np.asarray(probabilities, dtype=np.float64)
    happened = np.asarray(outcomes, dtype=np.float64)
    groups: dict[str, list[int]] = {}
    for index, patient in enumerate(patients):
        groups.setdefault(patient, []).append(index)
    members = [np.array(group) for group in groups.values()]
    squares = [float(((promised[m] - happened[m]) ** 2).sum()) for m in members]
    floor = null_floor(promised, seed)
    return Calibration(
        count=len(promised),
        ece=_error(promised, happened, members, seed),
        ece_null_median=floor and floor[0],
        ece_null_95=floor and floor[1],
        brier=bootstrap_ratio(squares, [float(len(m)) for m in members], seed),
        bins=_bins(promised, happened),
    )


def _error(
    promised: Numbers, happened: Numbers, members: Sequence[NDArray[np.intp]], seed: int
) -> Interval:
    value = expected_calibration_error(promised, happened)
    if value is None:
        return Interval(None, None, None, 0)
    if len(members) < LEAST_PATIENTS:
        return Interval(value, None, None, len(members))
    errors = []
    for drawn in patient_draws(len(members), seed, RESAMPLES):
        chosen = np.concatenate([members[index] for index in drawn])
        errors.append(expected_calibration_error(promised[chosen], happened[chosen]) or 0.0)
    low, high = np.percentile(errors, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(value, float(low), float(high), len(members))


def _bins(promised: Numbers, happened: Numbers) -> tuple[CalibrationBin, ...]:
    if len(promised) == 0:
        return ()
    order = np.argsort(promised, kind="stable")
    promised, happened = promised[order], happened[order]
    edges = equal_mass_edges(promised)
    rows = []
    for start, stop in pairwise(edges.tolist()):
        share = float(happened[start:stop].mean())
        low, high = wilson_interval(share, stop - start)
        rows.append(
            CalibrationBin(
                float(promised[start]),
                float(promised[stop - 1]),
                float(promised[start:stop].mean()),
                share,
                low,
                high,
                stop - start,
            )
        )
    return tuple(rows)


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share of independent trials (Wilson 1927)."""
    square = WILSON_Z**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    half = float(WILSON_Z * spread / (1 + square / count))
    return max(middle - half, 0.0), min(middle + half, 1.0)
