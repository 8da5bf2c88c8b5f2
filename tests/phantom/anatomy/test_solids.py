"""Depth under the surface of tubes and ellipsoids, posed and cut."""

import numpy as np
import pytest

from calciscope.phantom.anatomy.parts import MIRROR, rotation
from calciscope.phantom.anatomy.solids import Ball, Tube, ball, depth_in_box, grid_axes, tube
from calciscope.volume import Volume

GRID = Volume.from_spacing(np.zeros((81, 81, 81), np.uint8), (1, 1, 1), (-40, -40, -40))
AXES = grid_axes(GRID)


def volume_mm3(solid: Tube | Ball) -> float:
    found = depth_in_box(solid, AXES)
    assert found
    # Anti-aliased cover: the volume of a solid to much better than its count of voxels.
    return float(np.clip(0.5 + found[1], 0, 1).sum())


def test_a_ball_has_its_volume_wherever_it_is_posed() -> None:
    solid = ball((3, -2, 1), (14, 9, 6))
    expected = 4 / 3 * np.pi * 14 * 9 * 6
    assert volume_mm3(solid) == pytest.approx(expected, rel=0.02)
    turned = solid.moved(rotation(0, 40) @ rotation(2, 25) @ MIRROR, np.array([2.0, 1, -3]))
    assert volume_mm3(turned) == pytest.approx(expected, rel=0.02)
    assert turned.moved(np.eye(3) * 0.5, np.zeros(3)).radii_mm == pytest.approx([7, 4.5, 3])


def test_half_a_ball_is_kept() -> None:
    whole = ball((0, 0, 0), (12, 12, 12))
    half = Ball(whole.center, whole.radii_mm, whole.axes, np.array([0.0, 0, 1]))
    assert volume_mm3(half) == pytest.approx(0.5 * volume_mm3(whole), rel=0.03)
    found = depth_in_box(half, AXES)
    assert found
    box, depth = found
    assert not (depth[:, :, : 39 - box[2].start] > 0).any()


def test_an_elliptic_tube_has_the_area_of_its_section() -> None:
    solid = tube(((0, 0, -60, 12, 7), (0, 0, 60, 12, 7)))
    found = depth_in_box(solid, AXES)
    assert found
    section = np.clip(0.5 + found[1][:, :, 40], 0, 1).sum()
    assert section == pytest.approx(np.pi * 12 * 7, rel=0.02)


def test_a_tube_ends_in_caps_and_bends_without_a_gap() -> None:
    solid = tube(((0, 0, -20, 6, 6), (0, 0, 0, 6, 6), (18, 0, 12, 6, 6)), cap=0.5)
    found = depth_in_box(solid, AXES, pad_mm=10)
    assert found
    box, depth = found

    def at(x: int, y: int, z: int) -> float:
        return float(depth[x + 40 - box[0].start, y + 40 - box[1].start, z + 40 - box[2].start])

    # The cap is 0.5 x 6 = 3 mm long.
    assert at(0, 0, -22) > 0 > at(0, 0, -24)
    assert at(0, 0, 0) > 4
    assert at(9, 0, 6) > 4
    assert at(-3, 0, 3) > 0


def test_depth_is_a_distance_near_the_surface() -> None:
    found = depth_in_box(ball((0, 0, 0), (20, 12, 12)), AXES, pad_mm=4)
    assert found
    box, depth = found
    middle = [40 - s.start for s in box]
    assert depth[middle[0] + 18, middle[1], middle[2]] == pytest.approx(2, abs=0.15)
    assert depth[middle[0], middle[1] + 14, middle[2]] == pytest.approx(-2, abs=0.4)


def test_what_lies_off_the_grid_is_not_drawn() -> None:
    assert depth_in_box(ball((200, 0, 0), (5, 5, 5)), AXES) is None
