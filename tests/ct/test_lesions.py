"""Components, their order and size limit, and the territories around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calciscope.ct.lesions import find_lesions, lesion_territories, margin_voxels
from calciscope.ct.settings import MeasurementSettings
from calciscope.errors import InputError
from calciscope.volume import Volume

ANY_SIZE = MeasurementSettings(minimum_volume_mm3=0, minimum_voxels=1)


def grid(mask: np.ndarray, spacing_mm: tuple[float, float, float] = (1, 1, 1)) -> Volume:
    return Volume.from_spacing(mask, spacing_mm)


def test_voxels_that_share_a_corner_are_one_lesion() -> None:
    mask = np.zeros((5, 5, 5), bool)
    mask[1, 1, 1] = mask[2, 2, 2] = True
    mask[4, 4, 4] = True
    lesions = find_lesions(grid(mask), ANY_SIZE)
    assert lesions.count == 2
    assert lesions.ids.array[1, 1, 1] == lesions.ids.array[2, 2, 2] == 1
    assert lesions.ids.array[4, 4, 4] == 2


def test_lesions_are_numbered_by_falling_volume() -> None:
    mask = np.zeros((12, 3, 3), bool)
    mask[0:2, 0, 0] = mask[4:9, 0, 0] = mask[10:12, 0, 0] = True
    lesions = find_lesions(grid(mask), ANY_SIZE)
    assert [len(voxels) for voxels in lesions.voxels] == [5, 2, 2]
    assert [int(lesions.ids.array[i, 0, 0]) for i in (4, 0, 10)] == [1, 2, 3]
    np.testing.assert_array_equal(lesions.voxels[0][:, 0], [4, 5, 6, 7, 8])


def test_both_volume_and_voxel_count_must_reach_the_minimum() -> None:
    mask = np.zeros((12, 1, 1), bool)
    mask[0] = True  # 1 voxel of 6 mm3: large enough, too few voxels
    mask[2:4] = True  # 2 voxels, 12 mm3: kept
    assert find_lesions(grid(mask, (1, 1, 6)), MeasurementSettings()).count == 1
    # The same voxels at 1 mm3 each are 2 mm3, under the default of 5 mm3.
    assert find_lesions(grid(mask), MeasurementSettings()).count == 0


def test_small_components_leave_no_trace_in_the_ids() -> None:
    mask = np.zeros((6, 6, 6), bool)
    mask[0, 0, 0] = True
    mask[3:6, 3:6, 3:6] = True
    ids = find_lesions(grid(mask), MeasurementSettings()).ids.array
    assert ids[0, 0, 0] == 0
    assert ids.sum() == 27
    assert ids.dtype == np.uint16


def test_nothing_found() -> None:
    lesions = find_lesions(grid(np.zeros((3, 4, 5), bool)), ANY_SIZE)
    assert lesions.count == 0
    assert lesions.ids.shape == (3, 4, 5)
    assert not lesion_territories(lesions, np.zeros((3, 4, 5)), np.zeros((3, 4, 5), bool)).any()


def test_memory_order_does_not_change_the_lesions() -> None:
    mask = np.random.default_rng(3).random((9, 8, 7)) > 0.9
    in_c = find_lesions(grid(mask), ANY_SIZE)
    in_f = find_lesions(grid(np.asfortranarray(mask)), ANY_SIZE)
    assert [len(v) for v in in_c.voxels] == [len(v) for v in in_f.voxels]
    assert ((in_c.ids.array > 0) == (in_f.ids.array > 0)).all()


def test_margin_is_one_voxel_or_a_millimeter() -> None:
    assert margin_voxels(np.array([1.0, 0.98, 2.5])) == (1, 1, 1)
    assert margin_voxels(np.array([0.5, 0.7, 5.0])) == (2, 2, 1)
    assert margin_voxels(np.array([0.35, 0.25, 0.6])) == (3, 4, 2)


def territories_of(mask: np.ndarray, tissues: np.ndarray, bone: np.ndarray) -> np.ndarray:
    return lesion_territories(find_lesions(grid(mask), ANY_SIZE), tissues, bone)


def test_a_voxel_between_two_lesions_belongs_to_the_nearer_and_on_a_tie_to_the_larger() -> None:
    mask = np.zeros((7, 3, 1), bool)
    mask[0:3, 0, 0] = True  # lesion 1: three voxels
    mask[4:6, 0, 0] = True  # lesion 2: two voxels
    nothing = np.zeros(mask.shape, np.uint8)
    territory = territories_of(mask, nothing, nothing > 0)[:, :, 0]
    # Column 3 lies one step from both: the smaller id has it. (6, 0) touches lesion 2 only.
    np.testing.assert_array_equal(territory[:, 0], [1, 1, 1, 1, 2, 2, 2])
    # One row on: (3, 1) is a diagonal away from both; (4, 1) is straight above lesion 2.
    np.testing.assert_array_equal(territory[:, 1], [1, 1, 1, 1, 2, 2, 2])
    # Two rows on nothing is within one voxel.
    assert not territory[:, 2].any()


@pytest.mark.parametrize("label", [4, 5])
def test_bone_vessel_walls_and_metal_belong_to_no_territory(label: int) -> None:
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    tissues = np.full(mask.shape, 2, np.uint8)
    tissues[0] = label
    bone = np.zeros(mask.shape, bool)
    bone[2] = True
    territory = territories_of(mask, tissues, bone)
    assert not territory[0].any()
    assert not territory[2].any()
    assert (territory[1] == 1).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.3))
def test_territories_hold_their_lesions_and_stay_within_the_margin(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((8, 7, 6)) < share
    lesions = find_lesions(grid(mask), ANY_SIZE)
    nothing = np.zeros(mask.shape, np.uint8)
    territory = lesion_territories(lesions, nothing, nothing > 0)
    ids = lesions.ids.array
    assert (territory[ids > 0] == ids[ids > 0]).all()
    for index in np.argwhere(territory):
        low, high = np.maximum(index - 1, 0), index + 2
        around = ids[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        assert territory[tuple(index)] in around


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="rising"):
        MeasurementSettings(background_shell_mm=(6.0, 3.0))
    with pytest.raises(InputError, match="minimum size"):
        MeasurementSettings(minimum_voxels=0)
    with pytest.raises(InputError, match="core_percentile"):
        MeasurementSettings(core_percentile=0)


def test_what_stays_dark_is_no_lesion() -> None:
    mask = np.zeros((12, 12, 6), bool)
    mask[2:5, 2:5, 2:4] = True
    mask[7:10, 7:10, 2:4] = True
    hu = np.full(mask.shape, 40, np.int16)
    hu[3, 3, 3] = 100
    hu[8, 8, 3] = 99
    volume = Volume.from_spacing(mask, (1, 1, 2.5))
    assert find_lesions(volume, MeasurementSettings()).count == 2
    found = find_lesions(volume, MeasurementSettings(), hu)
    assert found.count == 1
    assert found.ids.array[3, 3, 3] == 1
