"""Painted legs: mirror images, tissues in their order, bones where anatomy has them."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.labels import Label
from calciscope.phantom import legs
from calciscope.phantom.legs import Leg
from calciscope.phantom.limb_drawing import Canvas, draw_leg
from calciscope.phantom.scene import Furniture, paint_scene, smooth_field
from calciscope.volume import Volume


def canvas(side: str, low_mm: float, planes: int = 4, **changes: object) -> Canvas:
    """One leg around x = 0, planes of 10 mm from `low_mm`."""
    grid = Volume.from_spacing(
        np.zeros((200, 260, planes), np.uint8), (1, 1, 10.0), (-99.5, -150, low_mm)
    )
    result = Canvas.blank(grid)
    leg = replace(Leg(side=side, center_x_mm=0.0), **changes)  # type: ignore[arg-type]
    draw_leg(result, leg, np.zeros(grid.shape, np.float32))
    return result


@pytest.mark.parametrize("low_mm", [-30.0, 80.0, 390.0])
def test_left_and_right_are_mirror_images(low_mm: float) -> None:
    left, right = canvas("L", low_mm), canvas("R", low_mm)
    assert left.tissues.any()
    # A fat septum of one pixel lies on the one or the other side of its border.
    assert (np.abs(left.hu - right.hu[::-1]) > 0.5).mean() < 0.005
    assert (left.tissues == right.tissues[::-1]).mean() > 0.9999


def test_fibula_is_lateral_and_tibia_medial() -> None:
    # Left leg: lateral is +x. The fibula is the smaller bone.
    tissues = canvas("L", 150.0, planes=1, rotation_deg=0.0).tissues[:, :, 0]
    x = np.arange(200) - 99.5
    bone = (tissues == Label.BONE).sum(axis=1)
    lateral, medial = bone[x > 8].sum(), bone[x < 8].sum()
    assert 60 < lateral < medial
    assert medial > 400


def test_tissues_from_skin_to_bone() -> None:
    tissues = canvas("R", 200.0, planes=1, rotation_deg=0.0).tissues[:, :, 0]
    column = tissues[100][tissues[100] > 0]
    assert column[0] == Label.SUBCUTANEOUS
    assert column[-1] == Label.SUBCUTANEOUS
    assert Label.MUSCLE in column


def test_one_bone_above_the_knee_two_below_and_a_fabella_on_request() -> None:
    thigh = canvas("L", 550.0, planes=1).tissues[:, :, 0] == Label.BONE
    assert 400 < thigh.sum() < 1200
    with_fabella = canvas("L", 408.0, planes=1).tissues == Label.BONE
    without = canvas("L", 408.0, planes=1, bones_left_out=("fabella",)).tissues == Label.BONE
    assert 20 < with_fabella.sum() - without.sum() < 120


@pytest.mark.parametrize("z", [60.0, 180.0])
def test_the_shank_has_its_muscles(z: float) -> None:
    muscles = canvas("L", z, planes=1).muscles
    names = {legs.MUSCLES[n] for n in np.unique(muscles)}
    expected = {"tibialis anterior", "fibularis longus/brevis", "soleus medial", "soleus lateral"}
    assert expected <= names
    assert ("gastrocnemius medial" in names) == (z > 150)


def test_amputation_leaves_air_below() -> None:
    stump = canvas("L", 60.0, planes=10, amputated_below_mm=100.0)
    assert not stump.tissues[:, :, :4].any()
    assert stump.tissues[:, :, 5:].any()


def test_leg_frame_there_and_back() -> None:
    leg = Leg(side="R", center_x_mm=-85.0, center_y_mm=4.0, tilt=(0.02, -0.01))
    point = leg.world(12.0, -30.0, 200.0)
    u, v = leg.local(point[:1], point[1:2], 200.0)
    assert (u[0], v[0]) == pytest.approx((12.0, -30.0))


def test_furniture_stays_outside_of_the_body() -> None:
    grid = Volume.from_spacing(np.zeros((200, 220, 6), np.uint8), (1, 1, 5.0), (-100, -100, 100))
    leg = Leg(side="L", center_x_mm=0.0)
    bare = paint_scene(grid, [leg], Furniture(), np.random.default_rng(0))
    dressed = paint_scene(
        grid, [leg], Furniture(table_y_mm=80.0, blanket_hu=-600.0), np.random.default_rng(0)
    )
    body = bare.tissues > 0
    assert (bare.hu[body] == dressed.hu[body]).all()
    assert (dressed.tissues == bare.tissues).all()
    assert dressed.hu[~body].max() > -300
    assert bare.hu[~body].max() < -300


def test_smooth_field_has_the_wanted_shape_and_no_jumps() -> None:
    field = smooth_field((40, 30), (4, 3), np.random.default_rng(0))
    assert field.shape == (40, 30)
    assert np.abs(np.diff(field, axis=0)).max() < 0.4
    assert field.std() > 0.1
