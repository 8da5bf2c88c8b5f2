from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from calciscope.errors import InputError
from calciscope.volume import Volume, ras_mm

ORIENTATIONS = [
    (order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)
]
SPACING = (0.7, 0.9, 3.0)
SHAPE = (3, 4, 5)


def oriented(order: tuple[int, ...], signs: tuple[int, ...]) -> Volume:
    """Native axis n runs along world axis order[n], in the direction signs[n]."""
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        affine[world, axis] = sign * SPACING[axis]
    affine[:3, 3] = (-120.0, 35.5, 800.0)
    return Volume(np.arange(60).reshape(SHAPE), affine)


def rotated(degrees: tuple[float, float, float]) -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() * SPACING
    affine[:3, 3] = (10.0, -20.0, 30.0)
    return Volume(np.arange(60).reshape(SHAPE), affine)


def every_index(shape: tuple[int, ...]) -> np.ndarray:
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 3)


def test_there_are_48_orientations() -> None:
    assert len(ORIENTATIONS) == 48


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_canonical_axes_run_along_left_posterior_superior(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    canonical = oriented(order, signs).canonical().volume
    expected = np.zeros(3)
    for axis, world in enumerate(order):
        expected[world] = SPACING[axis]
    np.testing.assert_allclose(canonical.affine[:3, :3], np.diag(expected))
    assert canonical.shape == tuple(SHAPE[order.index(world)] for world in range(3))


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_every_voxel_keeps_its_place_in_the_world(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    native = oriented(order, signs)
    canonical = native.canonical().volume
    for index in every_index(canonical.shape):
        there = np.rint(native.index(canonical.lps_mm(index))).astype(int)
        np.testing.assert_allclose(native.lps_mm(there), canonical.lps_mm(index), atol=1e-9)
        assert canonical.array[tuple(index)] == native.array[tuple(there)]


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_what_is_made_on_canonical_axes_comes_back_to_native_ones(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    native = oriented(order, signs)
    view = native.canonical()
    np.testing.assert_array_equal(view.to_native(view.from_native(native.array)), native.array)
    assert np.shares_memory(view.volume.array, native.array)
    # One marked voxel, the most left, anterior and inferior corner of the canonical grid.
    marked = np.zeros(view.volume.shape, dtype=bool)
    marked[-1, 0, 0] = True
    found = np.argwhere(view.to_native(marked))
    assert len(found) == 1
    corners = native.lps_mm(every_index(native.shape))
    expected = (corners[:, 0].max(), corners[:, 1].min(), corners[:, 2].min())
    np.testing.assert_allclose(native.lps_mm(found[0]), expected)


@settings(deadline=None, max_examples=40)
@given(st.tuples(*[st.floats(-30, 30)] * 3))
def test_oblique_volumes_keep_places_and_go_back(degrees: tuple[float, float, float]) -> None:
    native = rotated(degrees)
    view = native.canonical()
    canonical = view.volume
    assert (np.diag(canonical.direction) > 0.5).all()
    for index in ([0, 0, 0], [1, 2, 3], np.array(canonical.shape) - 1):
        there = np.rint(native.index(canonical.lps_mm(index))).astype(int)
        assert canonical.array[tuple(index)] == native.array[tuple(there)]
    np.testing.assert_array_equal(view.to_native(canonical.array), native.array)


def test_canonical_of_canonical_changes_nothing() -> None:
    once = oriented((2, 0, 1), (-1, 1, -1)).canonical().volume
    twice = once.canonical()
    assert twice.order == (0, 1, 2)
    assert twice.flipped == (False, False, False)
    np.testing.assert_array_equal(twice.volume.affine, once.affine)


def test_nifti_world_is_right_anterior_superior() -> None:
    # nibabel's own template: i grows to the right, j to the front, k to the head.
    volume = Volume.from_ras(np.zeros(SHAPE), np.diag([2.0, 3.0, 4.0, 1.0]))
    np.testing.assert_allclose(volume.lps_mm([1, 1, 1]), [-2.0, -3.0, 4.0])
    np.testing.assert_allclose(volume.affine_ras, np.diag([2.0, 3.0, 4.0, 1.0]))
    assert volume.canonical().flipped == (True, True, False)


def test_positions_in_the_world_of_nifti() -> None:
    assert ras_mm([[1.0, 2.0, 3.0], [-4.0, 0.5, 6.0]]).tolist() == [[-1, -2, 3], [4, -0.5, 6]]


def test_left_is_at_the_high_end_of_the_first_canonical_axis() -> None:
    array = np.zeros(SHAPE)
    array[0] = 1.0  # in RAS the first column is the patient's left-most
    canonical = Volume.from_ras(array, np.eye(4)).canonical().volume
    assert canonical.array[-1].all()
    assert not canonical.array[:-1].any()


def test_from_spacing_puts_the_first_voxel_at_the_origin() -> None:
    volume = Volume.from_spacing(np.zeros(SHAPE), SPACING, (5.0, 6.0, 7.0))
    np.testing.assert_allclose(volume.lps_mm([0, 0, 0]), [5.0, 6.0, 7.0])
    np.testing.assert_allclose(volume.lps_mm([2, 3, 4]), [5 + 1.4, 6 + 2.7, 7 + 12.0])
    np.testing.assert_allclose(volume.spacing_mm, SPACING)
    assert volume.voxel_volume_mm3 == pytest.approx(0.7 * 0.9 * 3.0)


def test_index_undoes_lps_mm() -> None:
    volume = rotated((10.0, -25.0, 7.0))
    indices = np.array([[0.0, 0.5, 2.25], [2.0, 3.0, 4.0]])
    np.testing.assert_allclose(volume.index(volume.lps_mm(indices)), indices, atol=1e-9)


def test_a_rotation_is_rectangular_and_a_tilt_is_not() -> None:
    assert rotated((10.0, 20.0, 30.0)).is_rectangular
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[1, 2] = 3.0 * np.tan(np.radians(5.0))  # gantry tilt of 5 degrees
    tilted = Volume(np.zeros(SHAPE), affine)
    assert not tilted.is_rectangular
    assert tilted.voxel_volume_mm3 == pytest.approx(3.0)
    assert tilted.spacing_mm[2] == pytest.approx(3.0 / np.cos(np.radians(5.0)))


def test_crop_keeps_the_world_and_shares_memory() -> None:
    volume = rotated((10.0, 20.0, 30.0))
    part = volume.crop((1, 0, 2), (3, 2, 5))
    assert part.shape == (2, 2, 3)
    np.testing.assert_allclose(part.lps_mm([0, 0, 0]), volume.lps_mm([1, 0, 2]))
    assert part.array[1, 1, 2] == volume.array[2, 1, 4]
    assert np.shares_memory(part.array, volume.array)


@pytest.mark.parametrize(
    ("start", "stop"), [((-1, 0, 0), (2, 2, 2)), ((0, 0, 0), (4, 4, 5)), ((1, 1, 1), (1, 2, 2))]
)
def test_crop_refuses_what_is_not_inside(start: tuple[int, ...], stop: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="cannot crop"):
        rotated((0.0, 0.0, 0.0)).crop(start, stop)


def test_same_grid_compares_voxels_in_the_world() -> None:
    volume = rotated((0.0, 0.0, 0.0))
    shifted = volume.affine.copy()
    shifted[0, 3] += 0.5
    mirrored = volume.affine.copy()
    mirrored[:3, 0] *= -1
    assert volume.same_grid(Volume(np.ones(SHAPE), volume.affine))
    assert not volume.same_grid(Volume(np.ones(SHAPE), shifted))
    assert not volume.same_grid(Volume(np.ones(SHAPE), mirrored))
    assert not volume.same_grid(Volume(np.ones((3, 4, 6)), volume.affine))


def test_with_array_refuses_another_shape() -> None:
    with pytest.raises(InputError, match="expected an array of shape"):
        rotated((0.0, 0.0, 0.0)).with_array(np.zeros((3, 4, 6)))


@pytest.mark.parametrize(
    ("array", "affine", "message"),
    [
        (np.zeros((2, 2)), np.eye(4), "3 axes"),
        (np.zeros(SHAPE), np.eye(3), "4 x 4"),
        (np.zeros(SHAPE), np.diag([1.0, 1.0, 1.0, 2.0]), "last row"),
        (np.zeros(SHAPE), np.diag([1.0, 1.0, 0.0, 1.0]), "invertible"),
        (np.zeros(SHAPE), np.diag([1.0, np.nan, 1.0, 1.0]), "finite"),
    ],
)
def test_what_is_no_volume_is_refused(array: np.ndarray, affine: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Volume(array, affine)
