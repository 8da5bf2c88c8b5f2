"""Bone sections and shafts of cylinders with known radii."""

import numpy as np
import pytest

from calciscope.ct.bone_sections import BoneSlice, bone_slices
from calciscope.ct.shafts import Shaft, find_shafts
from calciscope.ct.sides import SideMap
from calciscope.locations import Laterality, Region
from calciscope.volume import Volume

SPACING = (2.0, 2.0, 4.0)
NO_PAIR = (np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2)))
ONE_LIMB = SideMap(*NO_PAIR, limb_side=Laterality.LEFT)


def cylinders(*bones: tuple[float, float, float, float], slices: int = 40) -> Volume:
    """Bones as (x, radius in x, radius in y, wall) along z; wall 0 is solid."""
    x = np.arange(-80.0, 80.0, 2.0)[:, None]
    y = np.arange(-60.0, 60.0, 2.0)[None, :]
    plane = np.zeros((x.size, y.size), bool)
    for center, rx, ry, wall in bones:
        distance = np.hypot((x - center) / rx, y / ry)
        plane |= (distance <= 1) & (distance >= (1 - wall / rx if wall else -1))
    array = np.repeat(plane[:, :, None], slices, axis=2)
    return Volume.from_spacing(array, SPACING, (-80, -60, 0))


def limb(*bones: tuple[float, float, float, float]) -> list[BoneSlice]:
    return bone_slices(cylinders(*bones), ONE_LIMB).get(Laterality.LEFT, [])


def test_sections_count_the_marrow_as_bone() -> None:
    slices = limb((0, 14, 14, 4))
    assert len(slices) == 40
    (area,) = slices[0].areas_mm2
    assert area == pytest.approx(np.pi * 14**2, rel=0.05)
    assert slices[0].center_lps_mm == pytest.approx([0, 0, 0], abs=1e-6)
    assert slices[0].elongation == pytest.approx(1.0, abs=0.05)
    assert slices[0].second_mm == 0.0


def test_sections_are_sorted_by_size_and_measured_apart() -> None:
    first = limb((20, 6, 6, 0), (-20, 12, 12, 0))[0]
    assert first.areas_mm2[0] > 3 * first.areas_mm2[1]
    assert first.center_lps_mm[0] == pytest.approx(-20, abs=0.1)
    assert first.second_mm == pytest.approx(40, abs=0.1)


def test_specks_are_no_bone() -> None:
    assert limb((0, 3, 3, 0)) == []


def test_bones_go_to_the_limb_on_their_side() -> None:
    midline = SideMap(*NO_PAIR, middle_x_mm=0.0)
    limbs = bone_slices(cylinders((-40, 12, 12, 0), (40, 12, 12, 0), (5, 8, 8, 0)), midline)
    assert [len(s.areas_mm2) for s in limbs[Laterality.RIGHT][:2]] == [1, 1]
    # What lies in the midline goes to the side of its center.
    assert [len(s.areas_mm2) for s in limbs[Laterality.LEFT][:2]] == [2, 2]


def only_shaft(slices: list[BoneSlice]) -> Shaft:
    (shaft,) = find_shafts(slices)
    return shaft


def test_one_thick_bone_is_a_thigh() -> None:
    shaft = only_shaft(limb((0, 14, 14, 5)))
    assert shaft.region is Region.THIGH
    assert (shaft.low_mm, shaft.high_mm) == (0.0, 39 * 4.0)
    assert np.abs(shaft.axis) == pytest.approx([0, 0, 1], abs=1e-3)
    assert not shaft.flares_low
    assert not shaft.flares_high


def test_one_thick_and_one_thin_bone_are_a_lower_leg() -> None:
    assert only_shaft(limb((-15, 13, 13, 5), (20, 6, 6, 0))).region is Region.LOWER_LEG


@pytest.mark.parametrize(
    "bones",
    [
        [(0, 10.5, 10.5, 0)],  # an upper arm
        [(-15, 10, 10, 0), (15, 9, 9, 0)],  # a forearm
        [(-5, 40, 9, 0)],  # an iliac wing
        [(-65, 13, 13, 0), (65, 6, 6, 0)],  # bones that do not belong together
        [(-40, 13, 13, 0), (0, 6, 6, 0), (40, 8, 8, 0)],  # three bones
    ],
    ids=["humerus", "forearm", "ilium", "far apart", "three"],
)
def test_other_bones_are_not_claimed(bones: list[tuple[float, float, float, float]]) -> None:
    assert find_shafts(limb(*bones)) == []


def section(z: float, *areas: float) -> BoneSlice:
    apart = 35.0 if len(areas) > 1 else 0.0
    return BoneSlice(z, areas, np.array([0.0, 0.0, z]), 1.1, apart)


def test_a_shaft_ends_where_the_bone_flares() -> None:
    areas = dict.fromkeys(range(0, 200, 4), 500.0) | dict.fromkeys(range(200, 240, 4), 1500.0)
    shaft = only_shaft([section(z, area, 120.0) for z, area in areas.items()])
    assert (shaft.low_mm, shaft.high_mm) == (0, 196)
    assert (shaft.flares_low, shaft.flares_high) == (False, True)


def test_a_gap_is_bridged_unless_a_joint_lies_in_it() -> None:
    shaft = [section(z, 500.0, 120.0) for z in range(0, 240, 4) if z not in (96, 100)]
    assert only_shaft(shaft).low_mm == 0
    joint = sorted([*shaft, section(98, 2000.0)], key=lambda s: s.z_mm)
    assert only_shaft(joint).low_mm == 104


def test_too_short_a_piece_is_no_shaft() -> None:
    assert find_shafts([section(z, 600.0) for z in range(0, 40, 4)]) == []
    assert only_shaft([section(z, 600.0) for z in range(0, 44, 4)]).high_mm == 40


def test_the_thigh_lies_above_the_lower_leg() -> None:
    leg = [section(z, 500.0, 120.0) for z in range(0, 120, 4)]
    knee = [section(z, 3000.0) for z in range(120, 200, 4)]
    thigh = [section(z, 700.0) for z in range(200, 300, 4)]
    shank, femur = find_shafts(leg + knee + thigh)
    assert (shank.region, femur.region) == (Region.LOWER_LEG, Region.THIGH)
    assert shank.flares_high
    assert femur.flares_low
    assert (shank.high_mm, femur.low_mm) == (116, 200)
