"""Activity maps of painted bodies: organs, physiologic foci, movement between CT and SPECT."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment, Label
from calciscope.phantom.activity.foci import has_place
from calciscope.phantom.activity.layers import Layers
from calciscope.phantom.activity.maps import (
    ActivityMap,
    moved_map,
    physiologic_foci,
    random_activity,
    random_shift,
)
from calciscope.phantom.activity.normal import normal_uptake
from calciscope.phantom.activity.settings import INDEX, activity_settings
from calciscope.phantom.bodies import Body
from calciscope.phantom.body_drawing import draw_body
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.spect_cases import random_field
from calciscope.volume import Volume

RNG = np.random.default_rng


def painted(part: str, seed: int, trait: str = "") -> tuple[Body, Canvas]:
    """A body on a coarse grid, the first from a seed on that has a trait."""
    body = random_field(RNG(seed), 120.0, part)
    while trait and trait not in body.traits:
        seed += 1
        body = random_field(RNG(seed), 120.0, part)
    shape = tuple(int(n) for n in (body.high - body.low) / 4.0)
    blank = np.broadcast_to(np.uint8(0), shape)
    canvas = Canvas.blank(Volume.from_spacing(blank, (4.0,) * 3, tuple(body.low)))
    draw_body(canvas, body.limbs, body.build, np.zeros(shape, np.float32), RNG(seed))
    return body, canvas


@pytest.fixture(scope="module")
def chest() -> tuple[Body, Canvas, Layers]:
    """A woman's chest with normal uptake."""
    body, canvas = painted("chest", 0, "breasts")
    return body, canvas, normal_uptake(body, canvas, activity_settings(), RNG(1))


@pytest.fixture(scope="module")
def abdomen() -> tuple[Body, Canvas, Layers]:
    """A belly with normal uptake."""
    body, canvas = painted("abdomen", 3)
    return body, canvas, normal_uptake(body, canvas, activity_settings(), RNG(1))


def test_the_chest_shows_lung_heart_liver_and_ribs(
    chest: tuple[Body, Canvas, Layers],
) -> None:
    _, canvas, layers = chest
    lung = layers.organs["lung"]
    assert lung.sum() * 2.8**3 / 1e6 > 0.8  # liters
    assert canvas.hu.min() < -800
    # Ribs and vessels that are painted later take some of it.
    assert (layers.compartments[lung] == INDEX[Compartment.THORACIC]).mean() > 0.95
    assert (layers.compartments == INDEX[Compartment.BREAST]).sum() * 2.8**3 > 20_000
    breast = np.argwhere(layers.compartments == INDEX[Compartment.BREAST])
    # Breasts are in front of the lungs and no more than a part of the body.
    assert breast[:, 1].mean() < np.argwhere(lung)[:, 1].mean()
    assert len(breast) < 0.2 * layers.body.sum()


def test_the_heart_lies_left_and_the_liver_right(
    chest: tuple[Body, Canvas, Layers], abdomen: tuple[Body, Canvas, Layers]
) -> None:
    def middle_x(layers: Layers, name: str) -> float:
        return float(layers.grid.lps_mm(np.argwhere(layers.organs[name]).mean(axis=0))[0])

    assert middle_x(chest[2], "heart") > 5
    assert middle_x(abdomen[2], "liver") < -20
    assert middle_x(abdomen[2], "spleen") > 50
    assert middle_x(abdomen[2], "stomach") > 10


def test_the_liver_is_solid_and_the_kidneys_are_hot(
    abdomen: tuple[Body, Canvas, Layers],
) -> None:
    _, canvas, layers = abdomen
    index = np.argwhere(layers.organs["liver"])
    inner = index[np.abs(index - index.mean(axis=0)).max(axis=1) < 6]
    places = np.round(canvas.grid.index(layers.grid.lps_mm(inner))).astype(int)
    assert np.median(canvas.hu[tuple(places.T)]) == pytest.approx(56, abs=4)
    kidneys = [f for f in physiologic_foci(layers) if f.kind == "kidney"]
    assert len(kidneys) == 2
    assert {np.sign(f.center_mm[0]) for f in kidneys} == {-1, 1}
    assert all(f.physiologic and f.compartment is Compartment.URINARY for f in kidneys)


@pytest.mark.slow
@pytest.mark.parametrize("compartment", HOT_SPOT_COMPARTMENTS)
def test_every_kind_of_focus_has_a_place_in_some_body(
    compartment: Compartment,
    chest: tuple[Body, Canvas, Layers],
    abdomen: tuple[Body, Canvas, Layers],
) -> None:
    pelvis = painted("pelvis", 1)
    knee = painted("knee", 2)
    implants = painted("chest", 0, "implants")
    bodies = [chest[2], abdomen[2]]
    settings = activity_settings()
    # Not every field of a chest reaches up to the salivary glands; this one does.
    neck = painted("chest", 0)
    bodies += [normal_uptake(*b, settings, RNG(1)) for b in (pelvis, knee, implants, neck)]
    for kind in settings.foci.values():
        if kind.compartment is compartment:
            assert any(has_place(layers, kind) for layers in bodies), kind.name


def test_bone_differs_by_region_and_soft_tissue_is_cold() -> None:
    body, canvas = painted("thigh", 5)
    body = replace(body, build=replace(body.build, growth_plates=False))
    layers = normal_uptake(body, canvas, activity_settings(), RNG(3))
    means = {
        c: float(layers.suv[layers.compartments == INDEX[c]].mean())
        for c in (Compartment.BONE, Compartment.MUSCLE, Compartment.SUBCUTANEOUS)
    }
    assert means[Compartment.SUBCUTANEOUS] < means[Compartment.MUSCLE] < means[Compartment.BONE]
    assert 0.7 < means[Compartment.BONE] < 4
    assert (layers.suv[layers.tissues == Label.BACKGROUND] == 0).all()


def test_growth_plates_of_children_are_hot() -> None:
    body, canvas = painted("knee", 0, "child")
    layers = normal_uptake(body, canvas, activity_settings(), RNG(3))
    found = [f for f in physiologic_foci(layers) if f.kind == "growth_plate"]
    assert found
    assert all(f.compartment is Compartment.BONE and f.suv > 3 for f in found)


def test_a_map_is_a_function_of_its_seed() -> None:
    body, canvas = painted("hand", 4)
    again = Canvas(canvas.grid, canvas.hu.copy(), canvas.tissues, canvas.muscles)
    first = random_activity(body, canvas, [], RNG(7))
    second = random_activity(body, again, [], RNG(7))
    assert first.foci == second.foci
    assert (first.suv.array == second.suv.array).all()
    assert (canvas.hu == again.hu).all()


def small_map() -> ActivityMap:
    """One hot voxel in a grid of 2.8 mm."""
    suv, compartments = np.zeros((9, 9, 9), np.float32), np.full((9, 9, 9), 255, np.uint8)
    suv[4, 4, 4], compartments[4, 4, 4] = 10.0, 2
    return ActivityMap(
        Volume.from_spacing(suv, (2.8,) * 3), Volume.from_spacing(compartments, (2.8,) * 3), ()
    )


def test_a_moved_map_moves_uptake_and_compartments_alike() -> None:
    shift = np.eye(4)
    shift[:3, 3] = [2.8, 0.0, -5.6]  # one voxel to the left of the patient, two down
    moved = moved_map(small_map(), shift)
    assert np.argwhere(moved.suv.array > 5).tolist() == [[5, 4, 2]]
    assert np.argwhere(moved.compartments.array == 2).tolist() == [[5, 4, 2]]
    assert moved_map(small_map(), np.eye(4)).suv.array[4, 4, 4] == 10


def test_shifts_are_mostly_small_with_a_tail() -> None:
    settings = activity_settings()
    middle = np.array([10.0, -20.0, 300.0])
    moved = [random_shift(middle, settings, RNG(seed)) for seed in range(400)]
    sizes = np.array([np.linalg.norm(m[:3, :3] @ middle + m[:3, 3] - middle) for m in moved])
    assert 0.15 < (sizes < 1e-9).mean() < 0.35
    assert (sizes < 5).mean() > 0.8
    assert 8 < sizes.max() < 15.001
    assert all(np.allclose(m[:3, :3] @ m[:3, :3].T, np.eye(3)) for m in moved)
