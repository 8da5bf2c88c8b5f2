"""An oval disc: volume, distances and bounds worked out by hand."""

import numpy as np
import pytest

from calciscope.phantom.activity.sheet import Sheet
from calciscope.phantom.shapes import Ellipsoid

PLATE = Ellipsoid(np.array([10.0, 20.0, 30.0]), np.array([9.0, 6.0, 1.0]), np.eye(3))


def test_a_sheet_is_wider_than_its_plate_and_has_its_own_thickness() -> None:
    sheet = Sheet.around(PLATE, margin_mm=3.0, thickness_mm=4.0)
    assert sheet.radii_mm.tolist() == [12.0, 9.0]
    assert sheet.volume_mm3 == pytest.approx(np.pi * 12 * 9 * 4)
    low, high = sheet.bounds_mm()
    assert low.tolist() == [-2.0, 11.0, 28.0]
    assert high.tolist() == [22.0, 29.0, 32.0]


def test_distance_is_exact_on_the_axes() -> None:
    sheet = Sheet.around(PLATE, margin_mm=3.0, thickness_mm=4.0)
    points = np.array([[10, 20, 30], [10, 20, 33], [23, 20, 30], [10, 30, 30], [21, 20, 30]])
    # 2 mm under both faces; 1 mm over one; 1 mm beyond 12 and 9 mm; 1 mm inside of 12 mm.
    expected = [-2.0, 1.0, 13 / 12 * (1 / 12) / (13 / 144), 10 / 9 * (1 / 9) / (10 / 81), -1.0]
    assert sheet.distance_mm(points) == pytest.approx(expected)
    assert expected[2:4] == pytest.approx([1.0, 1.0])


def test_bounds_of_a_turned_sheet_hold_every_point_of_it() -> None:
    axes = np.linalg.qr(np.array([[1.0, 0.3, 0.2], [0.1, 1.0, -0.4], [0.5, 0.2, 1.0]]))[0]
    sheet = Sheet(np.zeros(3), np.array([8.0, 5.0]), 3.0, axes)
    points = np.random.default_rng(0).uniform(-12, 12, (20000, 3))
    inside = points[sheet.distance_mm(points) < 0]
    low, high = sheet.bounds_mm()
    assert len(inside) > 100
    assert (inside >= low).all()
    assert (inside <= high).all()
    share = len(inside) / len(points)
    assert share * 24**3 == pytest.approx(sheet.volume_mm3, rel=0.15)
