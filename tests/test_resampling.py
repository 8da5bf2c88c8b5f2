import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calciscope.resampling import (
    axis_weights,
    block_affine,
    nearest_indices,
    resample_array,
    resample_labels,
    resampled_affine,
)
from calciscope.volume import Volume

COUNTS = st.integers(1, 40)


@settings(deadline=None, max_examples=40)
@given(COUNTS, COUNTS)
def test_weights_are_averages(count_in: int, count_out: int) -> None:
    weights = axis_weights(count_in, count_out)
    assert weights.shape == (count_out, count_in)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)


def test_weights_of_doubling_are_three_quarters_and_one() -> None:
    # Output centers at input positions -0.25 (held at 0), 0.25, 0.75, 1.25 (held at 1).
    expected = [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    np.testing.assert_allclose(axis_weights(2, 4), expected)


def test_weights_of_halving_reach_over_the_neighbors() -> None:
    # Center at 2.5 in six samples; triangle of half-width 2: 1 - 0.5/2 = 0.75, 1 - 1.5/2 = 0.25.
    expected = np.array([0.0, 0.25, 0.75, 0.75, 0.25, 0.0]) / 2.0
    np.testing.assert_allclose(axis_weights(6, 3)[1], expected)


def test_weights_of_the_same_count_copy() -> None:
    np.testing.assert_array_equal(axis_weights(7, 7), np.eye(7))


def test_a_single_voxel_is_repeated() -> None:
    np.testing.assert_array_equal(axis_weights(1, 3), np.ones((3, 1)))


@settings(deadline=None, max_examples=40)
@given(st.tuples(COUNTS, COUNTS, COUNTS))
def test_a_constant_stays_constant(shape: tuple[int, int, int]) -> None:
    result = resample_array(np.full((5, 6, 7), 37, dtype=np.int16), shape)
    assert result.dtype == np.float32
    assert result.shape == shape
    np.testing.assert_allclose(result, 37.0, rtol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.tuples(COUNTS, COUNTS, COUNTS))
def test_edges_of_the_grid_do_not_move(shape: tuple[int, int, int]) -> None:
    volume = Volume(np.zeros((5, 6, 7)), _oblique())
    affine = resampled_affine(volume, shape)
    resampled = Volume(np.zeros(shape), affine)
    for corner in ((0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)):
        edge_in = np.array(corner) * volume.shape - 0.5
        edge_out = np.array(corner) * np.array(shape) - 0.5
        np.testing.assert_allclose(resampled.lps_mm(edge_out), volume.lps_mm(edge_in), atol=1e-6)


@pytest.mark.parametrize("shape", [(20, 20, 20), (13, 30, 24), (7, 9, 20), (10, 12, 8), (8, 24, 9)])
def test_a_ramp_over_the_world_keeps_its_values(shape: tuple[int, int, int]) -> None:
    volume = Volume(np.zeros((20, 18, 16)), _oblique())
    index = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1)
    slope = np.array([3.0, -2.0, 5.0])
    result = resample_array(volume.lps_mm(index) @ slope, shape)
    there = Volume(result, resampled_affine(volume, shape))
    out = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    expected = there.lps_mm(out) @ slope
    # At the rim the ramp is cut off by the border; two output voxels in it must agree. Where
    # a count is not a multiple of the other, the samples lie askew under the triangle: a tenth
    # of an input voxel (at most 2 mm of slope 5 / mm) is allowed.
    inner = (slice(2, -2),) * 3
    counts = zip(shape, volume.shape, strict=True)
    skew = any(before % after and after % before for after, before in counts)
    allowed = 1.0 if skew else 0.01
    np.testing.assert_allclose(result[inner], expected[inner], rtol=0, atol=allowed)


def test_coarsening_averages_what_nearest_would_skip() -> None:
    stripes = np.zeros((1, 1, 12))
    stripes[..., ::2] = 100.0
    result = resample_array(stripes, (1, 1, 4))
    np.testing.assert_allclose(result, 50.0, atol=6.0)


def test_coarsening_keeps_the_mass_of_a_spot_inside() -> None:
    spot = np.zeros((24, 24, 24))
    spot[11, 12, 10] = 1000.0
    result = resample_array(spot, (12, 8, 6))
    assert result.sum() * (2 * 3 * 4) == pytest.approx(1000.0, rel=1e-4)


def test_refining_never_leaves_the_range() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 5, 6))
    result = resample_array(values, (9, 5, 17))
    assert values.min() - 1e-6 <= result.min()
    assert result.max() <= values.max() + 1e-6


def test_an_axis_that_keeps_its_count_is_untouched() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(resample_array(values, (2, 3, 4)), values)
    # Along j only; plane i, k is interpolated by itself.
    np.testing.assert_allclose(resample_array(values, (2, 1, 4))[1, 0, 2], values[1, 1, 2])


def test_nearest_indices_by_hand() -> None:
    np.testing.assert_array_equal(nearest_indices(2, 4), [0, 0, 1, 1])
    np.testing.assert_array_equal(nearest_indices(6, 3), [1, 3, 5])
    np.testing.assert_array_equal(nearest_indices(3, 3), [0, 1, 2])
    np.testing.assert_array_equal(nearest_indices(5, 1), [2])


@settings(deadline=None, max_examples=40)
@given(COUNTS, COUNTS)
def test_nearest_indices_hold_the_center(count_in: int, count_out: int) -> None:
    indices = nearest_indices(count_in, count_out)
    centers = (np.arange(count_out) + 0.5) * count_in / count_out
    assert (indices <= centers + 1e-9).all()
    assert (centers <= indices + 1 + 1e-9).all()


def test_labels_survive_refining_and_coming_back() -> None:
    labels = np.random.default_rng(1).integers(0, 7, (4, 5, 6), dtype=np.uint8)
    fine = resample_labels(labels, (12, 15, 6))
    assert fine.dtype == np.uint8
    np.testing.assert_array_equal(fine, labels.repeat(3, axis=0).repeat(3, axis=1))
    np.testing.assert_array_equal(resample_labels(fine, labels.shape), labels)


def _oblique() -> np.ndarray:
    cosine, sine = np.cos(0.3), np.sin(0.3)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) * (0.8, 0.9, 2.0)
    affine[:3, 3] = (-40.0, 12.0, 300.0)
    return affine


def test_a_block_lies_in_the_middle_of_its_voxels() -> None:
    volume = Volume.from_spacing(np.zeros((4, 6, 5)), (1.0, 0.5, 2.0), (10.0, 20.0, 30.0))
    affine = block_affine(volume, (2, 3, 1))
    np.testing.assert_allclose(np.diag(affine), [2.0, 1.5, 2.0, 1.0])
    # Indices 0 and 1 at 10 and 11; 0, 1, 2 at 20, 20.5, 21; 0 at 30.
    np.testing.assert_allclose(affine[:3, 3], [10.5, 20.5, 30.0])
