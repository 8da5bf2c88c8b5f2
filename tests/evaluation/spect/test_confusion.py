"""Confusion counts by hand: few hot spots, arithmetic that a reader can redo."""

import numpy as np
import pytest

from calciscope.evaluation.spect.confusion import (
    MUSCLE,
    NO_ANSWER,
    SUBCUTANEOUS,
    accuracy,
    confusion_matrix,
    f1_scores,
    macro_f1,
    muscle_or_subcutis,
    patient_matrices,
    precisions,
    recalls,
)

BONE, JOINT = 0, 1
TRUTH = np.array([BONE, BONE, MUSCLE, MUSCLE, MUSCLE, SUBCUTANEOUS, SUBCUTANEOUS])
PREDICTED = np.array([BONE, MUSCLE, MUSCLE, SUBCUTANEOUS, BONE, SUBCUTANEOUS, JOINT])
MATRIX = confusion_matrix(TRUTH, PREDICTED)


def test_counts() -> None:
    assert MATRIX.shape == (11, 12)
    assert MATRIX.sum() == 7
    assert MATRIX[BONE, [BONE, MUSCLE]].tolist() == [1, 1]
    assert MATRIX[MUSCLE, [BONE, MUSCLE, SUBCUTANEOUS]].tolist() == [1, 1, 1]
    assert MATRIX[SUBCUTANEOUS, [JOINT, SUBCUTANEOUS]].tolist() == [1, 1]


def test_recall_precision_and_f1() -> None:
    assert recalls(MATRIX)[[BONE, MUSCLE, SUBCUTANEOUS]] == pytest.approx([1 / 2, 1 / 3, 1 / 2])
    assert precisions(MATRIX)[[BONE, JOINT, MUSCLE, SUBCUTANEOUS]] == pytest.approx(
        [1 / 2, 0, 1 / 2, 1 / 2]
    )
    # 2 TP / (true + predicted): bone 2 / (2 + 2), muscle 2 / (3 + 2), subcutis 2 / (2 + 2).
    assert f1_scores(MATRIX)[[BONE, MUSCLE, SUBCUTANEOUS]] == pytest.approx([1 / 2, 2 / 5, 1 / 2])


def test_a_class_only_predicted_counts_zero_and_one_in_neither_is_left_out() -> None:
    scores = f1_scores(MATRIX)
    assert scores[JOINT] == 0.0
    assert np.isnan(scores[4:]).all()
    assert np.isnan(recalls(MATRIX)[JOINT])
    # Four classes occur: bone, joint, muscle, subcutis.
    assert macro_f1(MATRIX) == pytest.approx((1 / 2 + 0 + 2 / 5 + 1 / 2) / 4)


def test_a_third_compartment_is_wrong_between_muscle_and_subcutis() -> None:
    # Five are truly one of both; two are right, one is the other, two are a third.
    assert muscle_or_subcutis(MATRIX) == pytest.approx(2 / 5)


def test_no_answer_is_wrong_and_is_no_class() -> None:
    matrix = confusion_matrix(np.array([BONE, BONE]), np.array([BONE, NO_ANSWER]))
    assert accuracy(matrix) == 0.5
    # F1 of bone is 2 / (2 + 1); there is no other class.
    assert macro_f1(matrix) == pytest.approx(2 / 3)


def test_nothing_at_all_is_nan() -> None:
    nothing = np.zeros((11, 12), dtype=np.int64)
    assert np.isnan([macro_f1(nothing), accuracy(nothing), muscle_or_subcutis(nothing)]).all()


def test_patients_apart_sum_to_all_and_leading_axes_are_kept() -> None:
    parts = patient_matrices(TRUTH, PREDICTED, np.array([0, 0, 2, 2, 2, 2, 2]), 4)
    assert parts.shape == (4, 11, 12)
    assert parts[1].sum() == parts[3].sum() == 0
    np.testing.assert_array_equal(parts.sum(axis=0), MATRIX)
    # Patient 0: one of two right; patient 2: two of five.
    assert accuracy(parts)[[0, 2]] == pytest.approx([1 / 2, 2 / 5])
    assert np.isnan(accuracy(parts)[1])
