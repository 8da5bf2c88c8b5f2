"""Counts of true and predicted compartments, and the figures that follow from them.

A matrix has shape (..., 11, 12): rows are the true compartment, columns the predicted one in the
order of `HOT_SPOT_COMPARTMENTS`, the last column is "no answer". Every function takes any leading
axes, so that all resamples of a bootstrap are computed at once.

Empty classes: a compartment that is neither true nor predicted anywhere has no F1 and is left out
of the mean; one that is only predicted counts 0, one that is only true counts 0 (as scikit-learn
has it). Where there is nothing at all, a figure is NaN.
"""

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment

CLASSES = len(HOT_SPOT_COMPARTMENTS)
NO_ANSWER = CLASSES
"""Column of hot spots that were given no compartment."""

MUSCLE = HOT_SPOT_COMPARTMENTS.index(Compartment.MUSCLE)
SUBCUTANEOUS = HOT_SPOT_COMPARTMENTS.index(Compartment.SUBCUTANEOUS)

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


def confusion_matrix(truth: Indices, predicted: Indices) -> Counts:
    """Count pairs.

    Args:
        truth: index of the true compartment, shape (n,).
        predicted: index of the predicted one or `NO_ANSWER`, shape (n,).

    Returns:
        Shape (11, 12).
    """
    cells = truth * (CLASSES + 1) + predicted
    return np.bincount(cells, minlength=CLASSES * (CLASSES + 1)).reshape(CLASSES, CLASSES + 1)


def patient_matrices(truth: Indices, predicted: Indices, patients: Indices, count: int) -> Counts:
    """A matrix for each patient, shape (count, 11, 12).

    Args:
        truth, predicted: as for `confusion_matrix`.
        patients: number of the patient of each hot spot, 0 to count - 1.
        count: of patients; those without a hot spot have a matrix of 0.
    """
    size = CLASSES * (CLASSES + 1)
    cells = patients * size + truth * (CLASSES + 1) + predicted
    return np.bincount(cells, minlength=count * size).reshape(count, CLASSES, CLASSES + 1)


def f1_scores(matrix: NDArray[np.number]) -> Numbers:
    """F1 of each compartment, shape (..., 11): 2 TP / (true + predicted); NaN where both are 0."""
    return _ratio(2.0 * _hits(matrix), _true(matrix) + _predicted(matrix))


def recalls(matrix: NDArray[np.number]) -> Numbers:
    """TP / true of each compartment, shape (..., 11); NaN where none is true."""
    return _ratio(_hits(matrix), _true(matrix))


def precisions(matrix: NDArray[np.number]) -> Numbers:
    """TP / predicted of each compartment, shape (..., 11); NaN where none is predicted."""
    return _ratio(_hits(matrix), _predicted(matrix))


def macro_f1(matrix: NDArray[np.number]) -> Numbers:
    """Mean F1 over the compartments that are true or predicted; shape (...)."""
    scores = f1_scores(matrix)
    known = ~np.isnan(scores)
    return _ratio(np.where(known, scores, 0.0).sum(axis=-1), known.sum(axis=-1))


def accuracy(matrix: NDArray[np.number]) -> Numbers:
    """Share of hot spots whose compartment is right; no answer is wrong. Shape (...)."""
    return _ratio(_hits(matrix).sum(axis=-1), np.asarray(matrix).sum(axis=(-2, -1)))


def muscle_or_subcutis(matrix: NDArray[np.number]) -> Numbers:
    """Accuracy among hot spots truly in muscle or subcutis; shape (...).

    A third compartment, and no answer, is wrong: which of both it would have been is not asked.
    """
    hits = _hits(matrix)
    right = hits[..., MUSCLE] + hits[..., SUBCUTANEOUS]
    true = _true(matrix)
    return _ratio(right, true[..., MUSCLE] + true[..., SUBCUTANEOUS])


def _hits(matrix: NDArray[np.number]) -> Numbers:
    return np.asarray(np.diagonal(matrix, axis1=-2, axis2=-1), dtype=np.float64)


def _true(matrix: NDArray[np.number]) -> Numbers:
    return np.asarray(matrix.sum(axis=-1), dtype=np.float64)


def _predicted(matrix: NDArray[np.number]) -> Numbers:
    return np.asarray(matrix.sum(axis=-2), dtype=np.float64)[..., :CLASSES]


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    """Quotient, NaN where the denominator is 0."""
    empty = np.full(np.broadcast_shapes(np.shape(above), np.shape(below)), np.nan)
    return np.asarray(np.divide(above, below, out=empty, where=np.asarray(below) != 0))
