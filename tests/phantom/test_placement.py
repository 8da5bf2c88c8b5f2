"""Mineral goes where it belongs, and what finds no room is counted."""

import logging

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import Label
from calciscope.phantom.kinds import KINDS
from calciscope.phantom.mineral import rasterize
from calciscope.phantom.placement import Placement, place_lesions
from calciscope.phantom.sites import TissueMap, VesselPath
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


def knee() -> Volume:
    """The limb with a joint space of 5 mm across its bone, which is 20 mm wide."""
    tissues = limb()
    axis = np.arange(-60, 60) + 0.5
    bone = np.hypot(axis[:, None], axis[None, :]) < 20
    tissues.array[bone] = Label.BONE
    tissues.array[:, :, 31:33][bone] = Label.MUSCLE
    return tissues


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_room_in_its_tissue(kind: str) -> None:
    tissues = knee() if kind == "J1_cartilage" else limb()
    placed = place_lesions(tissues, {kind: 2}, np.random.default_rng(7))
    assert placed.requested == {kind: 2}
    assert placed.placed[kind] >= 1
    for lesion in placed.lesions:
        assert lesion.name == kind
        assert kind.startswith(lesion.kind)
        patch = rasterize(lesion, tissues)
        assert patch is not None
        under = tissues.array[patch.box]
        share = {
            label: float(patch.cover[under == label].sum() / patch.cover.sum()) for label in Label
        }
        if lesion.kind[0] in "CHV":
            assert share[Label.BONE] < 0.01
            assert share[Label.BACKGROUND] < 0.06
        if lesion.kind == "X4":
            assert share[Label.BACKGROUND] > 0.9
        if lesion.compartment in ("muscle", "subcutaneous"):
            expected = Label.MUSCLE if lesion.compartment == "muscle" else Label.SUBCUTANEOUS
            own = float(patch.fraction[under == expected].sum() / patch.fraction.sum())
            assert own >= 0.45


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PhantomError, match="no kind C99; choose of C1, "):
        place_lesions(limb(), {"C99": 1}, np.random.default_rng(0))


def test_what_finds_no_room_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        placed = place_lesions(limb(), {"J1_cartilage": 2}, np.random.default_rng(0))
    assert placed.placed["J1_cartilage"] == 0
    assert "2 of 2 J1_cartilage found no room" in caplog.text


def test_vascular_mineral_follows_a_given_artery() -> None:
    z = np.linspace(5, 150, 30)
    artery = np.column_stack([25 + 0.02 * z, np.full(30, 10.0), z])
    for kind in ("V1", "V2", "X3"):
        placed = place_lesions(
            limb(), {kind: 1}, np.random.default_rng(4), vessels=[VesselPath(artery, 2.0)]
        )
        assert placed.placed[kind] == 1
        for deposit in placed.lesions[0].deposits:
            middle = np.mean(deposit.shape.bounds_mm(), axis=0)
            on_artery = [np.interp(middle[2], z, artery[:, axis]) for axis in (0, 1)]
            assert np.linalg.norm(middle[:2] - on_artery) < 2.0 + 1.2


def test_without_arteries_mineral_keeps_the_way_of_a_bundle() -> None:
    placed = place_lesions(limb(), {"V2": 3}, np.random.default_rng(5))
    for lesion in placed.lesions:
        centers = np.array([np.mean(d.shape.bounds_mm(), axis=0) for d in lesion.deposits])
        steps = np.linalg.norm(np.diff(centers, axis=0), axis=1)
        assert steps.max() < 6
        depth = np.hypot(centers[:, 0], centers[:, 1])
        # Muscle lies between 12 and 45 mm; the way neither touches bone nor leaves the fascia.
        assert depth.min() > 12
        assert depth.max() < 45


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


def test_the_cut_side_of_a_crop_is_no_skin() -> None:
    whole = limb()
    # The left half alone: the cut passes through the middle of the bone.
    crop = Volume(whole.array[60:], whole.affine)
    crop.affine[0, 3] = 0.0
    depth = TissueMap(crop).skin_depth_mm
    assert depth[0, 30, 10] == pytest.approx(55, abs=2.5)
    assert TissueMap(whole).skin_depth_mm[30, 30, 10] == pytest.approx(55, abs=2.5)


def test_a_crop_without_air_has_no_skin_near() -> None:
    inside = Volume(np.full((20, 20, 10), Label.MUSCLE, np.uint8), np.eye(4))
    assert TissueMap(inside).skin_depth_mm.min() >= 1e3
