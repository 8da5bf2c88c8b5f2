"""Left and right, in every posture and field of view, and never swapped."""

import numpy as np
import pytest

from calciscope.ct.sides import find_sides
from calciscope.locations import Laterality
from calciscope.volume import Volume

LEFT, RIGHT, MIDLINE = Laterality.LEFT, Laterality.RIGHT, Laterality.MIDLINE


def body(
    centers: list[tuple[float, float]],
    radius_mm: float = 50.0,
    x_mm: tuple[float, float] = (-200.0, 200.0),
    radius_x_mm: float | None = None,
) -> Volume:
    """Limbs along z as ellipses at centers (x, y); 4 mm voxels, 60 mm long."""
    x = np.arange(x_mm[0], x_mm[1], 4.0)[:, None]
    y = np.arange(-120.0, 120.0, 4.0)[None, :]
    plane = np.zeros((x.size, y.size), bool)
    for cx, cy in centers:
        plane |= ((x - cx) / (radius_x_mm or radius_mm)) ** 2 + ((y - cy) / radius_mm) ** 2 <= 1
    array = np.repeat(plane[:, :, None], 15, axis=2)
    return Volume.from_spacing(array, (4, 4, 4), (x_mm[0], -120.0, 0.0))


def reordered(volume: Volume, flips: tuple[bool, bool, bool], order: tuple[int, ...]) -> Volume:
    """The same patient on a grid whose axes run another way."""
    array, affine = volume.array, volume.affine.copy()
    for axis, flip in enumerate(flips):
        if flip:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (volume.shape[axis] - 1)
            affine[:3, axis] *= -1
    affine[:, :3] = affine[:, list(order)]
    return Volume(np.ascontiguousarray(array.transpose(order)), affine)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize(
    "flips",
    [(False, False, False), (True, False, False), (False, True, True), (True, True, True)],
    ids=["head first supine", "mirrored grid", "prone grid", "all flipped"],
)
def test_two_legs_whatever_way_the_grid_runs(
    flips: tuple[bool, bool, bool], order: tuple[int, ...]
) -> None:
    sides = find_sides(reordered(body([(-85, 0), (85, 0)]), flips, order))
    assert sides.laterality(np.array([80.0, 10.0, 30.0])) is LEFT
    assert sides.laterality(np.array([-80.0, -10.0, 30.0])) is RIGHT
    assert sides.warning == ""


def test_a_mirrored_patient_has_mirrored_sides() -> None:
    legs = body([(-90, 0), (60, 0)])
    mirrored = Volume(np.flip(legs.array, 0), legs.affine)
    for x in (-80.0, -40.0, 50.0, 80.0):
        mirror_x = legs.affine[0, 3] * 2 + 4 * (legs.shape[0] - 1) - x
        one = find_sides(legs).laterality(np.array([x, 0.0, 30.0]))
        other = find_sides(mirrored).laterality(np.array([mirror_x, 0.0, 30.0]))
        assert {one, other} == {LEFT, RIGHT}


def test_legs_far_from_the_scanner_center() -> None:
    sides = find_sides(body([(20, 0), (150, 0)]))
    # Both legs lie at x > 0; the gap between them, from 70 to 100, divides.
    assert sides.laterality(np.array([60.0, 0.0, 20.0])) is RIGHT
    assert sides.laterality(np.array([105.0, 0.0, 20.0])) is LEFT


def test_legs_one_above_the_other_are_divided_along_the_line_between_them() -> None:
    # Turned on the side: the left leg lies at (20, -55), the right one at (-20, 55).
    sides = find_sides(body([(20, -55), (-20, 55)]))
    assert sides.laterality(np.array([-15.0, -60.0, 30.0])) is LEFT
    assert sides.laterality(np.array([15.0, 60.0, 30.0])) is RIGHT


def test_where_legs_touch_their_gap_is_carried_on() -> None:
    apart, touching = body([(-60, 0), (60, 0)]), body([(-48, 0), (48, 0)])
    array = np.concatenate([apart.array, touching.array], axis=2)
    sides = find_sides(Volume.from_spacing(array, (4, 4, 4), (-200, -120, 0)))
    assert sides.laterality(np.array([20.0, 0.0, 110.0])) is LEFT
    assert sides.laterality(np.array([-20.0, 0.0, 110.0])) is RIGHT
    # In one piece there is a midline; between legs that are apart there is none.
    assert sides.laterality(np.array([5.0, 0.0, 110.0])) is MIDLINE
    assert sides.laterality(np.array([5.0, 0.0, 10.0])) is LEFT


def test_trunk_is_divided_in_its_middle() -> None:
    sides = find_sides(body([(12, 0)], radius_mm=100, radius_x_mm=170))
    assert sides.laterality(np.array([14.0, 0.0, 30.0])) is MIDLINE
    assert sides.laterality(np.array([30.0, 0.0, 30.0])) is LEFT
    assert sides.laterality(np.array([-5.0, 0.0, 30.0])) is RIGHT
    assert sides.warning == ""


@pytest.mark.parametrize(("x", "side"), [(90.0, LEFT), (-90.0, RIGHT), (15.0, LEFT)])
def test_a_single_limb_has_one_side_and_a_warning(x: float, side: Laterality) -> None:
    sides = find_sides(body([(x, 0)], radius_mm=60))
    for offset in (-50.0, 0.0, 50.0):
        assert sides.laterality(np.array([x + offset, 0.0, 30.0])) is side
    assert "Only one limb" in sides.warning
    assert side in sides.warning


def test_a_body_cut_by_the_field_of_view_is_divided_at_the_scanner_center() -> None:
    cut = body([(60, 0)], radius_mm=100, radius_x_mm=200, x_mm=(-20.0, 170.0))
    sides = find_sides(cut)
    assert sides.laterality(np.array([0.0, 20.0, 30.0])) is MIDLINE
    assert sides.laterality(np.array([60.0, 20.0, 30.0])) is LEFT
    assert sides.laterality(np.array([-15.0, 20.0, 30.0])) is RIGHT
    assert "scanner's center" in sides.warning


def test_a_hand_beside_a_thigh_is_no_other_leg() -> None:
    small = body([(150, 0)], radius_mm=20).array
    sides = find_sides(
        body([(-20, 0)], radius_mm=90).with_array(body([(-20, 0)], radius_mm=90).array | small)
    )
    assert sides.limb_side is RIGHT


def test_nothing_in_view() -> None:
    sides = find_sides(body([]))
    assert sides.laterality(np.array([50.0, 0.0, 0.0])) is LEFT
