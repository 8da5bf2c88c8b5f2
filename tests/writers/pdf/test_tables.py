"""Tables: never parted in a row, begun where they end, as wide as they should be."""

from dataclasses import replace
from typing import Any

import pytest

from calciscope.writers.pdf.page import ReportPdf
from calciscope.writers.pdf.tables import BEGUN_MM, add_table, wanted_mm
from calciscope.writers.report_blocks import Table

WORDS = "a rather long cell of words that takes more than one line of its column " * 3


def table(rows: int, cell: str = "7", **changes: Any) -> Table:
    cells = tuple((f"row {n}", cell, f"end {n}") for n in range(rows))
    return replace(Table("t", "Caption.", ("Name", "Value", "Last"), cells), **changes)


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize(
    "drawn",
    [
        table(1),
        table(12),
        table(5, WORDS),
        table(6, strong=frozenset({1, 5})),
        table(3, "0.75 [0.68, 0.80]", caption=""),
    ],
)
def test_the_height_that_is_foretold_is_taken(pdf: ReportPdf, drawn: Table, fill: bool) -> None:
    top = pdf.get_y()
    wanted = wanted_mm(pdf, drawn, fill)
    add_table(pdf, drawn, fill)
    assert pdf.page_no() == 1
    assert wanted - 2.0 < pdf.get_y() - top <= wanted + 0.01


def test_a_table_that_fits_on_a_page_is_not_parted(pdf: ReportPdf, pages: Any) -> None:
    pdf.set_y(200.0)
    add_table(pdf, table(20))
    first, second = pages(pdf)
    assert "Caption." not in first
    assert "row 0" in second and "end 19" in second


def test_a_long_table_repeats_its_head_and_parts_no_row(pdf: ReportPdf, pages: Any) -> None:
    long = table(70, WORDS)
    assert wanted_mm(pdf, long) == BEGUN_MM
    add_table(pdf, long)
    read = pages(pdf)
    assert len(read) > 2
    assert all("Name Value Last" in text for text in read)
    for number in range(70):
        (home,) = [text for text in read if f"row {number} " in text]
        assert f"end {number} " in home


def test_no_rows(pdf: ReportPdf, pages: Any) -> None:
    add_table(pdf, table(0))
    (text,) = pages(pdf)
    assert "Caption. None." in text


def test_words_too_long_for_any_column_do_not_stop_it(pdf: ReportPdf, pages: Any) -> None:
    wide = Table("t", "", tuple(f"Head{n}" for n in range(19)), (("W" * 64,) * 19,), 19)
    add_table(pdf, wide, fill=True)
    assert "".join(pages(pdf)).count("W") == 19 * 64
