"""Diameters, linearity and direction of small voxel sets worked out by hand."""

import numpy as np
import pytest

from calciscope.ct.shape import measure_shape
from calciscope.volume import Volume

ISOTROPIC = Volume.from_spacing(np.zeros((60, 60, 60), np.uint8), (1.0, 1.0, 1.0))
THICK = Volume.from_spacing(np.zeros((60, 60, 60), np.uint8), (0.5, 0.5, 2.0), (10.0, 20.0, 30.0))


def box(*sizes: int) -> np.ndarray:
    return np.argwhere(np.ones(sizes, bool))


def test_a_row_of_voxels_measures_as_many_voxels() -> None:
    shape = measure_shape(box(7, 1, 1), ISOTROPIC)
    assert shape.longest_diameter_mm == pytest.approx(7.0)
    assert shape.short_axis_mm == pytest.approx(1.0)
    assert shape.linearity == pytest.approx(1.0)
    assert np.abs(shape.direction) == pytest.approx([1, 0, 0], abs=1e-9)


def test_spacing_counts_along_each_axis() -> None:
    shape = measure_shape(box(1, 1, 5), THICK)
    assert shape.longest_diameter_mm == pytest.approx(5 * 2.0)
    assert shape.short_axis_mm == pytest.approx(0.5)
    # Five slices of 2 mm from z = 30: the middle one lies at 34.
    assert shape.centroid_lps_mm == pytest.approx([10, 20, 34])


def test_single_voxel() -> None:
    shape = measure_shape(box(1, 1, 1), THICK)
    assert shape.linearity == 0.0
    assert max(shape.longest_diameter_mm, shape.short_axis_mm) == pytest.approx(2.0)


def test_short_axis_lies_across_the_longest() -> None:
    # 11 x 5 x 1 voxels. Centers of opposite corners: sqrt(10^2 + 4^2) = 10.770, plus one voxel.
    shape = measure_shape(box(11, 5, 1), ISOTROPIC)
    assert shape.longest_diameter_mm == pytest.approx(np.hypot(10, 4) + 1)
    # A section across the diagonal is cut by the long edges 4 mm (center to center) apart:
    # 4 / cos(atan(4 / 10)) = 4.308, plus one voxel; the grid's steps leave some tenths open.
    assert shape.short_axis_mm == pytest.approx(5.308, abs=0.3)


def test_linearity_of_a_block() -> None:
    # The variance of n voxels in a row is (n^2 - 1) / 12: 80 / 12 for 9 and 24 / 12 for 5.
    assert measure_shape(box(9, 5, 3), ISOTROPIC).linearity == pytest.approx((80 - 24) / 80)
    assert measure_shape(box(4, 4, 4), ISOTROPIC).linearity == pytest.approx(0, abs=1e-9)


def test_planarity_of_a_block() -> None:
    # 8 / 12 for 3 voxels in a row.
    assert measure_shape(box(9, 5, 3), ISOTROPIC).planarity == pytest.approx((24 - 8) / 80)
    assert measure_shape(box(9, 9, 1), ISOTROPIC).planarity == pytest.approx(1.0)
    assert measure_shape(box(1, 1, 1), ISOTROPIC).planarity == 0.0


def test_a_large_flat_lesion_has_a_hull_too() -> None:
    shape = measure_shape(box(30, 20, 1), ISOTROPIC)
    assert shape.longest_diameter_mm == pytest.approx(np.hypot(29, 19) + 1, abs=1e-6)


def capsule(length_mm: float, diameter_mm: float, direction: np.ndarray) -> np.ndarray:
    points = np.argwhere(np.ones((60, 60, 60), bool))
    offsets = points - np.array([30.2, 29.7, 30.1])
    half, radius = length_mm / 2 - diameter_mm / 2, diameter_mm / 2
    along = np.clip(offsets @ direction, -half, half)
    return points[np.linalg.norm(offsets - np.outer(along, direction), axis=1) <= radius]


@pytest.mark.parametrize(
    "direction", [(0, 0, 1), (1, 1, 0), (1, 2, 3), (-1, 0.5, 4)], ids=["z", "xy", "xyz", "steep"]
)
def test_capsule_in_any_direction(direction: tuple[float, float, float]) -> None:
    unit = np.array(direction, dtype=float) / np.linalg.norm(direction)
    shape = measure_shape(capsule(24.0, 6.0, unit), ISOTROPIC)
    assert shape.longest_diameter_mm == pytest.approx(24.0, abs=1.0)
    assert shape.short_axis_mm == pytest.approx(6.0, abs=1.0)
    assert shape.linearity > 0.85
    assert abs(shape.direction @ unit) > np.cos(np.deg2rad(2))


def test_the_world_counts_not_the_grid() -> None:
    angle = np.deg2rad(30)
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    volume = Volume(np.zeros((60, 60, 60), np.uint8), turned)
    straight, oblique = measure_shape(box(9, 4, 2), ISOTROPIC), measure_shape(box(9, 4, 2), volume)
    assert oblique.longest_diameter_mm == pytest.approx(straight.longest_diameter_mm)
    assert oblique.short_axis_mm == pytest.approx(straight.short_axis_mm)
    assert abs(oblique.direction @ [np.cos(angle), np.sin(angle), 0]) == pytest.approx(1.0)
