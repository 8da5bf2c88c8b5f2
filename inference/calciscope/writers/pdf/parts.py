"""Paragraphs, cautions, figures and facts on the pages of a PDF."""

from collections.abc import Sequence

from fpdf.enums import XPos, YPos

from calciscope.writers.pdf.page import (
    BODY_PT,
    CAUTION,
    CAUTION_LINE,
    INK,
    MARGIN_MM,
    PANEL,
    SMALL_PT,
    SOFT,
    ReportPdf,
    line_mm,
)
from calciscope.writers.report_blocks import Caution, Facts, KeyFigure, KeyFigures, Text

HEADING_PT = 11.0
TILES = 3
TILE_GAP_MM = 4.0
LABEL_MM = 46.0
FACT_PT = 8.0


def add_heading(
    pdf: ReportPdf, title: str, room_mm: float, size_pt: float = HEADING_PT, level: int = 0
) -> None:
    """A heading with a bookmark, on a new page where less room than `room_mm` is left."""
    pdf.want(room_mm)
    if not pdf.is_at_top():
        pdf.ln(3.0)
    pdf.start_section(title, level=level, strict=False)
    pdf.say(title, size_pt, bold=True)
    pdf.ln(1.0)


def add_text(pdf: ReportPdf, block: Text) -> None:
    """A paragraph, or a hint in smaller and softer letters."""
    if block.hint:
        pdf.say(block.text, SMALL_PT, color=SOFT)
    else:
        pdf.say(block.text)


def add_caution(pdf: ReportPdf, block: Caution) -> None:
    """Lines in a box that cannot be missed, in one piece."""
    width = pdf.epw - 8.0
    lines = [f"•  {line}" for line in block.lines]
    heights = [pdf.lines_mm(line, BODY_PT, width) for line in lines]
    height = sum(heights) + line_mm(BODY_PT) + 5.0
    pdf.want(height)
    top = pdf.get_y()
    pdf.set_fill_color(*CAUTION)
    pdf.rect(MARGIN_MM, top, pdf.epw, height, style="F")
    pdf.set_fill_color(*CAUTION_LINE)
    pdf.rect(MARGIN_MM, top, 1.2, height, style="F")
    pdf.set_y(top + 2.0)
    for text, bold in ((block.title, True), *((line, False) for line in lines)):
        pdf.set_x(MARGIN_MM + 4.0)
        pdf.say(text, BODY_PT, bold=bold, width_mm=width)
    pdf.set_y(top + height)


def add_key_figures(pdf: ReportPdf, block: KeyFigures, tiles: int = TILES) -> None:
    """Figures side by side, `tiles` in a row."""
    for start in range(0, len(block.figures), tiles):
        _tile_row(pdf, block.figures[start : start + tiles], tiles)


def _tile_row(pdf: ReportPdf, figures: Sequence[KeyFigure], tiles: int) -> None:
    width = (pdf.epw - (tiles - 1) * TILE_GAP_MM) / tiles
    height = 12.0 + max(
        pdf.lines_mm(figure.name, FACT_PT, width - 6.0)
        + pdf.lines_mm(figure.note or " ", SMALL_PT, width - 6.0)
        for figure in figures
    )
    pdf.want(height)
    top = pdf.get_y()
    for place, figure in enumerate(figures):
        left = MARGIN_MM + place * (width + TILE_GAP_MM)
        pdf.set_fill_color(*PANEL)
        pdf.rect(left, top, width, height, style="F")
        pdf.set_y(top + 2.0)
        for text, size, bold, color in (
            (figure.value, 15.0, True, INK),
            (figure.name, FACT_PT, False, INK),
            (figure.note, SMALL_PT, False, SOFT),
        ):
            pdf.set_x(left + 3.0)
            pdf.say(text, size, bold, color, width_mm=width - 6.0)
    pdf.set_y(top + height + 2.0)


def add_facts(pdf: ReportPdf, block: Facts) -> None:
    """Names at the left, values beside them."""
    for name, value in block.rows:
        width = pdf.epw - LABEL_MM
        height = max(
            pdf.lines_mm(value, FACT_PT, width),
            pdf.lines_mm(name, FACT_PT, LABEL_MM - 2.0, bold=True),
        )
        pdf.want(min(height, 60.0))
        top = pdf.get_y()
        pdf.use(FACT_PT, bold=True, color=SOFT)
        pdf.multi_cell(
            LABEL_MM - 2.0, line_mm(FACT_PT), name, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        below = pdf.get_y()
        page = pdf.page
        pdf.set_xy(MARGIN_MM + LABEL_MM, top)
        pdf.say(value, FACT_PT, width_mm=width)
        pdf.set_y((max(below, pdf.get_y()) if pdf.page == page else pdf.get_y()) + 0.8)


def add_legend(pdf: ReportPdf, legend: Sequence[tuple[str, str]]) -> None:
    """Colors (hexadecimal) and what they mark, in one line."""
    for color, text in legend:
        pdf.set_fill_color(color)
        pdf.rect(pdf.get_x(), pdf.get_y() + 0.7, 2.6, 2.6, style="FD")
        pdf.set_x(pdf.get_x() + 4.0)
        pdf.use(SMALL_PT)
        pdf.cell(pdf.get_string_width(text) + 5.0, 4.0, text)
    pdf.ln(5.5)
