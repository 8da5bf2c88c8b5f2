"""Surfaces and distances of boxes, counted by hand."""

import numpy as np
import pytest

from calciscope.followup.surfaces import FAR_MM, signed_distance, surface_points, values_at
from calciscope.volume import Volume


def box(shape: tuple[int, int, int], part: tuple[slice, slice, slice]) -> Volume:
    array = np.zeros(shape, bool)
    array[part] = True
    return Volume.from_spacing(array, (2.0, 2.0, 2.0))


def test_a_cube_has_six_sides() -> None:
    cube = box((8, 8, 8), (slice(2, 6),) * 3)
    points = surface_points(cube, cube.array)
    # 4 x 4 faces on each of 6 sides, half-way between voxel centers: x = 3 mm or 11 mm at the ends.
    assert len(points) == 96
    assert points[:, 0].min() == 3.0
    assert points[:, 0].max() == 11.0


def test_the_ends_of_the_grid_are_no_surface() -> None:
    rod = box((8, 8, 8), (slice(2, 6), slice(2, 6), slice(None)))
    assert len(surface_points(rod, rod.array)) == 4 * 4 * 8
    # In the middle of the rod, the surface is 2 voxels less half a one away, at its ends as well.
    assert signed_distance(rod, 20.0).array[4, 4, 0] == pytest.approx(-3.0)


def test_only_faces_of_the_wanted_voxels() -> None:
    cube = box((8, 8, 8), (slice(2, 6),) * 3)
    lower = cube.array.copy()
    lower[:, :, 4:] = False
    # Below: one side of 16 faces, and 4 sides of 4 x 2.
    assert len(surface_points(cube, lower)) == 16 + 4 * 8


def test_distance_is_zero_on_faces_and_cut_far_away() -> None:
    slab = box((12, 3, 3), (slice(0, 4), slice(None), slice(None)))
    distance = signed_distance(slab, 5.0)
    # The face lies between x = 6 and 8 mm.
    assert distance.array[:, 1, 1] == pytest.approx([-5, -5, -3, -1, 1, 3, 5, 5, 5, 5, 5, 5])
    assert values_at(distance, np.array([[7.0, 2.0, 2.0], [-9.0, 2, 2]]), np.nan) == pytest.approx(
        [0.0, np.nan], nan_ok=True
    )


def test_without_any_surface_all_is_far() -> None:
    empty = box((3, 3, 3), (slice(0, 0),) * 3)
    assert (signed_distance(empty, 100.0).array == FAR_MM).all()
    assert len(surface_points(empty, empty.array)) == 0
