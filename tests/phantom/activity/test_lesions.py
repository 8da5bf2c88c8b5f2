"""Mineral in the activity map: groups, classes A and B, and sleeves in their compartment."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.labels import Compartment
from calciscope.phantom.activity.layers import Layers
from calciscope.phantom.activity.lesions import compartment_of, grouped, paint_lesions, sleeve
from calciscope.phantom.activity.settings import INDEX, ActivitySettings, activity_settings
from calciscope.phantom.deposits import Deposit, Lesion
from calciscope.phantom.shapes import Capsule, Ellipsoid
from calciscope.spect.findings import ConcordanceClass

RNG = np.random.default_rng


def rod(x: float, z: float, compartment: str = "muscle", name: str = "C3") -> Lesion:
    """A rod of 12 x 5 mm along z, beside the bone."""
    shape = Capsule.along(np.array([x, 0.0, z]), np.array([0, 0, 1.0]), 12.0, 5.0)
    return Lesion(name.split("_")[0], compartment, (Deposit(shape, 300.0),), name=name)


def always(hot: float) -> ActivitySettings:
    """Settings where mineral of soft tissue is hot with this probability."""
    settings = activity_settings()
    return replace(settings, shares={**settings.shares, "hot_lesions": hot})


def test_a_chain_is_one_group_and_what_lies_apart_is_another() -> None:
    chain = [rod(-16, -15), rod(-16, 0), rod(-16, 15)]
    groups = grouped([*chain, rod(-16, 90), rod(-16, 75, "subcutaneous"), rod(-16, 75, name="C5")])
    assert [[number for number, _ in g] for g in groups] == [[1, 2, 3], [4], [5], [6]]


def test_the_uptake_of_mineral_has_the_compartment_of_its_place() -> None:
    assert compartment_of(rod(0, 0)) is Compartment.MUSCLE
    assert compartment_of(rod(0, 0, "vascular", "V2")) is Compartment.VASCULAR
    assert compartment_of(rod(0, 0, "joint", "J1_cartilage")) is Compartment.JOINT
    assert compartment_of(rod(0, 0, "foreign", "X1")) is None


def test_active_mineral_is_hot_and_names_its_lesions(layers: Layers) -> None:
    before = layers.suv.copy()
    foci = paint_lesions(layers, [rod(-14, -7), rod(-14, 7)], always(1.0), RNG(1))
    assert len(foci) == 1
    focus = foci[0]
    assert focus.classified is ConcordanceClass.CALCIFIED_HOT
    assert focus.lesion_ids == (1, 2)
    assert 4 <= focus.suv <= 15
    assert focus.center_mm == pytest.approx((-14, 0, 0), abs=2.0)
    raised = layers.suv > before + 1
    assert raised.any()
    assert (layers.compartments[raised] == INDEX[Compartment.MUSCLE]).all()
    assert layers.suv.max() == pytest.approx(focus.suv, rel=0.01)


def test_inert_mineral_is_cold(layers: Layers) -> None:
    before = layers.suv.copy()
    foci = paint_lesions(layers, [rod(-14, 0)], always(0.0), RNG(1))
    assert [f.classified for f in foci] == [ConcordanceClass.CALCIFIED_COLD]
    assert 0 <= foci[0].suv <= 0.8
    assert (layers.suv <= before + 1e-6).all()
    assert (layers.suv < before).any()


def test_no_more_groups_are_hot_than_the_file_allows(layers: Layers) -> None:
    places = ((-14, -30, "C3"), (14, -30, "C5"), (-14, 0, "C1"), (14, 0, "C4"), (0, 30, "H1"))
    scattered = [rod(x, z, name=name) for x, z, name in places]
    foci = paint_lesions(layers, scattered, always(1.0), RNG(2))
    hot = [f for f in foci if f.classified is ConcordanceClass.CALCIFIED_HOT]
    assert len(hot) == 3
    assert len(foci) == 5


def test_metal_takes_up_nothing(layers: Layers) -> None:
    before = layers.suv.copy()
    assert paint_lesions(layers, [rod(-14, 0, "foreign", "X1")], always(1.0), RNG(1)) == []
    assert (layers.suv == before).all()


def test_a_sleeve_reaches_as_far_as_asked_but_not_through_the_fascia(layers: Layers) -> None:
    # Muscle begins 23.8 mm left of the middle: a ball of 8 mm at -18 reaches to -22.
    ball = Ellipsoid.sphere(np.array([-18.0, 0.0, 0.0]), 8.0)
    lesion = Lesion("C5", "muscle", (Deposit(ball, 300.0),), name="C5")
    region = sleeve(layers, [lesion], Compartment.MUSCLE, 6.0)
    assert region is not None
    box, share = region
    inside = layers.compartments[box] == INDEX[Compartment.MUSCLE]
    assert (share[~inside] == 0).all()
    heights = layers.grid.lps_mm([[0, 0, k] for k in range(box[2].start, box[2].stop)])[:, 2]
    reached = heights[(share > 0.5).any(axis=(0, 1))]
    # 4 mm of the ball and 6 beyond; no more, and less by no more than a voxel.
    assert 10.0 - 2.8 - 0.5 < reached.max() <= 10.0
    assert 10.0 - 2.8 - 0.5 < -reached.min() <= 10.0


def test_uptake_of_a_joined_chain_bridges_its_gaps(layers: Layers) -> None:
    """Half of the hot chains have one sleeve, as the digital twin has; others one for each rod."""
    rods = [rod(-14, -16), rod(-14, 16)]
    for joined in (False, True):
        region = sleeve(layers, rods, Compartment.MUSCLE, 2.0, joined)
        assert region is not None
        box, share = region
        middle = np.rint(layers.grid.index((-14, 0, 0))).astype(int) - [s.start for s in box]
        assert (share[tuple(middle)] > 0.5) == joined
        assert (share[~layers.of_compartment(Compartment.MUSCLE)[box]] == 0).all()


@pytest.mark.parametrize(("name", "share"), [("C3", 1.0), ("C3", 0.0), ("C5_focus", 1.0)])
def test_only_hot_chains_of_rods_are_joined(layers: Layers, name: str, share: float) -> None:
    settings = always(1.0)
    settings = replace(settings, shares={**settings.shares, "joined_chains": share})
    rods = [rod(-14, -16, name=name), rod(-14, 16, name=name)]
    (focus,) = paint_lesions(layers, rods, settings, RNG(1))
    middle = np.rint(layers.grid.index((-14, 0, 0))).astype(int)
    assert (layers.suv[tuple(middle)] == pytest.approx(focus.suv, rel=0.01)) == (
        name == "C3" and share == 1.0
    )
