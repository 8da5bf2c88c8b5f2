"""Tracer in healthy legs: what the table says, at places that are known."""

import numpy as np
import pytest

from calciscope.evaluation.spect.cases import NO_COMPARTMENT
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.phantom.activity.leg_tissues import leg_tissues
from calciscope.phantom.legs import Leg
from calciscope.volume import Volume


def tissues(low_mm: float, high_mm: float, leg: Leg | None = None) -> tuple[Volume, Volume, Leg]:
    """SUV and compartments of one leg between two heights, and the leg."""
    leg = leg or Leg("L", 85.0, rotation_deg=0.0)
    shape = (90, 90, round((high_mm - low_mm) / 2.4))
    grid = Volume.from_spacing(
        np.broadcast_to(np.uint8(0), shape), (2.4,) * 3, (leg.center_x_mm - 107, -107, low_mm)
    )
    suv, compartments = leg_tissues([leg], grid)
    return grid.with_array(suv), grid.with_array(compartments), leg


def at(volume: Volume, place: np.ndarray) -> float:
    return float(volume.array[tuple(np.round(volume.index(place)).astype(int))])


def compartment_at(volume: Volume, place: np.ndarray) -> Compartment:
    return HOT_SPOT_COMPARTMENTS[int(at(volume, place))]


def test_tissues_of_the_calf_have_the_figures_of_the_table() -> None:
    """At z = 200: tibia at (-9, -37), fibula at (18, -20), soleus at (15, 25), leg of 55 x 60."""
    suv, compartments, leg = tissues(190, 212)
    places = {
        (-9, -37): (1.3, Compartment.BONE),
        (18, -20): (1.1, Compartment.BONE),
        (15, 25): (0.7, Compartment.MUSCLE),
        (0, 56): (0.25, Compartment.SUBCUTANEOUS),
    }
    for (u, v), (level, compartment) in places.items():
        place = leg.world(u, v, 200.0)
        assert at(suv, place) == pytest.approx(level, abs=0.01), compartment
        assert compartment_at(compartments, place) == compartment
    outside = leg.world(0, 70, 200.0)
    assert at(suv, outside) == 0.0
    assert at(compartments, outside) == NO_COMPARTMENT


def test_metaphysis_joint_and_thigh() -> None:
    suv, compartments, leg = tissues(-20, 560)
    metaphysis, ankle = leg.world(-5, -18, 40.0), leg.world(-2, -12, -14.0)
    condyle, thigh = leg.world(-20, 4, 404.0), leg.world(40, 30, 540.0)
    assert at(suv, metaphysis) == pytest.approx(2.2, abs=0.01)
    assert compartment_at(compartments, metaphysis) == Compartment.BONE
    for joint in (ankle, condyle):
        assert at(suv, joint) == pytest.approx(2.5, abs=0.01)
        assert compartment_at(compartments, joint) == Compartment.JOINT
    assert at(suv, thigh) == pytest.approx(0.45, abs=0.01)
    femur = leg.world(2, -8, 540.0)
    assert at(suv, femur) == pytest.approx(1.3, abs=0.01)


def test_blood_is_in_the_arteries_and_their_veins() -> None:
    """The femoral vessels at z = 560 run at (-22, 6) of the leg frame."""
    suv, compartments, leg = tissues(545, 575)
    place = leg.world(-22, 6, 560.0)
    assert at(suv, place) == pytest.approx(1.0, abs=0.05)
    assert compartment_at(compartments, place) == Compartment.VASCULAR


def test_a_mirrored_leg_has_a_mirrored_map() -> None:
    left = tissues(100, 140, Leg("L", 110.0))[0]
    right = Leg("R", -110.0)
    origin = -left.lps_mm([89, 0, 0])[0], *left.lps_mm([0, 0, 0])[1:]
    grid = Volume.from_spacing(np.broadcast_to(np.uint8(0), left.shape), (2.4,) * 3, origin)
    mirrored = leg_tissues([right], grid)[0][::-1]
    assert np.abs(mirrored - left.array).max() < 0.02
    assert left.array.max() > 1.0
