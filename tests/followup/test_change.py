"""Change of mass: the 25 % rule, groups, sums."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from calciscope.findings import Lesion
from calciscope.followup.change import lesion_change, total_changes, trend_of
from calciscope.followup.comparison import LesionChange, Relation, Scope, TotalChange, Trend
from calciscope.followup.matching import Group
from calciscope.followup.repeatability import Repeatability
from calciscope.followup.settings import ComparisonSettings
from calciscope.labels import Compartment
from calciscope.locations import Laterality

SETTINGS = ComparisonSettings()
ERROR = Repeatability(proportional=0.1, noise_mg=0.0, calibration=0.0)
Make = Callable[..., Lesion]


@pytest.fixture
def make(lesion: Lesion) -> Make:
    """A lesion by number and mass."""
    return lambda number, mass, **changes: replace(lesion, id=number, ha_mass_mg=mass, **changes)


def change(earlier: list[Lesion], later: list[Lesion], note: str = "") -> LesionChange:
    group = Group(tuple(x.id for x in earlier), tuple(x.id for x in later))
    one, two = ({x.id: x for x in lesions} for lesions in (earlier, later))
    return lesion_change(group, one, two, "left lower leg", note, ERROR, SETTINGS)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (100, 125, Trend.STABLE),
        (100, 125.1, Trend.GROWN),
        (100, 75, Trend.STABLE),
        (100, 74.9, Trend.SHRUNK),
        (0, 5, Trend.NEW),
        (5, 0, Trend.RESOLVED),
    ],
)
def test_the_rule_of_25_percent(earlier: float, later: float, expected: Trend) -> None:
    assert trend_of(earlier, later, 25.0) is expected


def test_a_grown_lesion(make: Make) -> None:
    found = change([make(3, 40.0)], [make(8, 54.0)])
    assert (found.trend, found.relation) == (Trend.GROWN, Relation.ONE_TO_ONE)
    assert (found.earlier_ids, found.later_ids) == ((3,), (8,))
    assert found.change_mg == pytest.approx(14.0)
    assert found.change_percent == pytest.approx(35.0)
    # 10 % of the larger mass.
    assert found.measurement_error_mg == pytest.approx(5.4)
    assert found.beyond_error is True


def test_within_the_measurement_error(make: Make) -> None:
    assert change([make(1, 40.0)], [make(1, 44.0)]).beyond_error is False


def test_merged_lesions_are_compared_together(make: Make) -> None:
    found = change([make(1, 30.0), make(2, 10.0)], [make(1, 42.0)])
    assert (found.relation, found.trend) == (Relation.MERGED, Trend.STABLE)
    assert found.change_percent == pytest.approx(5.0)
    parts = change([make(1, 42.0)], [make(1, 30.0), make(2, 30.0)])
    assert (parts.relation, parts.trend) == (Relation.SPLIT, Trend.GROWN)
    both = change([make(1, 9.0), make(2, 9.0)], [make(1, 9.0), make(2, 9.0)])
    assert both.relation is Relation.REGROUPED


def test_new_and_resolved_have_no_percent_or_no_error(make: Make) -> None:
    new = change([], [make(4, 12.0)])
    assert (new.trend, new.relation) == (Trend.NEW, Relation.UNMATCHED)
    assert (new.change_percent, new.measurement_error_mg, new.beyond_error) == (None, None, None)
    assert new.centroid_earlier_mm is None
    gone = change([make(4, 12.0)], [])
    assert (gone.trend, gone.change_percent) == (Trend.RESOLVED, -100.0)


def test_a_lesion_without_mass_is_one_all_the_same(make: Make) -> None:
    assert change([make(1, 0.0)], []).trend is Trend.RESOLVED
    assert change([], [make(1, 0.0)]).trend is Trend.NEW
    assert change([make(1, 0.0)], [make(1, 0.0)]).trend is Trend.STABLE


def test_what_is_not_covered_has_no_trend(make: Make) -> None:
    found = change([make(4, 12.0)], [], note="outside")
    assert found.trend is Trend.NOT_COVERED
    assert (found.change_mg, found.change_percent) == (None, None)
    assert found.beyond_error is None


def test_the_heaviest_of_the_later_date_gives_the_place(make: Make) -> None:
    found = change(
        [make(1, 50.0, compartment=Compartment.MUSCLE)],
        [
            make(1, 20.0, compartment=Compartment.MUSCLE),
            make(2, 30.0, compartment=Compartment.SUBCUTANEOUS),
        ],
    )
    assert found.compartment is Compartment.SUBCUTANEOUS


def test_sums_over_all_and_over_what_both_scans_show(make: Make) -> None:
    right = {"laterality": Laterality.RIGHT}
    earlier = [make(1, 100.0), make(2, 10.0, **right)]
    later = [make(1, 140.0), make(2, 10.0, **right), make(3, 50.0)]
    changes = [
        change([earlier[0]], [later[0]]),
        change([earlier[1]], [later[1]]),
        change([], [later[2]], note="outside"),
    ]
    totals = total_changes(earlier, later, changes, ERROR, SETTINGS)

    def of(scope: Scope, group: str, name: str) -> TotalChange:
        (found,) = [t for t in totals if (t.scope, t.group, t.name) == (scope, group, name)]
        return found

    common = of(Scope.COMMON, "total", "all")
    assert (common.earlier.ha_mass_mg, common.later.ha_mass_mg) == (110.0, 150.0)
    assert common.change_percent == pytest.approx(100 * 40 / 110)
    assert common.trend is Trend.GROWN
    assert common.measurement_error_mg == pytest.approx(15.0)
    assert of(Scope.ALL, "total", "all").later.ha_mass_mg == 200.0
    assert of(Scope.COMMON, "side", "left").change_percent == pytest.approx(40.0)
    assert of(Scope.COMMON, "side", "right").trend is Trend.STABLE
    assert of(Scope.ALL, "side and compartment", "left, muscle").later.count == 2
    assert of(Scope.ALL, "region", "lower leg").earlier.count == 2
    assert not [t for t in totals if t.name == "midline"]


def test_another_name_at_the_second_date_moves_no_mass(make: Make) -> None:
    """30 mg of muscle, then called subcutaneous: the sum over both scans' view is stable."""
    one = make(1, 30.0, compartment=Compartment.MUSCLE)
    two = make(1, 30.0, compartment=Compartment.SUBCUTANEOUS)
    totals = total_changes([one], [two], [change([one], [two])], ERROR, SETTINGS)

    def named(scope: Scope) -> dict[str, Trend]:
        return {t.name: t.trend for t in totals if t.scope is scope and t.group == "compartment"}

    assert named(Scope.COMMON) == {"subcutaneous": Trend.STABLE}
    # All that each date found, as it was called there.
    assert named(Scope.ALL) == {"muscle": Trend.RESOLVED, "subcutaneous": Trend.NEW}


def test_sums_of_nothing() -> None:
    assert total_changes([], [], [], ERROR, SETTINGS) == ()
