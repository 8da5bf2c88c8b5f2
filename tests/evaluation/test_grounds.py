"""What a component lies on, drawn in a small label map."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calciscope.evaluation.grounds import UNKNOWN, ground_labels, ground_of
from calciscope.evaluation.record_rows import Ground
from calciscope.evaluation.rule_predictor import Surroundings
from calciscope.labels import Label
from calciscope.volume import Volume

SPECK = np.array([[5, 5, 5], [6, 5, 5]])


def labels(fill: int) -> np.ndarray:
    return np.full((12, 12, 12), fill, np.uint8)


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (Label.BACKGROUND, Ground.OUTSIDE_BODY),
        (Label.SUBCUTANEOUS, Ground.SUBCUTANEOUS),
        (Label.MUSCLE, Ground.MUSCLE),
        (Label.BONE, Ground.BONE),
        (Label.VASCULAR, Ground.VESSEL),
        (Label.FOREIGN, Ground.FOREIGN),
        (UNKNOWN, Ground.OTHER),
    ],
)
def test_the_middle_of_one_tissue(fill: int, expected: Ground) -> None:
    assert ground_of(SPECK, labels(fill)) is expected


def test_bone_is_named_where_a_tenth_of_the_rim_is() -> None:
    # Two voxels and their rim are 4 x 3 x 3 = 36 voxels.
    drawn = labels(Label.MUSCLE)
    drawn[4:7, 6, 4] = Label.BONE
    assert ground_of(SPECK, drawn) is Ground.MUSCLE
    drawn[7, 6, 4] = Label.BONE
    assert ground_of(SPECK, drawn) is Ground.BONE
    drawn[4:8, 4, 4:7] = Label.VASCULAR
    assert ground_of(SPECK, drawn) is Ground.VESSEL


def test_a_component_at_the_border() -> None:
    assert ground_of(np.array([[0, 0, 0]]), labels(Label.MUSCLE)) is Ground.MUSCLE


def test_without_tissues_the_ct_tells(toys: SimpleNamespace) -> None:
    case = toys.case()
    ct = case.ct.array.copy()
    ct[10, 10, 4] = 3000
    blank = SimpleNamespace(
        case_id="blank",
        has_tissues=False,
        labels=case.labels,
        ct=Volume(ct, case.ct.affine),
    )
    masks = {"body": np.ones(toys.SHAPE, bool), "bone": case.labels.array == Label.BONE}
    masks["body"][:, 15] = False
    drawn = ground_labels(blank, Surroundings("blank", masks))  # type: ignore[arg-type]
    assert drawn[22, 5, 5] == Label.BONE
    assert drawn[5, 15, 5] == Label.BACKGROUND
    assert drawn[10, 10, 4] == Label.FOREIGN
    assert drawn[8, 8, 4] == UNKNOWN
    blank.ct = None
    assert (ground_labels(blank, Surroundings()) == UNKNOWN).all()  # type: ignore[arg-type]


def test_background_inside_the_body_is_not_outside_it(toys: SimpleNamespace) -> None:
    case = toys.case()
    case.labels.array[8:10, 8:10, 4] = Label.BACKGROUND
    body = np.ones(toys.SHAPE, bool)
    body[:, 15] = False
    drawn = ground_labels(case, Surroundings("toy", {"body": body, "bone": ~body}))
    assert (drawn[8, 8, 4], drawn[5, 15, 5]) == (UNKNOWN, Label.BACKGROUND)
    assert (drawn[22, 5, 5], drawn[5, 10, 5]) == (Label.BONE, Label.MUSCLE)
    # Without a CT nobody knows where the body ends.
    blank = replace(case, ct=None)
    assert ground_labels(blank, Surroundings())[5, 15, 5] == UNKNOWN
