"""Random cases: a function of the seed, with all labels legal and the books kept."""

import json

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.body_settings import body_settings
from calciscope.phantom.cases import COUNTED_AS, random_case, random_protocol
from calciscope.phantom.distributions import draw_counts

RNG = np.random.default_rng


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 1])
def test_a_case_is_a_function_of_its_seed(seed: int) -> None:
    depth = (30.0, 40.0)
    first, second = random_case(seed, depth), random_case(seed, depth)
    assert (first.acquired.ct.array == second.acquired.ct.array).all()
    assert (first.acquired.labels.array == second.acquired.labels.array).all()
    assert first.record() == second.record()
    labels = set(np.unique(first.acquired.labels.array).tolist())
    assert {int(Label.BACKGROUND), int(Label.SUBCUTANEOUS), int(Label.MUSCLE)} <= labels
    assert labels <= {*map(int, Label), IGNORE}
    json.dumps(first.record())


def test_every_body_part_has_counts_of_mineral() -> None:
    for part in body_settings().parts:
        assert draw_counts(RNG(1), COUNTED_AS.get(part, part), negative_share=0.0)


@pytest.mark.parametrize("part", ["hand", "foot"])
def test_a_case_of_a_part_is_of_that_part_and_keeps_its_sides(part: str) -> None:
    case = random_case(11, (30.0, 35.0), body_part=part)
    assert case.record()["body_part"] == part
    ct = case.acquired.ct
    assert case.placed
    for row in case.acquired.lesions:
        if "center_index" in row and row["side"]:
            x = ct.lps_mm(row["center_index"])[0]
            # A lesion may reach across the midline by its own size, no more.
            assert (x < 15) if row["side"] == "R" else (x > -15)


def test_held_out_settings_share_no_scanner_with_training() -> None:
    seen = [random_protocol(RNG(seed)) for seed in range(300)]
    other = [random_protocol(RNG(seed), "held_out") for seed in range(300)]
    for figure in ("kvp", "slice_mm", "kernel"):
        assert not {getattr(p, figure) for p in seen} & {getattr(p, figure) for p in other}
    with pytest.raises(PhantomError, match="choose one of training, held_out"):
        random_protocol(RNG(0), "test")


def test_protocols_reach_from_thin_to_thick_and_stay_physical() -> None:
    protocols = [random_protocol(RNG(seed)) for seed in range(300)]
    thickness = {p.slice_mm for p in protocols}
    assert min(thickness) <= 1.25
    assert max(thickness) == 5.0
    assert {p.kvp for p in protocols} == {80, 100, 110, 120, 130, 140}
    assert all(4 <= p.noise_hu <= 130 for p in protocols)
    assert all(p.increment_mm <= p.slice_mm for p in protocols)
    assert all(p.edge == 0 for p in protocols if p.kernel in ("soft", "medium", "hawkeye"))
    assert any(p.motion_mm for p in protocols)
    assert any(p.interpolated == 2 for p in protocols)
    assert all(p.interpolated == 1 for p in protocols if p.slice_mm < 2)
