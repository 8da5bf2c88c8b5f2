"""Mineral goes where it belongs, and what finds no room is counted."""

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import Label
from calciscope.phantom.kinds import KINDS
from calciscope.phantom.mineral import rasterize
from calciscope.phantom.placement import Placement, place_lesions
from calciscope.phantom.sites import TissueMap
from calciscope.volume import Volume


def limb(radius: float = 55.0) -> Volume:
    """A round limb of 160 mm: bone of 12 mm, muscle to 45 mm, fat to 55 mm (at scale 1)."""
    axis = np.arange(-60, 60) + 0.5
    distance = np.hypot(axis[:, None], axis[None, :]) * 55.0 / radius
    plane = np.zeros(distance.shape, np.uint8)
    plane[distance < 55] = Label.SUBCUTANEOUS
    plane[distance < 45] = Label.MUSCLE
    plane[distance < 12] = Label.BONE
    return Volume.from_spacing(np.repeat(plane[..., None], 64, 2), (1, 1, 2.5), (-60, -60, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_room_in_its_tissue(kind: str) -> None:
    tissues = limb()
    placed = place_lesions(tissues, {kind: 4}, np.random.default_rng(7))
    placed.check(0.5)
    assert sum(placed.requested.values()) == 4
    for lesion in placed.lesions:
        patch = rasterize(lesion, tissues)
        assert patch is not None
        under = tissues.array[patch.box]
        share = {
            label: float(patch.fraction[under == label].sum() / patch.fraction.sum())
            for label in Label
        }
        if lesion.kind[0] in "CHV":
            assert share[Label.BONE] < 0.01
            assert share[Label.BACKGROUND] < 0.06
        if lesion.compartment in ("muscle", "subcutaneous"):
            expected = Label.MUSCLE if lesion.compartment == "muscle" else Label.SUBCUTANEOUS
            assert share[expected] >= 0.45


def test_lesions_do_not_touch() -> None:
    tissues = limb()
    counts = {"C3": 5, "C1": 5, "C5": 4, "C2_sheet": 3}
    placed = place_lesions(tissues, counts, np.random.default_rng(3))
    cover = np.zeros(tissues.shape, int)
    for lesion in placed.lesions:
        patch = rasterize(lesion, tissues)
        assert patch is not None
        cover[patch.box] += patch.fraction > 0.3
    assert len(placed.lesions) > 15
    assert cover.max() == 1


def test_placement_is_a_function_of_the_seed() -> None:
    first, second = (
        place_lesions(limb(), {"C3": 3, "C7": 2}, np.random.default_rng(11)) for _ in range(2)
    )
    assert [x.center_mm.tolist() for x in first.lesions] == [
        x.center_mm.tolist() for x in second.lesions
    ]


def test_side_is_that_of_the_world() -> None:
    placed = place_lesions(limb(), {"C3": 6}, np.random.default_rng(1), sides=True)
    assert {x.side for x in placed.lesions} == {"L", "R"}
    assert all((x.side == "L") == (x.center_mm[0] >= 0) for x in placed.lesions)


def test_a_limb_without_muscle_places_nothing_and_says_so() -> None:
    tissues = limb()
    tissues.array[tissues.array == Label.MUSCLE] = Label.BONE
    placed = place_lesions(tissues, {"H1": 3}, np.random.default_rng(0))
    assert placed.placed["H1"] == 0
    with pytest.raises(PhantomError, match="only 0 of 3 lesions found room"):
        placed.check()


def test_books_of_an_empty_plan_are_in_order() -> None:
    Placement().check()


def test_distance_to_the_skin_and_outward_direction() -> None:
    tissues = limb()
    field = TissueMap(tissues)
    # 50 mm to the left of the axis: 5 mm under the skin, give or take the coarse grid.
    assert field.depth_at(np.array([[50.0, 0.0, 80.0]]))[0] == pytest.approx(5, abs=2)
    site = field.draw("subcutaneous", 1.0, np.random.default_rng(2))
    assert site is not None
    radial = site.point[:2] / np.linalg.norm(site.point[:2])
    assert site.outward[:2] @ radial > 0.9
