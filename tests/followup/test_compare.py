"""Two toy dates compared: matches, native figures, fields of view, refusals."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calciscope.errors import InputError
from calciscope.followup.compare import compare_points
from calciscope.followup.comparison import Comparison, LesionChange, Relation, Scope, Trend
from calciscope.followup.rigid import Rigid, euler
from calciscope.followup.time_point import TimePoint
from calciscope.followup.wording import total_of
from calciscope.locations import Laterality

Make = Callable[..., TimePoint]
MakeBall = Callable[..., Any]
LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
MOTIONS = {
    LEFT: Rigid.about((70, 0, 180), euler(4, -3, 12), (78, 6, 190)),
    RIGHT: Rigid.about((-70, 0, 180), euler(-2, 2, -9), (-76, -5, 172)),
}


def by_earlier(comparison: Comparison) -> dict[int, LesionChange]:
    return {number: change for change in comparison.changes for number in change.earlier_ids}


@pytest.fixture(scope="module")
def followed(make_point: Make, ball: MakeBall) -> tuple[TimePoint, TimePoint, Comparison]:
    """Grown, stable, gone and new balls in legs that moved, the right one moved otherwise."""
    still = [
        ball(LEFT, (10, 30, 120), 40.0),
        ball(LEFT, (10, 30, 150), 20.0),
        ball(RIGHT, (-10, 30, 120), 40.0),
        ball(RIGHT, (-10, 30, 250), 15.0),
    ]
    later = [
        ball(LEFT, (10, 30, 120), 60.0),
        ball(LEFT, (10, 30, 150), 22.0),
        ball(RIGHT, (-10, 30, 120), 40.0),
        ball(RIGHT, (-10, 30, 200), 7.0),
    ]
    points = make_point(still, date="2025-01-01"), make_point(later, MOTIONS, date="2026-01-01")
    return (*points, compare_points(*points).comparison)


def test_every_lesion_finds_its_own(followed: tuple[TimePoint, TimePoint, Comparison]) -> None:
    changes = by_earlier(followed[2])
    assert [changes[n].later_ids for n in (1, 2, 3, 4)] == [(1,), (2,), (3,), ()]
    assert [changes[n].trend for n in (1, 2, 3, 4)] == [
        Trend.GROWN,
        Trend.STABLE,
        Trend.STABLE,
        Trend.RESOLVED,
    ]
    (new,) = [change for change in followed[2].changes if change.trend is Trend.NEW]
    assert new.later_ids == (4,)
    assert followed[2].counts[Trend.GROWN] == 1


def test_figures_are_those_of_each_date(
    followed: tuple[TimePoint, TimePoint, Comparison],
) -> None:
    earlier, later, comparison = followed
    change = by_earlier(comparison)[1]
    assert (change.ha_mass_earlier_mg, change.ha_mass_later_mg) == (40.0, 60.0)
    assert change.change_percent == pytest.approx(50.0)
    # The same ball on another grid: its volume is what its own date's voxels say.
    assert change.volume_later_mm3 == later.findings.ct.lesions[0].volume_mm3
    assert change.centroid_earlier_mm == earlier.findings.ct.lesions[0].centroid_lps_mm
    assert change.centroid_later_mm == later.findings.ct.lesions[0].centroid_lps_mm
    assert change.beside == "left lower leg"
    left = total_of(comparison, Scope.ALL, "side", "left")
    assert left is not None
    assert (left.earlier.ha_mass_mg, left.later.ha_mass_mg) == (60.0, 82.0)
    assert (comparison.days_between, comparison.same_protocol) == (365, True)


def test_registration_is_told(followed: tuple[TimePoint, TimePoint, Comparison]) -> None:
    for part in followed[2].registration:
        assert part.usable
        assert part.residual_mm is not None
        assert part.residual_mm < 1.0
        assert part.earlier_to_later is not None
    turns = {part.side: part.turn_deg for part in followed[2].registration}
    assert turns[LEFT] == pytest.approx(MOTIONS[LEFT].angle_deg, abs=1.0)


def test_changes_are_numbered_by_size(
    followed: tuple[TimePoint, TimePoint, Comparison],
) -> None:
    changes = followed[2].changes
    assert [change.id for change in changes] == list(range(1, len(changes) + 1))
    sizes = [abs(change.change_mg or 0.0) for change in changes]
    assert sizes == sorted(sizes, reverse=True)


def test_a_date_against_itself_is_stable(make_point: Make, ball: MakeBall) -> None:
    point = make_point([ball(LEFT, (10, 30, 120), 40.0), ball(RIGHT, (-10, 30, 120), 4.0)])
    comparison = compare_points(point, point).comparison
    assert comparison.counts[Trend.STABLE] == 2
    assert all(change.change_mg == 0.0 for change in comparison.changes)
    assert all(part.residual_mm < 0.05 for part in comparison.registration if part.residual_mm)


def test_what_one_scan_does_not_show_is_neither_new_nor_gone(
    make_point: Make, ball: MakeBall
) -> None:
    balls = [ball(LEFT, (10, 30, 80), 30.0), ball(LEFT, (10, 30, 250), 30.0)]
    whole, upper = make_point(balls), make_point(balls, z_mm=(150.0, 360.0))
    gone = compare_points(whole, upper).comparison
    assert by_earlier(gone)[1].trend is Trend.NOT_COVERED
    assert by_earlier(gone)[1].note == "outside of the field of view of the later scan"
    assert by_earlier(gone)[2].trend is Trend.STABLE
    assert gone.counts[Trend.RESOLVED] == 0
    common, everything = (total_of(gone, scope) for scope in (Scope.COMMON, Scope.ALL))
    assert common is not None
    assert everything is not None
    assert (common.earlier.ha_mass_mg, everything.earlier.ha_mass_mg) == (30.0, 60.0)
    assert common.trend is Trend.STABLE
    new = compare_points(upper, whole).comparison
    assert new.counts[Trend.NEW] == 0
    assert new.counts[Trend.NOT_COVERED] == 1
    assert any("not compared" in warning for warning in new.warnings)


def test_two_lesions_that_grew_together(make_point: Make, ball: MakeBall) -> None:
    # Spheres of 4 mm with centers 18 mm apart, and one of 13 mm that holds both.
    earlier = make_point([ball(LEFT, (10, 30, 111), 10.0), ball(LEFT, (10, 30, 129), 12.0)])
    later = make_point([ball(LEFT, (10, 30, 120), 40.0, 13.0)], MOTIONS)
    (change,) = compare_points(earlier, later).comparison.changes
    assert change.relation is Relation.MERGED
    assert change.earlier_ids == (1, 2)
    assert change.ha_mass_earlier_mg == 22.0
    assert change.trend is Trend.GROWN


def test_the_mirror_image_of_a_lesion_is_another_one(make_point: Make, ball: MakeBall) -> None:
    earlier = make_point([ball(LEFT, (10, 30, 120), 40.0)])
    later = make_point([ball(RIGHT, (-10, 30, 120), 40.0)])
    counts = compare_points(earlier, later).comparison.counts
    assert (counts[Trend.NEW], counts[Trend.RESOLVED]) == (1, 1)


def test_only_the_left_and_only_the_right_are_refused(make_point: Make, ball: MakeBall) -> None:
    left = make_point([ball(LEFT, (10, 30, 120), 40.0)], legs=(LEFT,), source="jan")
    right = make_point([ball(RIGHT, (-10, 30, 120), 40.0)], legs=(RIGHT,), source="feb")
    with pytest.raises(InputError, match="jan shows the left limb only and feb the right one"):
        compare_points(left, right)


def test_other_regions_are_refused(make_point: Make) -> None:
    # A body too large and too round to be a leg: nothing of the legs is found in it.
    legs = make_point(z_mm=(30.0, 200.0))
    empty = make_point(legs=(), z_mm=(30.0, 200.0))
    with pytest.raises(InputError, match="no part of the body of study could be found in study"):
        compare_points(legs, empty)


def test_no_lesions_at_all(make_point: Make) -> None:
    comparison = compare_points(make_point(), make_point(motions=MOTIONS)).comparison
    assert comparison.changes == ()
    assert comparison.totals == ()


def test_another_order_of_axes_changes_nothing(
    make_point: Make,
    ball: MakeBall,
    stored: Callable[..., Any],
    followed: tuple[TimePoint, TimePoint, Comparison],
) -> None:
    earlier, later, expected = followed
    turned = replace(
        later,
        tissues=stored(later.tissues, (2, 0, 1), (True, False, True)),
        lesion_ids=stored(later.lesion_ids, (2, 0, 1), (True, False, True)),
    )
    found = compare_points(earlier, turned).comparison
    assert [c.later_ids for c in found.changes] == [c.later_ids for c in expected.changes]
    assert [c.trend for c in found.changes] == [c.trend for c in expected.changes]
