"""Blocks of the report on the pages of the PDF."""

from io import BytesIO

from calciscope.evaluation.report.blocks import Block, Chart, Charts, Exhibit, Gallery, Section
from calciscope.writers.pdf.page import BODY_PT, MARGIN_MM, SMALL_PT, SOFT, ReportPdf
from calciscope.writers.pdf.parts import (
    HEADING_PT,
    add_caution,
    add_facts,
    add_heading,
    add_key_figures,
    add_legend,
    add_text,
)
from calciscope.writers.pdf.tables import add_table
from calciscope.writers.report_blocks import Caution, Facts, KeyFigures, Table, Text

CHAPTER_PT = 14.0
ROOM_BELOW_HEADING_MM = 34.0
GUTTER_MM = 6.0
PLANE_MM = 42.0


def open_section(pdf: ReportPdf, section: Section) -> None:
    """A heading, never alone at the foot of a page; later chapters open one."""
    if section.level == 1 and pdf.chapters and not pdf.is_at_top():
        pdf.add_page()
    pdf.chapters += section.level == 1
    room_mm = ROOM_BELOW_HEADING_MM + _first_block_mm(section)
    size_pt = CHAPTER_PT if section.level == 1 else HEADING_PT
    add_heading(pdf, section.title, room_mm, size_pt, section.level - 1)


def _first_block_mm(section: Section) -> float:
    """Room that charts need directly below a heading."""
    first = next((block for block in section.blocks if not isinstance(block, Text)), None)
    return min(first.charts[0].height_mm, 120.0) if isinstance(first, Charts) else 0.0


def add_block(pdf: ReportPdf, block: Block) -> None:
    """Any block, with a gap below."""
    if isinstance(block, Text):
        add_text(pdf, block)
    elif isinstance(block, Caution):
        add_caution(pdf, block)
    elif isinstance(block, KeyFigures):
        add_key_figures(pdf, block)
    elif isinstance(block, Facts):
        add_facts(pdf, block)
    elif isinstance(block, Table):
        add_table(pdf, block)
    elif isinstance(block, Charts):
        _charts(pdf, block)
    else:
        _gallery(pdf, block)
    pdf.ln(2.5)


def _charts(pdf: ReportPdf, block: Charts) -> None:
    """Narrow charts in pairs, wide ones alone, captions below."""
    half = (pdf.epw - GUTTER_MM) / 2
    row: list[Chart] = []
    for chart in block.charts:
        if chart.width_mm > half + 5.0:
            _chart_row(pdf, row, half)
            _chart_row(pdf, [chart], pdf.epw)
            row = []
            continue
        row.append(chart)
        if len(row) == 2:
            _chart_row(pdf, row, half)
            row = []
    _chart_row(pdf, row, half)


def _chart_row(pdf: ReportPdf, charts: list[Chart], width_mm: float) -> None:
    if not charts:
        return
    heights = [chart.height_mm * width_mm / chart.width_mm for chart in charts]
    captions = [pdf.lines_mm(chart.caption, SMALL_PT, width_mm) for chart in charts]
    pdf.want(max(h + c for h, c in zip(heights, captions, strict=True)) + 3.0)
    top, bottom = pdf.get_y(), pdf.get_y()
    for place, (chart, height) in enumerate(zip(charts, heights, strict=True)):
        left = MARGIN_MM + place * (width_mm + GUTTER_MM)
        pdf.image(
            BytesIO(chart.png), x=left, y=top, w=width_mm, h=height,
            alt_text=f"{chart.title}. {chart.alternative}",
        )  # fmt: skip
        pdf.set_xy(left, top + height + 0.5)
        pdf.say(chart.caption, SMALL_PT, color=SOFT, width_mm=width_mm)
        bottom = max(bottom, pdf.get_y())
    pdf.set_y(bottom + 2.0)


def _gallery(pdf: ReportPdf, block: Gallery) -> None:
    pdf.want(PLANE_MM + 24.0)
    pdf.say(block.title, BODY_PT, bold=True)
    add_legend(pdf, block.legend)
    for exhibit in block.exhibits:
        _exhibit(pdf, exhibit)


def _exhibit(pdf: ReportPdf, exhibit: Exhibit) -> None:
    """Planes side by side, the words at their right."""
    gap = 1.5
    heights = [p.height_px * PLANE_MM / p.width_px for p in exhibit.pictures]
    aside = len(heights) * (PLANE_MM + gap) + 1.5
    width = pdf.epw - aside
    words = pdf.lines_mm(exhibit.title, 8.0, width, bold=True) + sum(
        pdf.lines_mm(line, SMALL_PT, width) for line in exhibit.lines
    )
    height = max(*heights, words)
    pdf.want(height + 3.0)
    top = pdf.get_y()
    for place, picture in enumerate(exhibit.pictures):
        left = MARGIN_MM + place * (PLANE_MM + gap)
        pdf.image(
            BytesIO(picture.png), x=left, y=top, w=PLANE_MM, h=heights[place],
            alt_text=picture.alternative,
        )  # fmt: skip
    pdf.set_xy(MARGIN_MM + aside, top)
    pdf.say(exhibit.title, 8.0, bold=True, width_mm=width)
    for line in exhibit.lines:
        pdf.set_x(MARGIN_MM + aside)
        pdf.say(line, SMALL_PT, color=SOFT, width_mm=width)
    pdf.set_y(top + height + 3.0)
