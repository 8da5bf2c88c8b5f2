"""Random bodies: every part can be drawn, bones are under skin, and it lies inside its block."""

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import Label
from calciscope.phantom.anatomy.solids import Tube
from calciscope.phantom.bodies import LARGEST_MM, WINDOWS, random_body
from calciscope.phantom.body_drawing import VISCERA, Build, draw_body
from calciscope.phantom.body_settings import body_settings, parse_settings
from calciscope.phantom.limb_drawing import Canvas
from calciscope.volume import Volume

RNG = np.random.default_rng


def painted(part: str, seed: int, step_mm: float = 2.0) -> Canvas:
    """A body on a coarse grid."""
    rng = RNG(seed)
    body = random_body(body_settings(), 120.0, (40.0, 60.0), rng, part)
    shape = tuple(int(n) for n in (body.high - body.low) / step_mm)
    grid = Volume.from_spacing(np.broadcast_to(np.uint8(0), shape), [step_mm] * 3, tuple(body.low))
    canvas = Canvas.blank(grid)
    draw_body(canvas, body.limbs, body.build, np.zeros(shape, np.float32), rng)
    return canvas


def test_the_parts_have_windows() -> None:
    # Chest and belly are of SPECT cases alone: CT cases never draw them.
    assert set(body_settings().parts) == set(WINDOWS) - {"chest", "abdomen"}


@pytest.mark.slow
@pytest.mark.parametrize("part", sorted(WINDOWS))
def test_a_part_has_skin_around_fat_around_muscle_and_bone(part: str) -> None:
    canvas = painted(part, 5)
    tissues = canvas.tissues
    assert (tissues == Label.MUSCLE).sum() > 1000
    assert (tissues == Label.BONE).sum() > 200
    bone = tissues == Label.BONE
    for axis in (0, 1):
        for step in (-1, 1):
            # Nothing of a bone is in the air.
            assert not (bone & (np.roll(tissues, step, axis) == Label.BACKGROUND))[2:-2, 2:-2].any()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("part", ["thigh", "knee", "foot"])
def test_a_block_is_around_its_limb(part: str, seed: int) -> None:
    body = random_body(body_settings(), 120.0, (60.0, 80.0), RNG(seed), part)
    size = body.high - body.low
    assert (size[:2] <= np.array(LARGEST_MM) + 1e-6).all()
    canvas = painted(part, seed)
    assert (canvas.tissues > 0).mean() > 0.08


def test_right_is_right() -> None:
    for seed in range(40):
        body = random_body(body_settings(), 120.0, (40.0, 50.0), RNG(seed), "calf")
        assert len(body.limbs) in (1, 2)
        for limb in body.limbs:
            # The outer ankle is lateral of the inner one: to -x in a right leg.
            tubes = {b.name: b.solid for b in limb.bones if isinstance(b.solid, Tube)}
            outward = tubes["fibula"].nodes[1] - tubes["tibia"].nodes[0]
            assert np.sign(outward[0]) == (1 if limb.name == "L" else -1), (seed, body.traits)


@pytest.mark.parametrize("part", ["calf", "foot", "thigh", "hand", "elbow"])
def test_a_limb_stays_on_its_side(part: str) -> None:
    for seed in range(25):
        body = random_body(body_settings(), 120.0, (60.0, 80.0), RNG(seed), part)
        for limb in body.limbs:
            for bone in limb.bones:
                low, high = bone.solid.bounds_mm()
                middle = 0.5 * (low + high)
                if body.low[2] < low[2] and high[2] < body.high[2]:
                    assert np.sign(middle[0]) == (1 if limb.name == "L" else -1), (seed, bone.name)


@pytest.mark.slow
def test_a_pelvis_has_organs_where_nothing_is_placed() -> None:
    canvas = painted("pelvis", 3)
    assert (canvas.muscles == VISCERA).any()


def test_a_build_changes_what_is_painted() -> None:
    body = random_body(body_settings(), 120.0, (20.0, 25.0), RNG(4), "forearm")
    shape = tuple(int(n) for n in (body.high - body.low) / 2)
    grid = Volume.from_spacing(np.broadcast_to(np.uint8(0), shape), [2.0] * 3, tuple(body.low))

    def bone_hu(build: Build) -> float:
        canvas = Canvas.blank(grid)
        draw_body(canvas, body.limbs, build, np.zeros(shape, np.float32), RNG(0))
        return float(canvas.hu[canvas.tissues == Label.BONE].mean())

    assert bone_hu(Build(cortex=0.3, spongiosa_hu=40)) < bone_hu(Build()) - 150


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(PhantomError, match="malformed"):
        parse_settings({"parts": {}})
    good = {"parts": {"calf": 1}, "shares": {"prone": 2}, "ranges": {}, "scanners": {}}
    with pytest.raises(PhantomError, match="impossible values of prone"):
        parse_settings(good)
