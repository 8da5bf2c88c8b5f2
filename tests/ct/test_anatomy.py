"""Regions, levels and bone axes in drawn legs with joints at known heights."""

import numpy as np
import pytest

from calciscope.ct.anatomy import Anatomy, find_anatomy
from calciscope.ct.settings import MeasurementSettings
from calciscope.locations import Laterality, Level, Region
from calciscope.volume import Volume

SETTINGS = MeasurementSettings()
SPACING = (2.0, 2.0, 4.0)
ANKLE, KNEE = 0.0, 380.0

TIBIA_RADIUS = ((-10, 0), (0, 20), (18, 17.5), (22, 14), (320, 14), (328, 22), (372, 34), (379, 30))
FIBULA_RADIUS = ((-25, 5), (360, 6))
FEMUR_RADIUS = ((385, 38), (440, 30), (462, 16), (840, 16))
FOOT_RADIUS = ((-70, 25), (-5, 22))


def radius(table: tuple[tuple[float, float], ...], z: float) -> float:
    if not table[0][0] <= z <= table[-1][0]:
        return 0.0
    return float(np.interp(z, *zip(*table, strict=True)))


def draw(low: float, high: float, centers: tuple[float, ...] = (-85.0, 85.0), tilt: float = 0.0):
    """Body and bone masks of straight legs between two heights; hollow shafts."""
    x = np.arange(-160.0, 160.0, SPACING[0])[:, None]
    y = np.arange(-90.0, 90.0, SPACING[1])[None, :]
    heights = np.arange(low, high, SPACING[2])
    body = np.zeros((x.size, y.size, heights.size), bool)
    bone = np.zeros_like(body)
    for k, z in enumerate(heights):
        for center in centers:
            cx = center + tilt * z
            side = np.sign(center)
            body[:, :, k] |= (x - cx) ** 2 + y**2 <= 60**2
            for table, u, v in (
                (TIBIA_RADIUS, 0.0, -5.0),
                (FIBULA_RADIUS, 30.0, 8.0),
                (FEMUR_RADIUS, 0.0, 0.0),
                (FOOT_RADIUS, 0.0, 5.0),
            ):
                r = radius(table, z)
                distance = np.hypot(x - cx - side * u, y - v)
                bone[:, :, k] |= (distance <= r) & (distance >= r - 6)
    origin = (-160.0, -90.0, low)
    return (
        Volume.from_spacing(body, SPACING, origin),
        Volume.from_spacing(bone & body, SPACING, origin),
    )


def anatomy(low: float, high: float, **options: object) -> Anatomy:
    return find_anatomy(*draw(low, high, **options), SETTINGS)


def place(found: Anatomy, z: float, x: float = 85.0) -> tuple[Region, Level | None]:
    spot = found.locate(np.array([x, 20.0, z]))
    return spot.region, spot.level


def test_legs_from_foot_to_below_the_knee() -> None:
    found = anatomy(-60, 360)
    for side in (Laterality.LEFT, Laterality.RIGHT):
        limb = found.limbs[side]
        assert limb.ankle_mm == pytest.approx(ANKLE, abs=15)
        assert limb.knee_mm == pytest.approx(KNEE, abs=15)
        assert not limb.length_assumed
    assert place(found, -50) == (Region.FOOT, None)
    assert place(found, 5) == (Region.ANKLE, None)
    assert place(found, 80) == (Region.LOWER_LEG, Level.DISTAL)
    assert place(found, 190) == (Region.LOWER_LEG, Level.MIDDLE)
    assert place(found, 300) == (Region.LOWER_LEG, Level.PROXIMAL)


def test_ankle_in_view_and_knee_not_assumes_the_length() -> None:
    found = anatomy(-30, 250)
    limb = found.limbs[Laterality.LEFT]
    assert limb.length_assumed
    assert limb.tibia_mm == 380
    assert limb.ankle_mm == pytest.approx(ANKLE, abs=15)
    assert place(found, 80) == (Region.LOWER_LEG, Level.DISTAL)
    assert place(found, 200) == (Region.LOWER_LEG, Level.MIDDLE)


def test_shafts_alone_have_a_region_and_no_level() -> None:
    assert place(anatomy(100, 250), 180) == (Region.LOWER_LEG, None)
    assert place(anatomy(560, 700), 650) == (Region.THIGH, None)


def test_knee_and_thigh() -> None:
    found = anatomy(200, 700)
    assert found.limbs[Laterality.RIGHT].knee_mm == pytest.approx(KNEE, abs=15)
    assert place(found, 250, -85) == (Region.LOWER_LEG, Level.MIDDLE)
    assert place(found, 390, -85) == (Region.KNEE, None)
    assert place(found, 470, -85) == (Region.THIGH, Level.DISTAL)
    assert place(found, 600, -85) == (Region.THIGH, Level.MIDDLE)


def test_thigh_with_the_flare_of_the_knee_only() -> None:
    found = anatomy(420, 700)
    assert found.limbs[Laterality.LEFT].knee_mm == pytest.approx(KNEE, abs=15)
    assert found.limbs[Laterality.LEFT].length_assumed
    assert place(found, 480) == (Region.THIGH, Level.DISTAL)


def test_a_single_leg_in_view() -> None:
    found = anatomy(-30, 360, centers=(85.0,))
    spot = found.locate(np.array([85.0, 20.0, 80.0]))
    assert spot.laterality is Laterality.LEFT
    assert (spot.region, spot.level) == (Region.LOWER_LEG, Level.DISTAL)


def test_bone_axis_follows_the_leaning_leg() -> None:
    found = anatomy(-30, 360, tilt=0.1)
    axis = found.locate(np.array([95.0, 20.0, 100.0])).bone_axis
    assert axis is not None
    expected = np.array([0.1, 0.0, 1.0]) / np.hypot(0.1, 1.0)
    assert np.degrees(np.arccos(axis @ expected)) < 1.0


def test_without_bone_nothing_is_claimed() -> None:
    body, bone = draw(0, 200)
    found = find_anatomy(body, bone.with_array(np.zeros_like(bone.array)), SETTINGS)
    spot = found.locate(np.array([85.0, 20.0, 80.0]))
    assert spot.laterality is Laterality.LEFT
    assert (spot.region, spot.level, spot.bone_axis) == (Region.UNKNOWN, None, None)
