"""Paragraphs, cautions, figures and facts: in one piece, with all their words."""

from typing import Any

import pytest

from calciscope.writers.pdf.page import TOP_MM, ReportPdf
from calciscope.writers.pdf.parts import (
    add_caution,
    add_facts,
    add_heading,
    add_key_figures,
    add_legend,
    add_text,
)
from calciscope.writers.report_blocks import Caution, Facts, KeyFigure, KeyFigures, Text


def test_all_words_are_there(pdf: ReportPdf, pages: Any) -> None:
    add_heading(pdf, "Heading", 30.0)
    add_text(pdf, Text("A paragraph."))
    add_text(pdf, Text("A hint.", hint=True))
    add_caution(pdf, Caution("Mind", ("one thing", "another")))
    add_key_figures(pdf, KeyFigures((KeyFigure("7.8 mL", "volume", "note"),)))
    add_facts(pdf, Facts((("Name", "value"),)))
    add_legend(pdf, (("#D55E00", "muscle"), ("#0096FF", "subcutaneous")))
    assert pages(pdf) == [
        "Notice Heading A paragraph. A hint. Mind • one thing • another 7.8 mL volume note"
        " Name value muscle subcutaneous 1 / 1 Calciscope · Name"
    ]


def test_a_heading_is_not_alone_at_the_foot(pdf: ReportPdf) -> None:
    pdf.set_y(250.0)
    add_heading(pdf, "Heading", 40.0)
    assert pdf.page_no() == 2


def test_a_heading_leaves_no_gap_at_the_top_of_a_page(pdf: ReportPdf) -> None:
    add_heading(pdf, "Heading", 40.0)
    at_top = pdf.get_y() - TOP_MM
    pdf.set_y(100.0)
    add_heading(pdf, "Heading", 40.0)
    assert pdf.get_y() - 100.0 == pytest.approx(at_top + 3.0)


def test_a_caution_is_not_parted(pdf: ReportPdf, pages: Any) -> None:
    pdf.set_y(260.0)
    add_caution(pdf, Caution("Mind", ("first",) * 6))
    first, second = pages(pdf)
    assert "first" not in first
    assert second.count("first") == 6


def test_figures_go_on_in_another_row(pdf: ReportPdf) -> None:
    figures = tuple(KeyFigure(str(n), "name") for n in range(5))
    top = pdf.get_y()
    add_key_figures(pdf, KeyFigures(figures), 5)
    one = pdf.get_y() - top
    add_key_figures(pdf, KeyFigures(figures))  # three in a row
    assert pdf.get_y() - top - one > 1.5 * one


def test_a_long_name_does_not_run_into_the_next_fact(pdf: ReportPdf) -> None:
    top = pdf.get_y()
    add_facts(pdf, Facts((("a name that takes two lines of its column", "short"),)))
    two = pdf.get_y() - top
    add_facts(pdf, Facts((("name", "short"),)))
    assert two > 1.5 * (pdf.get_y() - top - two)
