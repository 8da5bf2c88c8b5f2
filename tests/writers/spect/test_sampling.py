"""Values of a volume at points of another grid."""

import numpy as np
import pytest

from calciscope.volume import Volume
from calciscope.writers.spect.sampling import on_grid, sample, upright


@pytest.fixture
def ramp() -> Volume:
    """Values 1 + x + 10 y + 100 z at spacing 2 mm from (10, 20, 30) mm, x, y, z in voxels."""
    i, j, k = np.indices((4, 5, 6))
    return Volume.from_spacing(
        (1 + i + 10 * j + 100 * k).astype(np.float32), (2.0, 2.0, 2.0), (10.0, 20.0, 30.0)
    )


def test_between_voxels_it_is_linear(ramp: Volume) -> None:
    points = np.array([[10.0, 20.0, 30.0], [11.0, 20.0, 30.0], [16.0, 28.0, 40.0]])
    np.testing.assert_allclose(sample(ramp, points), [1.0, 1.5, 1 + 3 + 40 + 500])
    np.testing.assert_allclose(sample(ramp, points[1:2] + 0.4, order=0), [2.0])


def test_beyond_it_is_nothing(ramp: Volume) -> None:
    points = np.array([[7.0, 20.0, 30.0], [10.0, 20.0, 43.0]])
    assert sample(ramp, points).tolist() == [0.0, 0.0]


def test_a_grid_is_filled_voxel_by_voxel(ramp: Volume) -> None:
    grid = Volume.from_spacing(np.zeros((2, 3, 2)), (4.0, 2.0, 5.0), (12.0, 20.0, 30.0))
    index = np.stack(np.indices(grid.shape), axis=-1)
    np.testing.assert_allclose(on_grid(ramp, grid), sample(ramp, grid.lps_mm(index)))


def test_upright_leaves_what_is_upright(ramp: Volume) -> None:
    turned = Volume(ramp.array[::-1], ramp.affine @ np.diag([-1.0, 1, 1, 1]) + _shift(3 * 2.0))
    again = upright(turned)
    np.testing.assert_array_equal(again.array, ramp.array)
    np.testing.assert_allclose(again.affine, ramp.affine)


def _shift(x_mm: float) -> np.ndarray:
    shift = np.zeros((4, 4))
    shift[0, 3] = x_mm
    return shift


def test_upright_straightens_what_is_oblique() -> None:
    """A ball of 12 mm at (30, -20, 10) mm, on a grid turned by 30 degrees about y."""
    angle = np.deg2rad(30.0)
    affine = np.eye(4)
    affine[:3, :3] = 4.0 * np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    affine[:3, 3] = (-80.0, -80.0, -20.0)
    blank = Volume(np.zeros((40, 40, 40), np.float32), affine)
    points = blank.lps_mm(np.stack(np.indices(blank.shape), axis=-1))
    ball = np.linalg.norm(points - [30.0, -20.0, 10.0], axis=-1) < 12.0
    straight = upright(blank.with_array(ball.astype(np.float32)))
    np.testing.assert_allclose(straight.direction, np.eye(3), atol=1e-9)
    center = straight.lps_mm(np.argwhere(straight.array > 0.5).mean(axis=0))
    np.testing.assert_allclose(center, [30.0, -20.0, 10.0], atol=1.0)
    volume = straight.array.sum() * straight.voxel_volume_mm3
    assert volume == pytest.approx(ball.sum() * blank.voxel_volume_mm3, rel=0.02)
