"""Dates and protocols: what is told, what is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calciscope.errors import InputError
from calciscope.findings import ModelUse
from calciscope.followup.protocols import compare_protocols, require_method
from calciscope.followup.time_point import TimePoint

Make = Callable[..., TimePoint]


@pytest.fixture
def point(make_point: Make) -> TimePoint:
    return make_point(z_mm=(150.0, 180.0))


def test_the_same_protocol(point: TimePoint) -> None:
    found = compare_protocols(point, point)
    assert (found.differences, found.same, found.same_kvp, found.days) == ((), True, True, None)


def test_days_between(point: TimePoint, with_findings: Make) -> None:
    earlier = with_findings(point, acquired_on="2025-02-27")
    later = with_findings(point, acquired_on="2025-03-02")
    assert compare_protocols(earlier, later).days == 3
    assert compare_protocols(earlier, earlier).days == 0


def test_the_wrong_way_round_is_refused_with_both_dates(
    point: TimePoint, with_findings: Make
) -> None:
    earlier = replace(with_findings(point, acquired_on="2026-05-01"), source="a")
    later = replace(with_findings(point, acquired_on="2025-05-01"), source="b")
    with pytest.raises(
        InputError, match="a is of 2026-05-01 and b of 2025-05-01; give the earlier"
    ):
        compare_protocols(earlier, later)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kvp": 100.0}, "Tube voltages differ: 120 and 100 kVp."),
        ({"kvp_assumed": True}, "tube voltage is not stated"),
        ({"kernel": "B60s"}, "Kernels differ: B30s and B60s."),
        ({"kernel": None}, "Kernels differ: B30s and not stated."),
        ({"slice_thickness_mm": 5.0}, "Slice thicknesses differ: 3 and 5 mm"),
        ({"slice_increment_mm": 1.5}, "Slice distances differ: 3 and 1.5 mm"),
        ({"contrast_agent": "Iohexol"}, "Contrast agents differ: none and Iohexol"),
    ],
)
def test_scans_made_differently(
    point: TimePoint, with_findings: Make, changes: dict[str, Any], words: str
) -> None:
    found = compare_protocols(point, with_findings(point, **changes))
    assert len(found.differences) == 1
    assert words in found.differences[0]
    assert not found.same
    assert found.same_kvp == ("kvp" not in next(iter(changes)))


def test_a_little_thicker_is_alike(point: TimePoint, with_findings: Make) -> None:
    assert compare_protocols(point, with_findings(point, slice_thickness_mm=3.2)).same


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"program_version": "0.1.0"}, "Versions of the program differ: 0.2.0 and 0.1.0."),
        ({"minimum_volume_mm3": 10.0}, "Rules of measurement differ: minimum volume mm3."),
        (
            {"models": (ModelUse("ct-calcification", "0.2.0", "1" * 64),)},
            "Precisions of the model differ",
        ),
    ],
)
def test_analyses_made_differently(
    point: TimePoint, with_findings: Make, changes: dict[str, Any], words: str
) -> None:
    found = compare_protocols(point, with_findings(point, **changes))
    assert words in found.differences[0]
    # The scans are alike, so the band of one protocol holds.
    assert found.same


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "specific"},
        {"models": (ModelUse("ct-calcification", "0.1.0", "0" * 64),)},
    ],
)
def test_another_method_is_refused(
    point: TimePoint, with_findings: Make, changes: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="same --model and --mode"):
        compare_protocols(point, with_findings(point, **changes))


def test_a_method_is_required_before_the_work(point: TimePoint) -> None:
    mode = point.findings.ct.definition.mode
    require_method(point, f"ct-calcification 0.2.0 ({mode})")
    with pytest.raises(InputError, match=r"would be by ct-calcification 0\.1\.0"):
        require_method(point, f"ct-calcification 0.1.0 ({mode})")


def test_one_series_twice_and_two_patients(point: TimePoint, with_findings: Make) -> None:
    series = with_findings(point, series="series 3 'LEGS' (CT, 9 files, 1.2.3)")
    assert compare_protocols(series, series).differences == ("Both dates are the same series.",)
    one, two = replace(point, patient="SECRET-A"), replace(point, patient="SECRET-B")
    (words,) = compare_protocols(one, two).differences
    assert "patient identifiers" in words
    assert "SECRET" not in words
    assert compare_protocols(one, point).differences == ()
