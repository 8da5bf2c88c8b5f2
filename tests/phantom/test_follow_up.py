"""The twin a year later: what changed, and where everything went."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.phantom.follow_up import (
    LEFT_FACTOR,
    MOVES,
    RESOLVED,
    TABLE_MM,
    FollowUp,
    make_follow_up,
)
from calciscope.phantom.mineral import Lesion, analytic_volume_and_mass
from calciscope.phantom.twin import lesions_of_twin

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def follow_up() -> FollowUp:
    return make_follow_up()


@pytest.fixture(scope="module")
def before() -> tuple[Lesion, ...]:
    return lesions_of_twin()


def mass_mg(lesions: tuple[Lesion, ...], side: str) -> float:
    return sum(analytic_volume_and_mass(x)[1] for x in lesions if x.side == side)


def centers_mm(lesions: Sequence[Lesion]) -> NDArray[np.float64]:
    """Centers of later lesions in the coordinates of their scan."""
    centers = np.array([lesion.center_mm for lesion in lesions])
    centers[:, 2] += TABLE_MM
    return centers


def test_a_third_more_on_the_left_and_no_change_on_the_right(
    follow_up: FollowUp, before: tuple[Lesion, ...]
) -> None:
    after = follow_up.twin.lesions
    assert len(before) == len(after) == 105
    new, kept = after[-1], after[:-1]
    # A leg is tilted by shear, which changes the length of rods by a thousandth.
    assert mass_mg(kept, "L") / mass_mg(before, "L") == pytest.approx(LEFT_FACTOR, rel=2e-3)
    gone = [x for x in before if x.name == RESOLVED[0]][RESOLVED[1]]
    assert mass_mg(kept, "R") == pytest.approx(
        mass_mg(before, "R") - analytic_volume_and_mass(gone)[1], rel=2e-3
    )
    # A rod of 7 x 4 mm: pi 2^2 (3 + 4/3 2) = 71.2 mm3 of 400 mg/cm3.
    assert analytic_volume_and_mass(new)[1] == pytest.approx(28.5, abs=0.1)


def test_lesions_go_where_their_leg_goes(follow_up: FollowUp, before: tuple[Lesion, ...]) -> None:
    gone = [x for x in before if x.name == RESOLVED[0]][RESOLVED[1]]
    kept = [x for x in before if x is not gone]
    expected = follow_up.later_mm(np.array([x.center_mm for x in kept]))
    found = centers_mm(follow_up.twin.lesions[:-1])
    # The box around a turned plate has another middle than that of the plate before.
    assert np.abs(found - expected).max() < 0.5


def test_the_scan_shows_them_there(follow_up: FollowUp) -> None:
    rows = follow_up.twin.acquired.lesions
    assert all(row["visible"] for row in rows)
    labels = follow_up.twin.acquired.labels
    centers = centers_mm(follow_up.twin.lesions)
    places = labels.lps_mm(np.array([row["center_index"] for row in rows]))
    assert np.linalg.norm(places - centers, axis=1).max() < 10.0


def test_the_foot_turns_outward_on_both_sides(follow_up: FollowUp) -> None:
    for leg in follow_up.earlier:
        # A point 40 mm lateral of the axis, at the ankle.
        point = leg.world(40.0, 0.0, 0.0)
        move = MOVES[leg.side]
        after = follow_up.later_mm(point[None])[0] - [*move.shift_mm, TABLE_MM]
        turned = np.deg2rad(leg.rotation_deg + move.turn_deg)
        assert after[0] - leg.center_x_mm == pytest.approx(leg.sign * 40.0 * np.cos(turned))
        assert after[1] == pytest.approx(40.0 * np.sin(turned))
