"""Pages: notice and number on each, room that is left, and only signs that can be drawn."""

import logging
from typing import Any

import pytest

from calciscope.writers.pdf.page import MARGIN_MM, NO_SIGN, TOP_MM, ReportPdf, line_mm, printable

LETTERS = {ord(sign) for sign in "aé³א"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain {text} ~", "plain {text} ~"),
        ("é³", "é³"),
        ("a\x00b\x07c\td\x85e", "a b c d e"),
        ("two\nlines", "two\nlines"),
        ("a\u202eb\u200bc\ufeff", "abc"),  # reversed reading, no width, byte order mark
        ("א中\ud800", f"א{NO_SIGN}{NO_SIGN}"),
        ("", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text, LETTERS) == shown


@pytest.mark.parametrize("bold", [False, True])
def test_every_sign_that_is_let_through_can_be_drawn(
    pdf: ReportPdf, pages: Any, caplog: pytest.LogCaptureFixture, bold: bool
) -> None:
    """fpdf2 logs the letters that it lacks; a log may hold nothing of the patient."""
    with caplog.at_level(logging.WARNING):
        pdf.say("μ 中 \U0001fac0 \U0001f600 ≥ ³ − × · – … \u0378", bold=bold)
        (text,) = pages(pdf)
    assert f"μ {NO_SIGN} {NO_SIGN}" in text
    assert caplog.records == []


def test_notice_number_and_name_stand_on_every_page(pdf: ReportPdf, pages: Any) -> None:
    pdf.add_page()
    first, second = pages(pdf)
    assert first == "Notice 1 / 2 Calciscope · Name"
    assert second == "Notice 2 / 2 Calciscope · Name"


def test_room_and_new_pages(pdf: ReportPdf) -> None:
    assert pdf.is_at_top()
    assert pdf.room_mm() == pytest.approx(297.0 - TOP_MM - MARGIN_MM, abs=0.01)
    pdf.want(1000.0)  # no page has that: nothing is gained by a new one
    assert pdf.page_no() == 1
    pdf.set_y(200.0)
    assert not pdf.is_at_top()
    pdf.want(82.0)
    assert pdf.page_no() == 1
    pdf.want(82.1)
    assert pdf.page_no() == 2
    assert pdf.is_at_top()


@pytest.mark.parametrize(
    ("text", "width_mm", "lines"),
    [("short", 50.0, 1), ("two\nlines", 50.0, 2), ("W" * 64, 40.0, 6), ("", 50.0, 1)],
)
def test_the_height_that_is_foretold_is_taken(
    pdf: ReportPdf, text: str, width_mm: float, lines: int
) -> None:
    """A W of 9 pt is 0.989 x 9 pt = 3.14 mm wide: 12 in a line of 40 mm, 64 in six lines."""
    top = pdf.get_y()
    wanted = pdf.lines_mm(text, 9.0, width_mm)
    pdf.say(text, 9.0, width_mm=width_mm)
    assert pdf.get_y() - top == pytest.approx(wanted)
    assert wanted == pytest.approx(lines * line_mm(9.0))


def test_words_without_spaces_stay_between_the_margins(pdf: ReportPdf) -> None:
    pdf.say("M" * 400)
    assert pdf.get_y() > TOP_MM + 4 * line_mm(9.0)
