"""Votes of the tissue around small lesions in layered surroundings."""

from collections.abc import Callable

import numpy as np
import pytest

from calciscope.ct.compartments import CompartmentVote, vote_compartment
from calciscope.ct.lesions import find_lesions
from calciscope.ct.neighborhood import study_surroundings
from calciscope.ct.settings import MeasurementSettings
from calciscope.labels import Compartment
from calciscope.volume import Volume

SETTINGS = MeasurementSettings(minimum_volume_mm3=0, minimum_voxels=1)
SHAPE = (25, 25, 25)
CENTER = (slice(12, 13), slice(12, 13), slice(12, 13))


@pytest.fixture
def vote(segment: Callable[..., object]) -> Callable[..., CompartmentVote]:
    """Vote on the first lesion of a label array."""

    def run(
        tissues: np.ndarray, beneath: int = 2, body: np.ndarray | None = None
    ) -> CompartmentVote:
        ct = Volume.from_spacing(np.zeros(tissues.shape), (1, 1, 1))
        segmentation = segment(ct, tissues, beneath)
        if body is not None:
            segmentation.body.array[...] = body
        lesions = find_lesions(ct.with_array(tissues == 6), SETTINGS)
        surroundings = study_surroundings(ct, segmentation, lesions, tissues == 3)
        return vote_compartment(surroundings.neighborhood(1, 6.0), SETTINGS)

    return run


def labels(fill: int) -> np.ndarray:
    tissues = np.full(SHAPE, fill, np.uint8)
    tissues[CENTER] = 6
    return tissues


@pytest.mark.parametrize(
    ("label", "compartment"), [(1, Compartment.SUBCUTANEOUS), (2, Compartment.MUSCLE)]
)
def test_within_one_tissue(
    vote: Callable[..., CompartmentVote], label: int, compartment: Compartment
) -> None:
    result = vote(labels(label), beneath=label)
    assert result.compartment is compartment
    assert result.fractions[compartment.value] == 1.0
    assert result.fractions["fascia"] == 0.0


def test_dense_labels_beneath_a_lesion_do_not_vote(vote: Callable[..., CompartmentVote]) -> None:
    tissues = np.full(SHAPE, 2, np.uint8)
    tissues[9:16, 9:16, 9:16] = 6
    for beneath in (3, 4, 5):
        result = vote(tissues, beneath=beneath)
        assert result.compartment is Compartment.MUSCLE
        assert result.fractions["muscle"] == 1.0


def test_fractions_beside_a_border(vote: Callable[..., CompartmentVote]) -> None:
    tissues = labels(2)
    tissues[15:] = 1  # fat from three voxels beside the lesion on
    result = vote(tissues)
    # The shell is the ball of radius 3 around one voxel: its layers i = 12 and 12 +- 1, 2, 3 hold
    # 29, 25, 21 and 1 voxels, 123 in all. Within 2 mm of the other tissue are the layers 13 and 14
    # of muscle and the one voxel of fat in layer 15.
    assert result.compartment is Compartment.MUSCLE
    assert result.fractions["fascia"] == pytest.approx((25 + 21 + 1) / 123)
    assert result.fractions["muscle"] == pytest.approx((1 + 21 + 25 + 29) / 123)
    assert result.fractions["subcutaneous"] == 0.0
    assert sum(result.fractions.values()) == pytest.approx(1.0)


def test_a_sheet_on_the_fascia_keeps_the_tissue_it_lies_in_more(
    vote: Callable[..., CompartmentVote],
) -> None:
    tissues = np.full(SHAPE, 2, np.uint8)
    tissues[12:] = 1
    tissues[12:14, 6:19, 6:19] = 6  # on the fat side of the border
    result = vote(tissues, beneath=1)
    assert result.compartment is Compartment.SUBCUTANEOUS
    assert result.fractions["fascia"] > 0.5
    assert sum(result.fractions.values()) == pytest.approx(1.0)


def test_between_two_bones_is_joint(vote: Callable[..., CompartmentVote]) -> None:
    tissues = np.full(SHAPE, 3, np.uint8)
    tissues[12] = 2  # a gap of one voxel
    tissues[CENTER] = 6
    result = vote(tissues)
    assert result.compartment is Compartment.JOINT
    assert result.fractions["joint"] > 0.6


def test_muscle_that_only_touches_bone_stays_muscle(vote: Callable[..., CompartmentVote]) -> None:
    tissues = labels(2)
    tissues[14:] = 3
    assert vote(tissues).compartment is Compartment.MUSCLE


def test_beside_a_calcified_vessel(vote: Callable[..., CompartmentVote]) -> None:
    tissues = labels(4)
    assert vote(tissues).compartment is Compartment.VASCULAR


def test_organs_and_other_tissue_are_indeterminate(vote: Callable[..., CompartmentVote]) -> None:
    tissues = labels(0)
    tissues[10:12] = 1
    result = vote(tissues, body=np.ones(SHAPE, bool))
    assert result.compartment is Compartment.INDETERMINATE
    assert result.fractions["indeterminate"] > 0.5


def test_no_majority_is_indeterminate(vote: Callable[..., CompartmentVote]) -> None:
    tissues = labels(0)
    tissues[:, :11] = 1
    tissues[:, 14:] = 2
    result = vote(tissues, body=np.ones(SHAPE, bool))
    assert result.compartment is Compartment.INDETERMINATE
    assert max(result.fractions["muscle"], result.fractions["subcutaneous"]) < 0.5


def test_air_does_not_vote(vote: Callable[..., CompartmentVote]) -> None:
    tissues = labels(0)
    tissues[:13][tissues[:13] == 0] = 1
    assert vote(tissues, beneath=1).compartment is Compartment.SUBCUTANEOUS
    assert vote(tissues, beneath=1).fractions["subcutaneous"] == 1.0


def test_nobody_to_vote(vote: Callable[..., CompartmentVote]) -> None:
    result = vote(labels(5), beneath=5)
    assert result.compartment is Compartment.INDETERMINATE
    assert result.fractions["indeterminate"] == 1.0


def test_another_lesion_nearby_votes_with_what_lies_beneath_it(
    vote: Callable[..., CompartmentVote],
) -> None:
    tissues = labels(1)
    tissues[12, 14, 12] = 6
    assert vote(tissues, beneath=1).fractions["subcutaneous"] == 1.0
