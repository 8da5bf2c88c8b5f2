"""Rigid motions: turn, shift and the way back."""

import numpy as np
import pytest

from calciscope.followup.rigid import Rigid, euler


def test_a_quarter_turn_about_a_center() -> None:
    # About (1, 0, 0) by 90 degrees around z, then the center lies at (1, 0, 5):
    # (2, 0, 0) is 1 mm to the left of it, hence 1 mm behind it afterwards.
    motion = Rigid.about((1, 0, 0), euler(0, 0, 90), (1, 0, 5))
    assert motion([2, 0, 0]) == pytest.approx([1, 1, 5])
    assert motion.angle_deg == pytest.approx(90)


def test_the_way_back() -> None:
    motion = Rigid.about((3, -2, 8), euler(10, -20, 30), (1, 2, 3))
    points = np.array([[0.0, 0, 0], [5, 6, 7]])
    assert motion.inverse(motion(points)) == pytest.approx(points)
    assert np.linalg.det(motion.rotation) == pytest.approx(1)


def test_the_matrix_does_the_same() -> None:
    motion = Rigid.about((3, -2, 8), euler(10, -20, 30), (1, 2, 3))
    assert motion.matrix @ [4, 5, 6, 1] == pytest.approx([*motion([4, 5, 6]), 1])
    assert Rigid.identity().angle_deg == 0
