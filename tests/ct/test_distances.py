"""Gaps between lesions and surfaces, counted in voxels by hand."""

import numpy as np
import pytest

from calciscope.ct.distances import surface_of

SPACING = np.array([1.0, 1.0, 2.5])


def body() -> np.ndarray:
    mask = np.zeros((20, 20, 10), bool)
    mask[5:15, 5:15, :] = True
    return mask


@pytest.mark.parametrize(
    ("voxel", "gap_mm"),
    [
        ((5, 10, 5), 0.0),  # in the outermost layer
        ((6, 10, 5), 1.0),  # one layer further in
        ((8, 10, 5), 3.0),
        ((10, 10, 0), 4.0),  # the end of the grid is no skin: nearest is y = 15, 4 voxels between
    ],
)
def test_distance_to_skin(voxel: tuple[int, int, int], gap_mm: float) -> None:
    skin = surface_of(body(), SPACING, outer=True)
    assert skin is not None
    assert skin.distance_mm(np.array([voxel])) == pytest.approx(gap_mm)


def test_distance_to_bone_is_between_faces() -> None:
    bone = np.zeros((20, 20, 10), bool)
    bone[2:5, 2:5, 2:5] = True
    surface = surface_of(bone, SPACING)
    assert surface is not None
    assert surface.distance_mm(np.array([[5, 3, 3]])) == 0.0
    assert surface.distance_mm(np.array([[9, 3, 3]])) == pytest.approx(4.0)
    # Two free slices of 2.5 mm lie between k = 4 and k = 7.
    assert surface.distance_mm(np.array([[3, 3, 7]])) == pytest.approx(5.0)
    # 3 free voxels along i, 4 along j: 3-4-5.
    assert surface.distance_mm(np.array([[8, 9, 3]])) == pytest.approx(5.0)


def test_the_nearest_voxel_of_a_lesion_counts() -> None:
    surface = surface_of(body(), SPACING, outer=True)
    assert surface is not None
    assert surface.distance_mm(np.array([[10, 10, 5], [7, 10, 5]])) == pytest.approx(2.0)


def test_depth_of_a_point_lies_between_voxels_too() -> None:
    skin = surface_of(body(), SPACING, outer=True)
    assert skin is not None
    # The first voxel of the body is 5; its outer face lies half a voxel before its center.
    assert skin.depth_mm(np.array([5.0, 10.0, 5.0])) == pytest.approx(0.5)
    assert skin.depth_mm(np.array([7.25, 10.0, 5.4])) == pytest.approx(2.75)


def test_no_structure_no_surface() -> None:
    assert surface_of(np.zeros((4, 4, 4), bool), SPACING) is None
    # A body that fills the grid shows no skin.
    assert surface_of(np.ones((4, 4, 4), bool), SPACING, outer=True) is None


def test_memory_order_does_not_matter() -> None:
    mask = np.random.default_rng(0).random((12, 11, 10)) > 0.8
    voxels = np.argwhere(~mask)[:50]
    one, two = surface_of(mask, SPACING), surface_of(np.asfortranarray(mask), SPACING)
    assert one is not None
    assert two is not None
    for voxel in voxels:
        assert one.distance_mm(voxel[None]) == pytest.approx(two.distance_mm(voxel[None]))
