"""SPECT/CT phantoms: a function of the seed, scanned where the patient lay, with books."""

import json

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.phantom.activity.settings import activity_settings
from calciscope.phantom.bodies import WINDOWS
from calciscope.phantom.body_settings import body_settings
from calciscope.phantom.spect_cases import (
    EXTENSIVE_PARTS,
    FIELD_MM,
    PARTS,
    extensive_settings,
    random_field,
    random_spect_case,
)

RNG = np.random.default_rng


@pytest.mark.slow
def test_a_case_is_a_function_of_its_seed() -> None:
    first = random_spect_case(3, body_part="hand", pixel_mm=(2.4, 2.5))
    second = random_spect_case(3, body_part="hand", pixel_mm=(2.4, 2.5))
    assert (first.acquired.ct.array == second.acquired.ct.array).all()
    assert (first.spect.array == second.spect.array).all()
    assert first.record() == second.record()
    assert json.loads(json.dumps(first.record()))["body_part"] == "hand"
    known = {*range(len(HOT_SPOT_COMPARTMENTS)), 255}
    assert set(np.unique(first.seen.compartments.array).tolist()) <= known


@pytest.mark.slow
def test_foci_lie_where_the_map_is_hot_and_name_lesions_of_the_table() -> None:
    case = random_spect_case(5, body_part="forearm", pixel_mm=(2.4, 2.5))
    ids = {row["id"] for row in case.acquired.lesions}
    suv = case.activity.suv
    assert case.activity.foci
    for focus in case.activity.foci:
        assert set(focus.lesion_ids) <= ids
        start = np.maximum(np.round(suv.index(focus.center_mm)).astype(int) - 12, 0)
        near = suv.array[tuple(slice(a, a + 25) for a in start)]
        assert near.max() >= 0.5 * focus.suv
    # The largest uptake of the SPECT lies near the largest true uptake after the movement.
    case_max = case.spect.lps_mm(np.unravel_index(case.spect.array.argmax(), case.spect.shape))
    near_max = case.seen.suv.index(case_max).round().astype(int)
    box = tuple(slice(max(n - 6, 0), n + 7) for n in near_max)
    assert case.seen.suv.array[box].max() > 0.5 * case.spect.array.max()


@pytest.mark.slow
def test_extensive_mineral_is_hot_in_many_groups_at_once() -> None:
    usual = random_spect_case(6, body_part="calf", pixel_mm=(2.4, 2.5))
    many = random_spect_case(6, body_part="calf", pixel_mm=(2.4, 2.5), extensive=True)
    most = activity_settings().lesions["most_hot_groups"].draw(RNG(0))
    hot = {
        name: sum(f.classified == "calcified_hot" for f in case.activity.foci)
        for name, case in (("usual", usual), ("many", many))
    }
    assert hot["usual"] <= most < hot["many"]
    assert "extensive" in many.record()["traits"]
    assert "extensive" not in usual.record()["traits"]


def test_extensive_mineral_keeps_the_kinds_of_the_file_and_the_usual_settings() -> None:
    usual = activity_settings()
    settings, more = extensive_settings(usual, RNG(1))
    assert set(more) == set(usual.extensive) - {"hot_share", "most_hot_groups"}
    assert all(count >= 0 for count in more.values())
    assert 0.3 <= settings.shares["hot_lesions"] <= 1.0
    assert activity_settings().shares["hot_lesions"] == 0.55
    assert set(EXTENSIVE_PARTS) <= set(PARTS)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_field_lies_in_the_body_and_is_as_long_as_a_camera_sees(part: str) -> None:
    for seed in range(4):
        body = random_field(RNG(seed), 120.0, part)
        flesh = [f.solid.bounds_mm() for limb in body.limbs for f in limb.flesh]
        assert body.low[2] >= min(low[2] for low, _ in flesh) - 1e-6
        assert body.high[2] <= max(high[2] for _, high in flesh)
        assert 80 < body.high[2] - body.low[2] <= FIELD_MM[1] + 1e-6


def test_ct_cases_never_draw_the_trunk() -> None:
    assert set(PARTS) == set(WINDOWS)
    assert not {"chest", "abdomen"} & set(body_settings().parts)


def test_unknown_parts_and_settings_are_refused() -> None:
    with pytest.raises(PhantomError, match="no body part 'head'"):
        random_spect_case(1, body_part="head")
    with pytest.raises(PhantomError, match="no settings 'test'"):
        random_spect_case(1, settings="test")
