"""Confounders on the vessels of a host: where they lie, and what they are called."""

import numpy as np
import pytest

from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.host_confounders import draw_on_vessels, occupied_by
from calciscope_train.host_vessels import Vessel


def _vessel(x: float, deep: bool = True) -> Vessel:
    z = np.arange(0.0, 91.0, 3.0)
    points = np.stack([np.full(len(z), x), np.full(len(z), 30.0), z], axis=1)
    return Vessel(points, 3.0, deep)


@pytest.mark.parametrize("kind", ["V1", "V2", "V3", "X3"])
def test_mineral_of_a_vessel_lies_in_it(kind: str) -> None:
    lesions = draw_on_vessels([_vessel(20.0)], {kind: 1}, np.random.default_rng(3))
    (lesion,) = lesions
    assert lesion.kind == kind
    low, high = lesion.bounds_mm()
    assert (low >= [15.0, 25.0, -5.0]).all() and (high <= [25.0, 35.0, 95.0]).all()


def test_arteries_are_deep_and_no_vessel_is_used_twice() -> None:
    rng = np.random.default_rng(0)
    assert draw_on_vessels([], {"V1": 3}, rng) == []
    veins = [_vessel(10.0, deep=False), _vessel(40.0, deep=False)]
    assert [x.kind for x in draw_on_vessels(veins, {"V1": 2, "V2": 2, "X3": 5}, rng)] == ["X3"] * 2
    both = draw_on_vessels([_vessel(10.0), _vessel(40.0)], {"V1": 5}, rng)
    assert sorted(round(float(x.center_mm[0]) / 10) for x in both) == [1, 4]


def test_the_place_of_a_vessel_becomes_unknown_to_placement() -> None:
    grid = Volume.from_spacing(np.full((60, 60, 30), Label.MUSCLE, np.uint8), (1.0, 1.0, 3.0))
    lesions = draw_on_vessels([_vessel(20.0)], {"X3": 1}, np.random.default_rng(1))
    labels = occupied_by(lesions, grid)
    assert (grid.array == Label.MUSCLE).all()
    assert labels[20, 30, 15] == IGNORE and labels[40, 30, 15] == Label.MUSCLE
