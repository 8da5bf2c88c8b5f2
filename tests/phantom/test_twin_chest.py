"""The chest of the twin with high calcium: which organs are hot, which are not, and how it lies."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.labels import Compartment
from calciscope.phantom.activity.layers import VOXEL_MM, Layers
from calciscope.phantom.activity.normal import normal_uptake
from calciscope.phantom.activity.settings import INDEX, activity_settings
from calciscope.phantom.bodies import Body
from calciscope.phantom.furniture import Surroundings
from calciscope.phantom.spect_cases import painted
from calciscope.phantom.twin_chest import (
    CHEST_CT,
    CHEST_MM,
    CHEST_SEED,
    LUNG_SUV,
    STOMACH_SUV,
    chest_body,
    make_chest,
    paint_hot_organs,
)

Painted = tuple[Body, Layers]


@pytest.fixture(scope="module")
def normal() -> Painted:
    """The body with normal uptake, painted on coarse pixels."""
    rng = np.random.default_rng(CHEST_SEED)
    body = chest_body(130.0, rng)
    canvas = painted(body, CHEST_CT, 4.0, Surroundings(), rng)
    return body, normal_uptake(body, canvas, activity_settings(), rng)


@pytest.fixture(scope="module")
def hot(normal: Painted) -> Layers:
    """The same with hot lungs and stomach."""
    layers = normal[1]
    changed = replace(layers, suv=layers.suv.copy(), compartments=layers.compartments.copy())
    paint_hot_organs(changed)
    return changed


def own(layers: Layers, name: str, compartment: Compartment) -> np.ndarray:
    """Voxels of an organ that no bone or vessel has taken."""
    return layers.organs[name] & (layers.compartments == INDEX[compartment])


def test_one_camera_field_shows_all_of_the_stomach_and_the_thyroid(normal: Painted) -> None:
    body, layers = normal
    assert body.high[2] - body.low[2] == pytest.approx(CHEST_MM[1] - CHEST_MM[0])
    assert body.high[2] - body.low[2] <= 400
    for name in ("lung", "stomach", "thyroid"):
        assert layers.organs[name].any(), name
    # The lowest plane of the image without its edges, 2 x 4.8 mm, is below the stomach.
    lowest = np.argwhere(layers.organs["stomach"])[:, 2].min()
    assert layers.grid.lps_mm([0, 0, lowest])[2] - 9.6 > body.low[2]


def test_the_stomach_has_its_uptake_everywhere(hot: Layers) -> None:
    stomach = own(hot, "stomach", Compartment.PERTECHNETATE_GI)
    assert hot.suv[stomach].mean() == pytest.approx(STOMACH_SUV, rel=0.01)


def test_lungs_take_up_most_at_their_tops_and_some_everywhere(hot: Layers) -> None:
    """30 % of the way from normal (0.15-0.5) to 5 at the bottom: 0.3 x 5 + 0.7 x 0.15 or more."""
    lung = own(hot, "lung", Compartment.THORACIC)
    height = np.broadcast_to(hot.axes[2], lung.shape)
    assert hot.suv[lung & (height > 110)].mean() == pytest.approx(LUNG_SUV, rel=0.01)
    base = hot.suv[lung & (height < -20)].mean()
    assert 0.3 * LUNG_SUV + 0.7 * 0.15 <= base <= 0.3 * LUNG_SUV + 0.7 * 0.75
    # All of it stands out of soft tissue, by more than three times its median.
    muscle = np.median(hot.suv[hot.compartments == INDEX[Compartment.MUSCLE]])
    assert hot.suv[lung & (height > 0)].min() > 3 * muscle


def test_thyroid_and_all_else_stay_as_they_are(normal: Painted, hot: Layers) -> None:
    before = normal[1]
    changed = hot.suv != before.suv
    assert not changed[before.organs["thyroid"]].any()
    assert hot.suv[hot.organs["thyroid"]].max() < 2.0
    organs = before.organs["lung"] | before.organs["stomach"]
    assert not changed[~organs].any()
    assert not changed[before.compartments == INDEX[Compartment.BONE]].any()


def test_right_and_left_lung_and_stomach_are_foci(normal: Painted) -> None:
    layers = normal[1]
    copy = replace(layers, suv=layers.suv.copy(), compartments=layers.compartments.copy())
    right, left, stomach = paint_hot_organs(copy)
    assert [right.kind, left.kind, stomach.kind] == ["right_lung", "left_lung", "stomach"]
    assert right.center_mm[0] < 0 < left.center_mm[0]
    assert stomach.center_mm[0] > 0
    assert stomach.center_mm[2] < left.center_mm[2]
    assert {right.compartment, left.compartment} == {Compartment.THORACIC}
    assert stomach.compartment is Compartment.PERTECHNETATE_GI
    assert not any(focus.physiologic for focus in (right, left, stomach))
    voxels = own(layers, "stomach", Compartment.PERTECHNETATE_GI).sum()
    assert stomach.volume_ml == pytest.approx(voxels * VOXEL_MM**3 / 1000, abs=0.01)


def test_a_body_without_stomach_in_view_has_hot_lungs_only(normal: Painted) -> None:
    layers = normal[1]
    above = {name: mask for name, mask in layers.organs.items() if name != "stomach"}
    part = replace(
        layers, suv=layers.suv.copy(), compartments=layers.compartments.copy(), organs=above
    )
    assert [focus.kind for focus in paint_hot_organs(part)] == ["right_lung", "left_lung"]


@pytest.mark.slow
def test_ct_and_uptake_share_the_world_and_there_is_no_mineral() -> None:
    scan, activity = make_chest()
    assert scan.lesions == []
    assert [focus.id for focus in activity.foci] == list(range(1, len(activity.foci) + 1))
    lung = next(focus for focus in activity.foci if focus.kind == "right_lung")
    index = np.round(scan.ct.index(lung.center_mm)).astype(int)
    around = tuple(slice(n - 2, n + 3) for n in index)
    assert np.median(scan.ct.array[around]) < -500
