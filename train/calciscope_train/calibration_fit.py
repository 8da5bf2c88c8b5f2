"""Fitting of probabilities: temperature and offset of voxels, a regression for lesions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from calciscope.ct.lesion_probability import FEATURES
from calciscope.models.operating_point import FULL, LesionCalibration, logit_of_map
from calciscope_train.candidates import CaseCandidates

FOLDS = 5
RIDGE = 1.0
"""Penalty on the squared weights of standardized features; half its value enters the loss."""

TEMPERATURES = (0.2, 5.0)
LARGEST_OFFSET = 5.0
NEWTON_STEPS = 50

Numbers = NDArray[np.float64]


def fit_voxels(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Temperature and offset with the least negative log-likelihood.

    A temperature (Guo 2017, ICML, section 4.2) with an offset (Platt 1999): label weights in the
    loss make a network call too much calcification, which no temperature mends.

    Args:
        counts: shape (2, 256): how many voxels that are not, and that are calcification, have each
            value of the network's probability map.
    """

    def loss(values: Numbers) -> float:
        return negative_log_likelihood(counts, float(np.exp(values[0])), float(values[1]))

    limits = [tuple(np.log(TEMPERATURES)), (-LARGEST_OFFSET, LARGEST_OFFSET)]
    found = optimize.minimize(loss, np.zeros(2), bounds=limits)
    return float(np.exp(found.x[0])), float(found.x[1])


def negative_log_likelihood(counts: NDArray[np.int64], temperature: float, offset: float) -> float:
    """Mean negative log-likelihood of voxels, in nats; see `fit_voxels`."""
    logits = logit_of_map(np.arange(FULL + 1, dtype=np.uint8)) / temperature + offset
    loss = counts[0] @ np.logaddexp(0.0, logits) + counts[1] @ np.logaddexp(0.0, -logits)
    return float(loss / max(counts.sum(), 1))


def fit_lesions(cases: Sequence[CaseCandidates]) -> LesionCalibration:
    """Logistic regression of "is a lesion" on the features of all scored candidates."""
    features, real, _ = _table(cases)
    center, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    weights = _logistic((features - center) / scale, real)
    raw = weights[1:] / scale
    return LesionCalibration(
        round(float(weights[0] - raw @ center), 6),
        {name: round(float(weight), 6) for name, weight in zip(FEATURES, raw, strict=True)},
    )


def out_of_fold(cases: Sequence[CaseCandidates], folds: int = FOLDS) -> list[Numbers]:
    """Probability of each case's candidates by a regression that never saw its patient.

    Patients go into the fold that holds the fewest candidates, the largest patients first.
    """
    sizes: dict[str, int] = {}
    for case in cases:
        sizes[case.patient] = sizes.get(case.patient, 0) + len(case.candidates)
    held = [0] * min(folds, len(sizes))
    fold_of: dict[str, int] = {}
    for patient in sorted(sizes, key=lambda name: (-sizes[name], name)):
        fold = held.index(min(held))
        fold_of[patient] = fold
        held[fold] += sizes[patient]
    fitted = []
    for fold in range(len(held)):
        others = [case for case in cases if fold_of[case.patient] != fold]
        taught = any(row.scored for case in others for row in case.candidates)
        fitted.append(fit_lesions(others if taught else cases))
    return [probabilities(case, fitted[fold_of[case.patient]]) for case in cases]


def probabilities(case: CaseCandidates, calibration: LesionCalibration) -> Numbers:
    """Probability of each candidate of a case."""
    return np.array([calibration.probability(row.features) for row in case.candidates])


def _table(cases: Sequence[CaseCandidates]) -> tuple[Numbers, Numbers, list[str]]:
    """Features (n, F), whether real (n,), and patients of all scored candidates."""
    rows = [(row, case.patient) for case in cases for row in case.candidates if row.scored]
    features = [[row.features[name] for name in FEATURES] for row, _ in rows]
    real = [float(row.real) for row, _ in rows]
    shaped = np.array(features, dtype=np.float64).reshape(len(rows), len(FEATURES))
    return shaped, np.array(real), [patient for _, patient in rows]


def _logistic(features: Numbers, real: Numbers) -> Numbers:
    """Ridge-penalized logistic regression by Newton's method; intercept first, not penalized."""
    design = np.column_stack([np.ones(len(features)), features])
    penalty = np.diag([1e-6] + [RIDGE] * features.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        promised = 0.5 * (1.0 + np.tanh(0.5 * design @ weights))
        gradient = design.T @ (promised - real) + penalty @ weights
        curvature = (design * (promised * (1.0 - promised))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        # Short steps: a table that a plane parts would be overshot.
        weights -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-8:
            break
    return weights
