"""Validation figures, against counts made by hand."""

import numpy as np
import pytest

from calciscope.labels import IGNORE, Label
from calciscope_train.scores import CropScores

C, M = int(Label.CALCIFICATION), int(Label.MUSCLE)


def muscle() -> np.ndarray:
    return np.full((20, 20, 10), M, dtype=np.uint8)


def test_dice_by_label_and_by_case() -> None:
    reference, prediction = muscle(), muscle()
    reference[0:4, 0:2, 0] = C  # 8 voxels
    prediction[2:4, 0:2, 0] = C  # 4 of them
    scores = CropScores()
    scores.add(prediction, reference, 0, 1.0)
    perfect = muscle()
    perfect[0:10, 0:10, 0:2] = C  # 200 voxels
    scores.add(perfect, perfect, 1, 1.0)
    figures = scores.summary()
    assert figures["dice/calcification"] == pytest.approx(2 * (4 + 200) / (8 + 4 + 400))
    assert figures["dice/calcification_by_case"] == pytest.approx((2 * 4 / 12 + 1) / 2)
    # Muscle: 3992 + 3996 voxels, 3992 of them shared, and 3800 right ones in the second crop.
    assert figures["dice/muscle"] == pytest.approx(2 * (3992 + 3800) / (3992 + 3996 + 7600))


def test_labels_that_are_nowhere_have_no_figure() -> None:
    scores = CropScores()
    scores.add(muscle(), muscle(), 0, 1.0)
    figures = scores.summary()
    assert "dice/vascular" not in figures
    assert "dice/calcification_by_case" not in figures
    assert not [name for name in figures if name.startswith("recall")]
    assert CropScores().summary() == {}


def test_recall_by_volume() -> None:
    reference, prediction = muscle(), muscle()
    reference[0, 0, 0] = C  # 2.5 mm3: in no bin
    reference[4:8, 0, 0] = C  # 10 mm3, missed
    reference[4:8, 4, 0] = C  # 10 mm3, touched by one voxel
    prediction[7, 4, 0] = C
    reference[12:18, 0:4, 0] = C  # 60 mm3, missed
    reference[12:18, 10:20, 0:4] = C  # 600 mm3, found
    prediction[12:18, 10:20, 0:4] = C
    scores = CropScores()
    scores.add(prediction, reference, 0, 2.5)
    figures = scores.summary()
    assert figures["recall/8_30_mm3"] == pytest.approx(1 / 2)
    assert figures["recall/30_100_mm3"] == 0.0
    assert figures["recall/100_up_mm3"] == 1.0


def test_false_positives_are_large_enough_and_touch_nothing() -> None:
    reference, prediction = muscle(), muscle()
    prediction[0:4, 0, 0] = C  # 10 mm3 in muscle: counts
    prediction[0, 5, 0] = C  # 2.5 mm3: too small
    prediction[10:16, 0, 0] = C  # touches calcification
    reference[15:18, 0, 0] = C
    prediction[0:8, 10, 5] = C  # touches what is not scored
    reference[0, 10, 5] = IGNORE
    scores = CropScores()
    scores.add(prediction, reference, 0, 2.5)
    scores.add(muscle(), muscle(), 0, 2.5)
    assert scores.summary()["false_positives_per_crop"] == pytest.approx(1 / 2)


def test_ignored_voxels_do_not_enter_dice() -> None:
    reference, prediction = muscle(), muscle()
    reference[:, :, 5:] = IGNORE
    prediction[:, :, 5:] = C
    scores = CropScores()
    scores.add(prediction, reference, 0, 1.0)
    assert scores.summary()["dice/muscle"] == 1.0
    assert "dice/calcification" not in scores.summary()
