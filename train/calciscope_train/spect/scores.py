"""Figures of a validation: how often, and how surely, the right compartment is named."""

import numpy as np
from numpy.typing import NDArray

from calciscope.evaluation.calibration import expected_calibration_error
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.spect.probabilities import softmax

Numbers = NDArray[np.float64]

MUSCLE = HOT_SPOT_COMPARTMENTS.index(Compartment.MUSCLE)
SUBCUTANEOUS = HOT_SPOT_COMPARTMENTS.index(Compartment.SUBCUTANEOUS)


def hot_spot_scores(logits: Numbers, shares: Numbers) -> dict[str, float]:
    """Figures of all hot spots of a validation.

    Args:
        logits: (N, 11), calibrated or not.
        shares: true shares of activity, (N, 11); the largest is the class.

    Returns:
        accuracy, macro_f1 (over the classes that occur), muscle_subcutaneous (balanced accuracy
        of which of the two is likelier, NaN unless both occur), nll (nats) and ece.
    """
    truth = shares.argmax(axis=1)
    probabilities = softmax(logits)
    said = probabilities.argmax(axis=1)
    right = (said == truth).astype(np.float64)
    chosen = probabilities[np.arange(len(truth)), truth]
    error = expected_calibration_error(probabilities.max(axis=1), right)
    return {
        "accuracy": float(right.mean()),
        "macro_f1": macro_f1(said, truth),
        "muscle_subcutaneous": muscle_or_subcutaneous(probabilities, truth),
        "nll": float(-np.log(np.maximum(chosen, 1e-12)).mean()),
        "ece": float("nan") if error is None else error,
    }


def macro_f1(said: NDArray[np.intp], truth: NDArray[np.intp]) -> float:
    """Mean over the true classes that occur of 2 TP / (2 TP + FP + FN)."""
    values = []
    for number in np.unique(truth):
        both = float(((said == number) & (truth == number)).sum())
        values.append(2.0 * both / float((said == number).sum() + (truth == number).sum()))
    return float(np.mean(values))


def muscle_or_subcutaneous(probabilities: Numbers, truth: NDArray[np.intp]) -> float:
    """Mean of the two shares of muscle and subcutis that are told apart; NaN unless both occur."""
    likelier = probabilities[:, MUSCLE] > probabilities[:, SUBCUTANEOUS]
    muscle, fat = truth == MUSCLE, truth == SUBCUTANEOUS
    if not muscle.any() or not fat.any():
        return float("nan")
    return float((likelier[muscle].mean() + (~likelier[fat]).mean()) / 2.0)
