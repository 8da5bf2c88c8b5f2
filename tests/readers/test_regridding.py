from collections.abc import Callable

import numpy as np
import pytest

from calciscope.errors import SeriesGeometryError
from calciscope.readers.arrangement import arrange
from calciscope.readers.regridding import rectangular
from calciscope.readers.slices import Slice
from calciscope.volume import Volume

Make = Callable[..., Slice]


def value_at(volume: Volume, lps_mm: tuple[float, float, float]) -> float:
    """The value at a world position that is a voxel center."""
    index = volume.index(lps_mm)
    np.testing.assert_allclose(index, np.rint(index), atol=1e-6)
    return float(volume.array[tuple(np.rint(index).astype(int))])


def test_tilt_by_whole_pixels_only_moves_values(make_slice: Make) -> None:
    # Each slice lies one row (0.7 mm) further back than the one below.
    stack = arrange([make_slice((0, 0.7 * k, 2.5 * k)) for k in range(4)], "series")
    array = np.arange(4 * 3 * 4, dtype=np.int16).reshape(4, 3, 4)
    volume = rectangular(array, stack, "series")
    assert volume.is_rectangular
    assert volume.shape == (4, 3 + 3, 4)
    np.testing.assert_allclose(volume.spacing_mm, (0.8, 0.7, 2.5))
    for i, j, k in np.ndindex(array.shape):
        there = (0.8 * i, 0.7 * j + 0.7 * k, 2.5 * k)
        assert value_at(volume, there) == array[i, j, k]
    # Around it, nothing was scanned.
    assert (volume.array == -1024).sum() == volume.array.size - array.size


def test_tilt_the_other_way_extends_the_grid_forward(make_slice: Make) -> None:
    stack = arrange([make_slice((0, -0.7 * k, 2.5 * k)) for k in range(4)], "series")
    array = np.arange(4 * 3 * 4, dtype=np.int16).reshape(4, 3, 4)
    volume = rectangular(array, stack, "series")
    np.testing.assert_allclose(volume.affine[:3, 3], (0, -2.1, 0))
    for i, j, k in np.ndindex(array.shape):
        assert value_at(volume, (0.8 * i, 0.7 * j - 0.7 * k, 2.5 * k)) == array[i, j, k]


def test_tilt_by_parts_of_a_pixel_interpolates(make_slice: Make) -> None:
    # 0.25 rows further back: a row between rows 1 and 2 is 3/4 of the nearer one.
    stack = arrange([make_slice((0, 0.175 * k, 2.5 * k)) for k in range(2)], "series")
    array = np.zeros((4, 3, 2), dtype=np.int16)
    array[:, :, 0] = 7
    array[:, :, 1] = [100, 200, 400]
    volume = rectangular(array, stack, "series")
    assert volume.shape == (4, 4, 2)
    np.testing.assert_array_equal(volume.array[0, :, 0], [7, 7, 7, -1024])
    expected = [
        0.75 * 100 + 0.25 * -1024,  # -181
        0.75 * 200 + 0.25 * 100,  # 175
        0.75 * 400 + 0.25 * 200,  # 350
        0.75 * -1024 + 0.25 * 400,  # -668
    ]
    np.testing.assert_array_equal(volume.array[2, :, 1], expected)


def test_a_linear_ramp_in_the_world_survives_tilt(make_slice: Make) -> None:
    back, sideways = 2.5 * np.tan(np.radians(17)), 0.3
    stack = arrange([make_slice((sideways * k, back * k, 2.5 * k)) for k in range(9)], "series")
    i, j, k = np.meshgrid(*map(np.arange, (4, 3, 9)), indexing="ij")
    x, y, z = 0.8 * i + sideways * k, 0.7 * j + back * k, 2.5 * k
    volume = rectangular((10 * x + 20 * y - 3 * z).astype(np.float32), stack, "series")
    assert volume.is_rectangular
    world = volume.lps_mm(np.moveaxis(np.indices(volume.shape), 0, -1))
    ramp = world @ [10, 20, -3]
    on_ramp = np.isclose(volume.array, ramp, atol=1e-2)
    # Voxels with both neighbors inside the slice: at least 3 x 2 of 4 x 3 in every slice.
    assert (on_ramp.sum(axis=(0, 1)) >= 6).all()


def test_unequal_spacing_becomes_the_smallest(make_slice: Make) -> None:
    heights = [0, 2, 4, 6, 8, 10, 14, 18, 22, 26]
    slices = [make_slice((0, 0, h), instance_number=n) for n, h in enumerate(heights)]
    stack = arrange(slices, "series")
    assert not stack.is_even
    array = np.broadcast_to(np.array(heights, dtype=np.int16) * 10, (4, 3, 10))
    volume = rectangular(array, stack, "series")
    assert volume.shape == (4, 3, 14)
    np.testing.assert_allclose(volume.spacing_mm, (0.8, 0.7, 2.0))
    assert volume.array.dtype == np.int16
    assert volume.array.flags.f_contiguous
    # A ramp in z stays one: 12 mm lies halfway between the slices at 10 and 14 mm.
    np.testing.assert_array_equal(volume.array[1, 1], np.arange(0, 280, 20))


def test_a_very_small_gap_does_not_make_thousands_of_slices(make_slice: Make) -> None:
    heights = [0.0, 3.1, 3.6, 6.4, 9.5, 12.1, 15.4]
    slices = [make_slice((0, 0, h), instance_number=n) for n, h in enumerate(heights)]
    volume = rectangular(np.zeros((4, 3, 7), np.int16), arrange(slices, "series"), "series")
    # Half the median gap of 2.95 mm is 1.475 mm: 15.4 / 1.475 = 10.4 steps.
    assert volume.shape[2] == 11
    assert volume.spacing_mm[2] == pytest.approx(1.54)


def test_slices_far_apart_in_their_plane_are_refused(make_slice: Make) -> None:
    stack = arrange([make_slice((40 * k, 0, 2.5 * k)) for k in range(4)], "series")
    with pytest.raises(SeriesGeometryError, match="far apart in their plane"):
        rectangular(np.zeros((4, 3, 4), np.int16), stack, "series")
