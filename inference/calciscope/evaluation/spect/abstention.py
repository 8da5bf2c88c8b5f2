"""What it buys to leave doubtful hot spots unanswered: error against the share that is answered.

Hot spots are answered from the most certain on; equal certainty is answered together, so that the
curve does not depend on their order. The area is the mean error over all coverages (El-Yaniv &
Wiener 2010 call the curve risk-coverage; Geifman & El-Yaniv 2017 its area); smaller is better, and
answering in random order gives the error at full coverage.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.spect.confusion import Indices, Numbers
from calciscope.evaluation.spect.resampling import patient_weights, percentile_interval

RESAMPLES = 500
COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Where the curve is read."""


@dataclass(frozen=True)
class CoveragePoint:
    """Error among the answered, where the most certain `coverage` of the hot spots are.

    Attributes:
        threshold: least certainty that is answered.
        error: share of wrong ones among them, with its interval over patients.
    """

    coverage: float
    threshold: float
    error: Interval


@dataclass(frozen=True)
class RiskCoverage:
    """A risk-coverage curve.

    Attributes:
        points: at `COVERAGES`.
        area: mean error over all coverages.
        area_best: what a ranking of the same errors behind all right answers would have.
    """

    points: tuple[CoveragePoint, ...]
    area: Interval
    area_best: float | None


def measure_risk_coverage(
    certainty: Numbers, wrong: NDArray[np.bool_], patients: Indices, count: int, seed: int = 0
) -> RiskCoverage:
    """The curve with intervals over patients.

    Args:
        certainty: such as the largest probability, shape (n,).
        wrong: shape (n,).
        patients: number of the patient of each hot spot, 0 to count - 1.
        count: of patients.
        seed: of the resampling.
    """
    if len(certainty) == 0:
        return RiskCoverage((), Interval(None, None, None, 0), None)
    order = np.argsort(-certainty, kind="stable")
    levels, failed = certainty[order], wrong[order].astype(np.float64)
    ends = _group_ends(levels)
    once = np.ones((1, len(levels)))
    weights = patient_weights(count, seed, RESAMPLES)[:, patients[order]]
    values, area = _curve(once, failed, ends)
    drawn, areas = _curve(weights, failed, ends)
    there = len(np.unique(patients))
    points = tuple(
        CoveragePoint(
            coverage,
            float(levels[min(int(np.ceil(coverage * len(levels) - 1e-9)), len(levels)) - 1]),
            percentile_interval(float(values[0, place]), drawn[:, place], there),
        )
        for place, coverage in enumerate(COVERAGES)
    )
    _, best = _curve(once, np.sort(failed), np.arange(len(failed)))
    return RiskCoverage(points, percentile_interval(float(area[0]), areas, there), float(best[0]))


def _group_ends(levels: Numbers) -> NDArray[np.intp]:
    """For each hot spot, the last one of equal certainty; `levels` fall."""
    return np.asarray(np.searchsorted(-levels, -levels, side="right") - 1)


def _curve(weights: Numbers, failed: Numbers, ends: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
    """Error at `COVERAGES`, shape (resamples, 20), and the area, shape (resamples,)."""
    answered = np.cumsum(weights, axis=1)
    errors = np.cumsum(weights * failed, axis=1)
    risk = errors[:, ends] / np.maximum(answered[:, ends], 1e-12)
    total = answered[:, -1]
    area = (weights * risk).sum(axis=1) / total
    read = np.empty((len(weights), len(COVERAGES)))
    for row in range(len(weights)):
        wanted = np.array(COVERAGES) * total[row] - 1e-9
        places = np.minimum(np.searchsorted(answered[row], wanted), weights.shape[1] - 1)
        read[row] = risk[row, places]
    return read, np.asarray(area)
