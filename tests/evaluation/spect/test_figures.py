"""Figures of a classifier that need its probabilities."""

import numpy as np

from calciscope.evaluation.spect.confusion import MUSCLE, SUBCUTANEOUS
from calciscope.evaluation.spect.figures import told_apart
from calciscope.evaluation.spect.sample import Sample


def test_muscle_and_subcutis_are_told_apart_whatever_a_third_may_be() -> None:
    truth = np.array([MUSCLE, MUSCLE, SUBCUTANEOUS, SUBCUTANEOUS, 0])
    probabilities = np.zeros((5, 11))
    probabilities[0, [0, MUSCLE, SUBCUTANEOUS]] = 0.7, 0.2, 0.1  # called bone, muscle before fat
    probabilities[1, [MUSCLE, SUBCUTANEOUS]] = 0.4, 0.6  # wrong
    probabilities[2, [MUSCLE, SUBCUTANEOUS]] = 0.1, 0.9
    probabilities[3, [MUSCLE, SUBCUTANEOUS]] = 0.2, 0.3
    probabilities[4, 0] = 1.0  # of neither: not counted
    sample = Sample(truth, probabilities, np.array([0, 0, 1, 1, 1]), 2)
    assert told_apart(sample, 0).value == 3 / 4
