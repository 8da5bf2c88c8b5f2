"""Random cases: a function of the seed, with all labels legal and the books kept."""

import json

import numpy as np
import pytest

from calciscope.labels import IGNORE, Label
from calciscope.phantom.cases import random_case, random_counts, random_protocol

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


def test_a_fifth_of_the_cases_holds_no_target() -> None:
    empty = 0
    for seed in range(400):
        counts = random_counts(RNG(seed))
        empty += not any(n for kind, n in counts.items() if kind[0] in "CH")
    # 400 draws of probability 0.2: 80, standard deviation 8.
    assert 50 < empty < 110


def test_protocols_reach_from_thin_to_thick_and_stay_physical() -> None:
    protocols = [random_protocol(RNG(seed)) for seed in range(300)]
    thickness = {p.slice_mm for p in protocols}
    assert min(thickness) <= 1.25
    assert max(thickness) == 5.0
    assert {p.kvp for p in protocols} == {80, 100, 110, 120, 130, 140}
    assert all(4 <= p.noise_hu <= 130 for p in protocols)
    assert all(p.increment_mm <= p.slice_mm for p in protocols)
    assert all(p.edge == 0 for p in protocols if p.kernel != "bone")
