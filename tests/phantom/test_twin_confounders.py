"""What looks like calcinosis: kinds, places and sizes worked out from the leg's tables."""

import numpy as np
import pytest

from calciscope.labels import Label
from calciscope.phantom.deposits import Deposit
from calciscope.phantom.legs import SKIN, at
from calciscope.phantom.shapes import Ellipsoid, Pipe
from calciscope.phantom.twin import twin_legs
from calciscope.phantom.twin_confounders import confounders

LEGS = twin_legs(130)
LESIONS = confounders(LEGS, 130)


def deposits(name: str, side: str) -> list[Deposit]:
    return [d for x in LESIONS if x.name == name and x.side == side for d in x.deposits]


def test_nothing_of_it_is_calcification() -> None:
    assert not any(lesion.is_calcification for lesion in LESIONS)
    labels = {lesion.name: lesion.label for lesion in LESIONS}
    assert labels == {
        "Moenckeberg": Label.VASCULAR,
        "contrast": Label.FOREIGN,
        "phlebolith": Label.VASCULAR,
    }


@pytest.mark.parametrize("side", ["R", "L"])
def test_arteries_are_hardened_along_both_tibial_arteries(side: str) -> None:
    """Rings from z = 30 in pieces of 8 mm up to 318: 36 pieces, twice."""
    rings = deposits("Moenckeberg", side)
    assert len(rings) == 72
    assert all(isinstance(ring.shape, Pipe) for ring in rings)
    heights = [z for ring in rings for z in (ring.shape.start[2], ring.shape.end[2])]  # type: ignore[attr-defined]
    assert (min(heights), max(heights)) == (30.0, 318.0)


def test_contrast_is_as_bright_as_agent_in_blood() -> None:
    """300 HU over blood of 55 at 130 kVp, 1.23 HU per mg/mL: 199 mg/mL stand for it."""
    for deposit in deposits("contrast", "L"):
        assert deposit.ha_mg_cc == pytest.approx((300 - 55) / 1.23, rel=0.01)


def test_phleboliths_lie_behind_the_calf_under_the_skin() -> None:
    for leg in LEGS:
        stones = [d.shape for d in deposits("phlebolith", leg.side)]
        assert len(stones) == 3
        for stone in stones:
            assert isinstance(stone, Ellipsoid)
            assert stone.radii_mm.tolist() == [2.0, 2.0, 2.0]
            x, y, z = stone.center
            _, v = leg.local(np.array(x), np.array(y), float(z))
            _, ry, v0 = at(SKIN, float(z))
            assert v0 + ry - float(v) == pytest.approx(5.0)
            assert (x > 0) == (leg.side == "L")
