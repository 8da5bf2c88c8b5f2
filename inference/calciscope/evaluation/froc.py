"""Free-response ROC: sensitivity against false positives per case, over the lesions' scores.

A reference lesion counts at a threshold if it is found and a predicted component that overlaps it
has at least that score. Rates per case grow with the number of lesions in a case, so the rate per
lesion stands beside them. Below the lowest score that a predictor gives out there is no curve: at
rates beyond its end the sensitivity at its end is given, and said so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.bootstrap import LEAST_PATIENTS, LEVEL, Interval, patient_draws
from calciscope.evaluation.record_figures import Froc, FrocPoint, FrocRate

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives per case at which the sensitivity is read; their mean is the CPM."""

MOST_POINTS = 120
"""Points of a curve that are written; its sensitivities at rates use every threshold."""

RESAMPLES = 1000

Numbers = NDArray[np.float64]


@dataclass
class PatientScores:
    """Scores of one patient's cases.

    Attributes:
        cases: how many.
        lesions: in their references.
        found: score of each lesion that was found.
        false: score of each false positive.
    """

    cases: int = 0
    lesions: int = 0
    found: list[float] = field(default_factory=list)
    false: list[float] = field(default_factory=list)


def measure_froc(patients: Mapping[str, PatientScores], seed: int = 0) -> Froc | None:
    """The curve, its sensitivities at fixed rates and their mean; None without any lesion.

    Args:
        patients: by name.
        seed: of the resampling.
    """
    groups = list(patients.values())
    if not any(group.lesions for group in groups):
        return None
    thresholds = _thresholds(groups)
    # Rows: patients; columns: thresholds from the strictest on.
    found = np.array([_at_least(group.found, thresholds) for group in groups])
    false = np.array([_at_least(group.false, thresholds) for group in groups])
    cases = np.array([group.cases for group in groups], dtype=np.float64)
    lesions = np.array([group.lesions for group in groups], dtype=np.float64)
    weights = np.stack(
        [
            np.bincount(drawn, minlength=len(groups))
            for drawn in patient_draws(len(groups), seed, RESAMPLES)
        ]
    ).astype(np.float64)
    weights = weights[weights @ lesions > 0]
    sensitivity, rate = found.sum(axis=0) / lesions.sum(), false.sum(axis=0) / cases.sum()
    per_lesion = cases.sum() / lesions.sum()
    shown = _shown(len(thresholds))
    measured = int(np.count_nonzero(lesions))
    low, high = _ends((weights @ found[:, shown]) / (weights @ lesions)[:, None])
    points = tuple(
        FrocPoint(
            float(thresholds[i]),
            float(rate[i]),
            float(rate[i] * per_lesion),
            float(sensitivity[i]),
            float(low[k]) if measured >= LEAST_PATIENTS else None,
            float(high[k]) if measured >= LEAST_PATIENTS else None,
        )
        for k, i in enumerate(shown)
    )
    # Rates are read from every threshold, a few resamples at a time to save memory.
    parts = np.array_split(weights, max(1, len(weights) // 50))
    at_rates = np.concatenate(
        [
            _at_rates((w @ false) / (w @ cases)[:, None], (w @ found) / (w @ lesions)[:, None])
            for w in parts
        ],
        axis=1,
    )
    values = [float(value) for value in _at_rates(rate[None], sensitivity[None])[:, 0]]
    return Froc(
        points,
        tuple(
            FrocRate(
                wanted,
                wanted * float(per_lesion),
                _interval(value, resampled, len(groups), measured),
                bool(rate[-1] >= wanted) if len(rate) else False,
            )
            for wanted, value, resampled in zip(RATES, values, at_rates, strict=True)
        ),
        _interval(float(np.mean(values)), at_rates.mean(axis=0), len(groups), measured),
    )


def _at_rates(rates: Numbers, sensitivities: Numbers) -> Numbers:
    """Sensitivity at each of `RATES` of some curves, shape (rates, curves)."""
    return np.stack([_read(rates, sensitivities, wanted) for wanted in RATES])


def _shown(count: int) -> NDArray[np.intp]:
    """Numbers of the thresholds that become points: thinned out evenly, both ends kept."""
    most = min(count, MOST_POINTS)
    return np.round(np.linspace(0, max(count - 1, 0), most)).astype(np.intp)


def _thresholds(groups: Sequence[PatientScores]) -> Numbers:
    """Distinct scores, falling."""
    scores = [score for group in groups for score in (*group.found, *group.false)]
    distinct: Numbers = np.unique(np.asarray(scores, dtype=np.float64))[::-1]
    return distinct


def _at_least(scores: Sequence[float], thresholds: Numbers) -> Numbers:
    """How many scores reach each of the falling thresholds."""
    rising = np.sort(np.asarray(scores, dtype=np.float64))
    below = np.searchsorted(rising, thresholds, side="left")
    return np.asarray(len(rising) - below, dtype=np.float64)


def _read(rates: Numbers, sensitivities: Numbers, wanted: float) -> Numbers:
    """Largest sensitivity at no more than a rate; 0 where even the strictest threshold has more.

    Args:
        rates, sensitivities: shape (curves, thresholds).
        wanted: false positives per case.
    """
    if rates.shape[1] == 0:
        return np.zeros(len(rates))
    return np.asarray(np.where(rates <= wanted, sensitivities, 0.0).max(axis=1))


def _ends(values: Numbers) -> tuple[Numbers, Numbers]:
    low, high = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)], axis=0)
    return low, high


def _interval(value: float, resampled: Numbers, patients: int, measured: int) -> Interval:
    """Value and interval; no interval where too few patients have a lesion."""
    if measured < LEAST_PATIENTS:
        return Interval(value, None, None, patients)
    low, high = np.percentile(resampled, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(value, float(low), float(high), patients)
