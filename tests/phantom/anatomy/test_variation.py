"""Bodies differ in girth, length of limb and vessels, and stay bodies."""

import numpy as np
import pytest

from calciscope.phantom.anatomy.foot import FOOT
from calciscope.phantom.anatomy.leg import bent_leg
from calciscope.phantom.anatomy.parts import joined
from calciscope.phantom.anatomy.solids import Ball, Tube
from calciscope.phantom.anatomy.variation import (
    cut_below,
    with_crooked_vessels,
    with_girth,
    with_hardware,
    with_osteophytes,
)

LEG = bent_leg(FOOT, 0.0, 0.0)
RNG = np.random.default_rng


def lowest(solids: list[Tube | Ball]) -> float:
    return min(float(s.bounds_mm()[0][2]) for s in solids)


def test_girth_changes_flesh_and_bone_apart() -> None:
    thick = with_girth(LEG, 1.2, 0.9, 1.0)
    first, after = LEG.flesh[0].solid, thick.flesh[0].solid
    assert isinstance(first, Tube)
    assert isinstance(after, Tube)
    assert after.radii_mm == pytest.approx(first.radii_mm * 1.2)
    bone, thin = LEG.bones[0].solid, thick.bones[0].solid
    assert isinstance(bone, (Tube, Ball))
    assert isinstance(thin, (Tube, Ball))
    assert thin.radii_mm == pytest.approx(np.maximum(bone.radii_mm * 0.9, 1.0))


def test_a_stump_covers_its_bone() -> None:
    stump = cut_below(LEG, 150.0)
    assert 80 < lowest([f.solid for f in stump.flesh]) < 150  # type: ignore[misc]
    assert lowest([b.solid for b in stump.bones]) > 150  # type: ignore[misc]
    assert not any(b.name in ("talus", "calcaneus", "metatarsal") for b in stump.bones)
    assert any(b.name == "tibia" for b in stump.bones)


def test_crooked_vessels_keep_their_ends_in_height() -> None:
    crooked = with_crooked_vessels(LEG, RNG(3))
    assert len(crooked.vessels) == len(LEG.vessels)
    for before, after in zip(LEG.vessels, crooked.vessels, strict=True):
        assert after.points[[0, -1], 2] == pytest.approx(before.points[[0, -1], 2])
        assert len(after.points) >= len(before.points)


def test_osteophytes_belong_to_the_bone_that_they_sit_on() -> None:
    rough = with_osteophytes(LEG, RNG(1))
    spurs = [b for b in rough.bones if b.name == "osteophyte"]
    assert spurs
    units = {b.unit for b in rough.bones if b.name != "osteophyte"}
    assert {s.unit for s in spurs} <= units


def test_hardware_runs_along_a_long_bone() -> None:
    fixed = with_hardware(LEG, RNG(2))
    assert fixed.hardware
    extents = [h.bounds_mm()[1] - h.bounds_mm()[0] for h in fixed.hardware]
    assert max(float(e.max()) for e in extents) > 40
    bare = joined([])
    assert with_hardware(bare, RNG(0)).hardware == ()
