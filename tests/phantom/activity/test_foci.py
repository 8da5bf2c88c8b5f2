"""Foci: activity and volume add up by hand, and they stay in their compartment."""

import numpy as np
import pytest

from calciscope.labels import Compartment
from calciscope.phantom.activity.foci import draw_foci, focus_region, paint_focus, paint_hu
from calciscope.phantom.activity.layers import VOXEL_MM, Layers
from calciscope.phantom.activity.settings import INDEX, activity_settings
from calciscope.phantom.limb_drawing import Canvas
from calciscope.spect.findings import ConcordanceClass
from calciscope.volume import Volume

RNG = np.random.default_rng
VOXEL_ML = 2.8**3 / 1000

BOX = (slice(7, 11), slice(7, 11), slice(10, 14))
"""64 voxels of muscle."""


def sums(layers: Layers) -> dict[Compartment, float]:
    """SUV x mL by compartment."""
    return {
        c: float(layers.suv[layers.compartments == n].sum()) * VOXEL_ML for c, n in INDEX.items()
    }


def test_a_focus_adds_its_activity_to_its_compartment(layers: Layers) -> None:
    before = sums(layers)
    painted = paint_focus(layers, (BOX, np.ones((4, 4, 4), np.float32)), 5.0, Compartment.MUSCLE)
    assert painted is not None
    volume, center, length = painted
    assert volume == pytest.approx(64 * VOXEL_ML)
    # Middle of voxels 7..10 is 8.5, of 10..13 is 11.5; the grid's middle is 14.5.
    assert center == pytest.approx([-6 * 2.8, -6 * 2.8, -3 * 2.8])
    assert length == pytest.approx(4 * 2.8)
    after = sums(layers)
    assert after[Compartment.MUSCLE] - before[Compartment.MUSCLE] == pytest.approx(
        64 * 4.0 * VOXEL_ML, rel=1e-5
    )
    assert after[Compartment.SUBCUTANEOUS] == pytest.approx(before[Compartment.SUBCUTANEOUS])


def test_a_voxel_belongs_to_what_gives_most_of_its_uptake(layers: Layers) -> None:
    share = np.full((4, 4, 4), 0.4, np.float32)
    # 0.4 x (2 - 1) is less than the muscle's own 1.0; 0.4 x (9 - 1) = 3.2 is more.
    paint_focus(layers, (BOX, share), 2.0, Compartment.VASCULAR)
    assert (layers.compartments[BOX] == INDEX[Compartment.MUSCLE]).all()
    paint_focus(layers, (BOX, share), 9.0, Compartment.VASCULAR)
    assert (layers.compartments[BOX] == INDEX[Compartment.VASCULAR]).all()


def test_what_is_too_small_is_not_painted(layers: Layers) -> None:
    before = layers.suv.copy()
    share = np.zeros((4, 4, 4), np.float32)
    share[0, 0, :3] = 1  # 0.066 mL
    assert paint_focus(layers, (BOX, share), 9.0, Compartment.MUSCLE) is None
    assert (layers.suv == before).all()


@pytest.mark.parametrize(
    ("name", "compartment"),
    [
        ("fascial_muscle", Compartment.MUSCLE),
        ("periosteal_muscle", Compartment.MUSCLE),
        ("fascial_fat", Compartment.SUBCUTANEOUS),
        ("scar", Compartment.SUBCUTANEOUS),
        ("bone_metastasis", Compartment.BONE),
    ],
)
def test_a_focus_does_not_cross_into_the_next_tissue(
    layers: Layers, name: str, compartment: Compartment
) -> None:
    kind = activity_settings().foci[name]
    for seed in range(5):
        region = focus_region(layers, [], kind, RNG(seed))
        assert region is not None
        box, share = region
        assert share.max() > 0.5
        assert (layers.compartments[box][share > 0] == INDEX[compartment]).all()


def test_contamination_lies_outside_of_the_skin(layers: Layers) -> None:
    region = focus_region(layers, [], activity_settings().foci["skin_contamination"], RNG(1))
    assert region is not None
    box, share = region
    assert not layers.body[box][share > 0].any()


def test_foci_near_the_fascia_lie_on_both_sides_of_it(layers: Layers) -> None:
    for name in ("fascial_muscle", "fascial_fat"):
        kind = activity_settings().foci[name]
        region = focus_region(layers, [], kind, RNG(2))
        assert region is not None
        other = layers.from_fat_mm if name == "fascial_muscle" else layers.from_muscle_mm
        assert other[region[0]][region[1] > 0].min() <= 6.0


def test_the_ct_shows_what_a_focus_replaces(layers: Layers) -> None:
    canvas = Canvas.blank(layers.grid)
    canvas.hu[:] = 50
    paint_hu(canvas, layers, (BOX, np.ones((4, 4, 4), np.float32)), -20.0)
    assert canvas.hu[BOX] == pytest.approx(-20.0)
    assert canvas.hu[0, 0, 0] == 50
    finer = Canvas.blank(
        Volume.from_spacing(np.broadcast_to(np.uint8(0), (60, 60, 60)), (VOXEL_MM / 2,) * 3,
                            layers.grid.lps_mm([0, 0, 0]))
    )  # fmt: skip
    finer.hu[:] = 50
    paint_hu(finer, layers, (BOX, np.ones((4, 4, 4), np.float32)), -20.0)
    # From the middle of voxel 7 to that of 10 there are 7 half voxels along each axis.
    assert (finer.hu < -19).sum() == 7**3


def test_foci_are_a_function_of_the_seed_and_name_their_class(layers: Layers) -> None:
    settings = activity_settings()
    canvas = Canvas.blank(layers.grid)
    suv, compartments = layers.suv.copy(), layers.compartments.copy()
    first = draw_foci(layers, canvas, [], settings, False, RNG(4))
    layers.suv, layers.compartments = suv.copy(), compartments.copy()
    again = draw_foci(layers, canvas, [], settings, False, RNG(4))
    assert first == again
    assert [f.id for f in first] == list(range(1, len(first) + 1))
    assert first
    for focus in first:
        soft = focus.compartment in ("muscle", "subcutaneous", "vascular")
        assert focus.classified == (ConcordanceClass.HOT_WITHOUT_CALCIFICATION if soft else None)
        assert focus.lesion_ids == ()
        assert layers.suv.max() >= 0.6 * focus.suv
