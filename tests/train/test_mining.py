"""Mining: false positives and misses become rows of hard.npy."""

from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope_train.cases import read_case, write_case
from calciscope_train.mining import FALSE_POSITIVE, HARD_NAME, MISS, compare, mine, write_hard

MODEL = Path(__file__).parents[2] / "onnx" / "ct-calcification" / "0.1.0"


def test_false_positives_and_misses_are_told_apart() -> None:
    labels = np.full((40, 40, 10), Label.MUSCLE, np.uint8)
    labels[5:8, 5:8, 3] = Label.CALCIFICATION  # found
    labels[20:23, 20:23, 5] = Label.CALCIFICATION  # missed
    labels[30:34, 30:34, 6] = IGNORE
    prediction = np.zeros(labels.shape, dtype=bool)
    prediction[6:9, 6:9, 3] = True
    prediction[12:15, 30:33, 2] = True  # false
    prediction[33:36, 33:36, 6] = True  # touches 255: excused
    prediction[38, 2, 9] = True  # a speck
    rows = compare(prediction, labels, 2.5, 8.0, np.random.default_rng(0))
    assert rows.dtype == np.int16 and rows.shape == (2, 4)
    by_kind = {int(kind): tuple(row) for *row, kind in rows}
    assert prediction[by_kind[FALSE_POSITIVE]] and by_kind[FALSE_POSITIVE][2] == 2
    assert labels[by_kind[MISS]] == Label.CALCIFICATION and by_kind[MISS][2] == 5


def test_a_large_false_positive_gets_more_rows_and_none_an_empty_table() -> None:
    labels = np.full((20, 20, 20), Label.BONE, np.uint8)
    nothing = np.zeros(labels.shape, dtype=bool)
    rng = np.random.default_rng(0)
    assert compare(nothing, labels, 1.0, 8.0, rng).shape == (0, 4)
    nothing[:10, :10, :12] = True  # 1200 mm3
    assert len(compare(nothing, labels, 1.0, 8.0, rng)) == 3


def test_rows_are_read_with_the_case(tmp_path: Path) -> None:
    labels = np.full((12, 12, 6), Label.MUSCLE, np.uint8)
    folder = tmp_path / "train" / "case"
    meta = {"case_id": "case", "source": "host", "spacing_mm": [1, 1, 2.5], "lesions": []}
    write_case(folder, np.zeros(labels.shape, np.int16), labels, meta)
    write_hard(folder / HARD_NAME, np.array([[1, 2, 3, MISS]], np.int16))
    assert read_case(folder).hard.tolist() == [[1, 2, 3, 1]]


def test_the_command_writes_beside_each_case(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no train cases"):
        mine(MODEL, tmp_path)
    labels = np.full((48, 48, 16), Label.MUSCLE, np.uint8)
    folder = tmp_path / "train" / "case"
    meta = {"case_id": "case", "source": "host", "spacing_mm": [1, 1, 2.5], "lesions": []}
    ct = np.full(labels.shape, 50, np.int16)
    labels[24, 24, 8] = Label.CALCIFICATION  # nothing to be seen there: a miss
    write_case(folder, ct, labels, meta)
    mine(MODEL, tmp_path)
    rows = np.load(folder / HARD_NAME)
    assert [24, 24, 8, MISS] in rows.tolist()
    assert [f.name for f in folder.iterdir() if f.name.startswith(".")] == []
