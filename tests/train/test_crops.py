"""Where crops are taken, and what they read."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calciscope.labels import Label
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.cases import Case, read_case
from calciscope_train.crop_mix import CropMix
from calciscope_train.crops import AIR_HU, CropDataset, CropPlan, read_crop

Make = Callable[..., Path]
ONLY_LESIONS = CropMix(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def case(make_case: Make) -> Case:
    """One lesion of a voxel, one of 500 voxels, far apart, in muscle."""
    labels = np.full((60, 40, 20), Label.MUSCLE, dtype=np.uint8)
    labels[5, 5, 5] = Label.CALCIFICATION
    labels[40:50, 20:30, 10:15] = Label.CALCIFICATION
    return read_case(make_case(labels))


def test_small_lesions_are_seen_as_often_as_large_ones(case: Case) -> None:
    plan = CropPlan([case], [1.0], ONLY_LESIONS, (16, 16, 8))
    near_small = sum(plan.draw(number)[1][0] <= 5 for number in range(400))
    # Binomial with n = 400, p = 1/2: five standard deviations are 50.
    assert 150 < near_small < 250


def test_a_crop_holds_the_lesion_it_was_drawn_for(case: Case) -> None:
    plan = CropPlan([case], [1.0], ONLY_LESIONS, (16, 16, 8))
    for number in range(50):
        start = plan.draw(number).start
        _, labels = read_crop(case, start, plan.patch_size)
        assert (labels == Label.CALCIFICATION).any()
        assert (labels != 255).all()


def test_kinds_that_no_case_has_give_their_share_to_the_others(case: Case) -> None:
    mix = CropMix(calcification=0.0, vascular=5.0, foreign=5.0, bone=5.0, soft=1.0, background=5.0)
    plan = CropPlan([case], [1.0], mix, (8, 8, 4))
    labels = read_crop(case, plan.draw(3)[1], plan.patch_size)[1]
    assert (labels == Label.MUSCLE).any()


def test_cases_are_drawn_by_weight(make_case: Make) -> None:
    labels = np.full((16, 16, 8), Label.CALCIFICATION, dtype=np.uint8)
    cases = [read_case(make_case(labels, name)) for name in ("a", "b")]
    plan = CropPlan(cases, [3.0, 1.0], ONLY_LESIONS, (8, 8, 4))
    counts = Counter(plan.draw(number)[0].case_id for number in range(400))
    # Binomial with n = 400, p = 3/4: five standard deviations are 43.
    assert 257 < counts["a"] < 343


def test_the_same_number_gives_the_same_crop_and_another_seed_does_not(case: Case) -> None:
    def starts(seed: int) -> list[tuple[int, int, int]]:
        plan = CropPlan([case], [1.0], CropMix(), (16, 16, 8), seed)
        return [plan.draw(number)[1] for number in range(20)]

    assert starts(1) == starts(1)
    assert starts(1) != starts(2)


def test_beyond_the_case_there_is_air_that_is_not_trained_on(case: Case) -> None:
    ct, labels = read_crop(case, (-2, 0, 0), (4, 3, 2))
    assert (ct[:2] == AIR_HU).all()
    assert (labels[:2] == 255).all()
    assert (labels[2:] == Label.MUSCLE).all()
    assert (ct[2:] == 200).all()


def test_a_case_smaller_than_the_patch_is_whole_in_it(make_case: Make) -> None:
    labels = np.full((6, 5, 4), Label.CALCIFICATION, dtype=np.uint8)
    small = read_case(make_case(labels))
    plan = CropPlan([small], [1.0], ONLY_LESIONS, (16, 16, 8))
    for number in range(20):
        read = read_crop(small, plan.draw(number)[1], plan.patch_size)[1]
        assert np.count_nonzero(read == Label.CALCIFICATION) == 6 * 5 * 4


def test_an_item_is_ready_for_the_network(case: Case) -> None:
    spec = PreprocessingSpec(patch_size=(16, 16, 8))
    plan = CropPlan([case], [1.0], ONLY_LESIONS, spec.patch_size)
    item = CropDataset(plan, spec)[0]
    assert item["ct"].shape == (2, 16, 16, 8)
    assert item["labels"].shape == (16, 16, 8)
    assert item["voxel_volume_mm3"] == pytest.approx(2.5)
    # Muscle is 200 HU here: (200 - 50) / 250 in the soft window, (200 - 800) / 700 in the hard one.
    muscle = item["labels"] == Label.MUSCLE
    np.testing.assert_allclose(item["ct"][0][muscle], 0.6, rtol=1e-5)
    np.testing.assert_allclose(item["ct"][1][muscle], -600 / 700, rtol=1e-5)
