"""Boxes, voxel lists and components of small masks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from calciscope.ct.masks import bounding_box, component_voxels, indices_of, without_specks


def test_indices_agree_with_numpy_whatever_the_memory_order() -> None:
    mask = np.random.default_rng(4).random((4, 5, 6)) > 0.5
    expected = {tuple(index) for index in np.argwhere(mask)}
    for array in (mask, np.asfortranarray(mask), mask[::-1, :, ::2]):
        found = {tuple(index) for index in indices_of(array)}
        assert found == {tuple(index) for index in np.argwhere(array)}
    assert {tuple(index) for index in indices_of(mask)} == expected


def test_bounding_box() -> None:
    mask = np.zeros((6, 7, 8), bool)
    assert bounding_box(mask) is None
    mask[1, 2, 3] = mask[4, 3, 7] = True
    assert bounding_box(mask) == (slice(1, 5), slice(2, 4), slice(3, 8))


@settings(max_examples=200)
@given(
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    st.integers(0, 2**32 - 1),
    st.floats(0.05, 0.7),
)
def test_components_are_those_of_scipy(
    shape: tuple[int, int, int], seed: int, share: float
) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    expected = {frozenset(map(tuple, np.argwhere(labels == n))) for n in range(1, count + 1)}
    found = {frozenset(map(tuple, voxels)) for voxels in component_voxels(mask)}
    assert found == expected


def test_two_voxels_in_a_row_of_three() -> None:
    # A box one voxel thin, on which cc3d fails unless it is given a border.
    mask = np.array([True, False, True]).reshape(1, 3, 1)
    assert [voxels.tolist() for voxels in component_voxels(mask)] == [[[0, 0, 0]], [[0, 2, 0]]]
    assert without_specks(mask, 1.0, 1.0).sum() == 2


def test_specks_are_dropped_by_volume() -> None:
    mask = np.zeros((12, 12, 12), bool)
    mask[0:2, 0:2, 0:2] = True  # 8 voxels
    mask[5:9, 5:9, 5:9] = True  # 64 voxels
    kept = without_specks(mask, voxel_mm3=2.5, minimum_mm3=50.0)
    assert kept.sum() == 64
    assert without_specks(mask, voxel_mm3=2.5, minimum_mm3=20.0).sum() == 72
    assert not without_specks(np.zeros((3, 3, 3), bool), 1.0, 50.0).any()
