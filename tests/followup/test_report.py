"""The report of a comparison: complete, in one file, with and without CT."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calciscope.followup.close_ups import COUNT, MOST_OF_A_TREND, change_close_ups, largest_changes
from calciscope.followup.compare import ComparedPoints, compare_points
from calciscope.followup.comparison import Trend
from calciscope.followup.pictures import CODES, TREND_COLORS, codes_of, projection_pair
from calciscope.followup.report import key_figures, write_comparison_report
from calciscope.followup.rigid import Rigid, euler
from calciscope.followup.time_point import TimePoint
from calciscope.locations import Laterality

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
MOTIONS = {LEFT: Rigid.about((70, 0, 180), euler(0, 0, 8), (74, 0, 200))}
Compared = tuple[TimePoint, TimePoint, ComparedPoints]


@pytest.fixture(scope="module")
def compared(make_point: Callable[..., TimePoint], ball: Callable[..., Any]) -> Compared:
    """A grown one, one that is gone, one that is new, and one that the later scan does not show."""
    earlier = make_point(
        [
            ball(LEFT, (10, 30, 120), 40.0),
            ball(LEFT, (10, 30, 250), 5.0),
            ball(RIGHT, (0, 30, 50), 3.0),
        ]
    )
    later = make_point(
        [ball(LEFT, (10, 30, 120), 60.0), ball(RIGHT, (-10, 30, 200), 7.0)], MOTIONS, (90.0, 360.0)
    )
    return earlier, later, compare_points(earlier, later)


@pytest.fixture(scope="module")
def page(compared: Compared, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "comparison.html"
    write_comparison_report(path, *compared)
    return path.read_text(encoding="utf-8")


def with_ct(point: TimePoint) -> TimePoint:
    """The same date with a CT: bone 900 HU, soft tissue 50, air."""
    hu = np.array([-1000, -100, 50, 900, 900, 900, 400], np.int16)[point.tissues.array]
    return replace(point, ct=point.tissues.with_array(hu))


def test_the_page_stands_alone_and_says_what_it_is(page: str) -> None:
    assert "Research use, not a diagnosis" in page
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", page)
    assert "http" not in page.replace("http-equiv", "")


def test_it_tells_the_change(page: str) -> None:
    # Of what both show: 40 + 5 mg, then 60 + 7 mg: + 49 %.
    assert "45 mg, then 67 mg (+49 %, progression, beyond the measurement error of" in page
    assert "left +33 % (progression" in page
    assert "outside of the field of view of the later scan" in page
    assert "All lesions, whatever the scans show" in page
    for trend in (Trend.NEW, Trend.GROWN, Trend.RESOLVED, Trend.NOT_COVERED):
        assert f"{trend.value} (1)" in page


def test_every_element_is_closed(page: str) -> None:
    class Checker(HTMLParser):
        void = ("meta", "img", "br", "link")
        open_tags: tuple[str, ...] = ()

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in self.void:
                self.open_tags = (*self.open_tags, tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open_tags[-1] == tag
            self.open_tags = self.open_tags[:-1]

    checker = Checker()
    checker.feed(page)
    assert checker.open_tags == ()


def test_hostile_text_is_escaped(compared: Compared, tmp_path: Path) -> None:
    earlier, later, both = compared
    comparison = replace(
        both.comparison, later=replace(both.comparison.later, series="<script>alert(1)</script>")
    )
    path = tmp_path / "comparison.html"
    write_comparison_report(path, earlier, later, replace(both, comparison=comparison))
    assert "<script>alert" not in path.read_text(encoding="utf-8")


def test_pictures_have_one_scale(compared: Compared) -> None:
    earlier, later, both = compared
    one, two = projection_pair(earlier, later, both.comparison.changes, both.alignment)
    assert (one.width_px, one.height_px) == (two.width_px, two.height_px)
    assert one.width_mm == two.width_mm
    drawn = projection_pair(
        with_ct(earlier), with_ct(later), both.comparison.changes, both.alignment
    )
    assert drawn[0].png != one.png


def test_lesions_get_the_color_of_their_change(compared: Compared) -> None:
    changes = compared[2].comparison.changes
    codes = codes_of(changes, "earlier")
    assert {number: CODES[code - 1] for number, code in codes.items()} == {
        1: Trend.GROWN,
        2: Trend.RESOLVED,
        3: Trend.NOT_COVERED,
    }
    assert len(set(TREND_COLORS.values())) == len(Trend)


def test_close_ups_show_both_dates(compared: Compared) -> None:
    earlier, later, both = compared
    shown = change_close_ups(earlier, later, both.comparison.changes, both.alignment)
    assert {close_up.change.trend for close_up in shown} == {
        Trend.GROWN,
        Trend.RESOLVED,
        Trend.NEW,
    }
    assert all(close_up.earlier and close_up.later for close_up in shown)


def test_close_ups_are_the_largest_of_each_kind(compared: Compared) -> None:
    change = compared[2].comparison.changes[0]
    many = [replace(change, id=n, trend=Trend.GROWN) for n in range(1, 9)]
    many += [replace(change, id=n, trend=Trend.NEW) for n in range(9, 20)]
    many += [replace(change, id=20, trend=Trend.STABLE)]
    chosen = largest_changes(many)
    assert [c.id for c in chosen] == [1, 2, 3, 4, 5, 9, 10, 11, 12, 13]
    assert len(chosen) == 2 * MOST_OF_A_TREND <= COUNT


def test_nothing_found_is_said(make_point: Callable[..., TimePoint], tmp_path: Path) -> None:
    point = make_point()
    both = compare_points(point, point)
    assert key_figures(both.comparison) == ()
    path = tmp_path / "comparison.html"
    write_comparison_report(path, point, point, both)
    assert "No calcification in what both scans show." in path.read_text(encoding="utf-8")
