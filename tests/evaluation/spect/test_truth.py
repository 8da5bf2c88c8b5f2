"""The truth of a hot spot, by hand."""

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.evaluation.spect.truth import hot_spot_truth
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.volume import Volume

BONE, JOINT, MUSCLE, FAT = range(4)


def truth_of(activity: list[float], compartments: list[int], ids: list[int]) -> dict[int, tuple]:
    """Voxels of activity of 2 mm in a row; ids on voxels of 4 mm, two of the former in each."""
    fine = np.array(activity, dtype=np.float16).reshape(-1, 1, 1)
    where = np.array(compartments, dtype=np.uint8).reshape(-1, 1, 1)
    coarse = np.array(ids, dtype=np.uint16).reshape(-1, 1, 1)
    grid = Volume.from_spacing(fine, (2.0, 4.0, 4.0))
    spect = Volume.from_spacing(coarse, (4.0, 4.0, 4.0), (1.0, 0.0, 0.0))
    found = hot_spot_truth(spect, grid, Volume(where, grid.affine))
    return {each.id: each for each in found}


def test_shares_are_of_activity_and_not_of_voxels() -> None:
    found = truth_of([1, 1, 1, 9, 4, 4], [MUSCLE, MUSCLE, MUSCLE, FAT, BONE, 255], [5, 5, 2])
    # Hot spot 5 holds 3 of muscle in three voxels and 9 of fat in one: 0.25 and 0.75.
    assert found[5].shares[MUSCLE] == pytest.approx(0.25)
    assert found[5].shares[FAT] == pytest.approx(0.75)
    assert found[5].compartment is Compartment.SUBCUTANEOUS
    assert not found[5].mixed
    assert found[5].runner_up == MUSCLE
    # Activity in no compartment does not count.
    assert found[2].shares[BONE] == 1.0
    assert sum(found[5].shares) == pytest.approx(1.0)
    assert len(found[5].shares) == len(HOT_SPOT_COMPARTMENTS)


@pytest.mark.parametrize(("muscle", "mixed"), [(5.75, True), (6.0, False)])
def test_below_six_tenths_it_is_mixed(muscle: float, mixed: bool) -> None:
    assert truth_of([muscle, 10 - muscle], [MUSCLE, FAT], [1])[1].mixed is mixed


def test_on_a_tie_the_earlier_compartment_wins() -> None:
    assert truth_of([2, 2], [MUSCLE, JOINT], [1])[1].compartment is Compartment.JOINT
    assert truth_of([2, 2], [JOINT, BONE], [1])[1].compartment is Compartment.BONE


def test_without_activity_there_is_no_share() -> None:
    assert sum(truth_of([0, 0], [MUSCLE, FAT], [1])[1].shares) == 0.0


def test_grids_that_differ_are_refused() -> None:
    one = Volume.from_spacing(np.zeros((2, 2, 2)), (1, 1, 1))
    other = Volume.from_spacing(np.zeros((2, 2, 2)), (1, 1, 2))
    with pytest.raises(InputError, match="share a grid"):
        hot_spot_truth(one, one, other)
