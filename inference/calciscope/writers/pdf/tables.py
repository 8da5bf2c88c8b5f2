"""Tables of the PDF: columns as wide as their words, heads repeated on every page."""

import re
from dataclasses import replace

from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from calciscope.writers.pdf.page import PANEL, SMALL_PT, SOFT, ReportPdf, line_mm
from calciscope.writers.report_blocks import Table

SIZE_PT = 7.2
MANY_COLUMNS = 8
SMALLER_PT = 6.4
PADDING_MM = 1.0
CAPTION_GAP_MM = 0.8
BELOW_MM = 1.0
MOST_KEPT = 30
"""A table of no more rows is not parted by the end of a page if it fits on one."""
BEGUN_MM = 36.0
"""Room to begin a longer one."""
MOST_MM = 90.0
"""A column of words is not asked for more than this before it wraps."""


def add_table(pdf: ReportPdf, table: Table, fill: bool = False) -> None:
    """Write a table; a row is never parted by the end of a page.

    Args:
        fill: as wide as the page, even where the words need less.
    """
    pdf.want(wanted_mm(pdf, table, fill))
    table = replace(table, rows=tuple(tuple(map(_kept, row)) for row in table.rows))
    if table.caption:
        pdf.say(table.caption, SMALL_PT, color=SOFT)
        pdf.ln(CAPTION_GAP_MM)
    if not table.rows:
        pdf.say("None.", SMALL_PT)
        return
    size_pt = _size_pt(table)
    widths = _widths(pdf, table, fill)
    align = tuple(
        "LEFT" if column < table.text_columns else "RIGHT" for column in range(len(table.head))
    )
    pdf.use(size_pt)
    pdf.set_fill_color(255, 255, 255)
    with pdf.table(
        col_widths=widths,
        width=min(sum(widths), pdf.epw),
        align="LEFT",
        text_align=align,
        v_align="TOP",
        line_height=line_mm(size_pt),
        padding=PADDING_MM,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="B", color=SOFT, fill_color=PANEL),
        first_row_as_headings=True,
        repeat_headings=1,
    ) as drawn:
        drawn.row(table.head)
        for number, cells in enumerate(table.rows):
            style = FontFace(emphasis="B") if number in table.strong else None
            drawn.row(cells, style=style)
    pdf.ln(BELOW_MM)


def wanted_mm(pdf: ReportPdf, table: Table, fill: bool = False) -> float:
    """Room without which a table is not begun: its height, or that of a few rows if it is long."""
    if len(table.rows) > MOST_KEPT:
        return BEGUN_MM
    widths = _widths(pdf, table, fill)
    size_pt = _size_pt(table)
    rows = [table.head, *table.rows]
    bold = {0, *(place + 1 for place in table.strong)}
    lines = sum(
        max(
            pdf.lines_mm(cell, size_pt, width - 2 * PADDING_MM, place in bold)
            for cell, width in zip(row, widths, strict=True)
        )
        for place, row in enumerate(rows)
    )
    caption = pdf.lines_mm(table.caption, SMALL_PT, pdf.epw) if table.caption else 0.0
    return caption + CAPTION_GAP_MM + lines + 2 * PADDING_MM * len(rows) + BELOW_MM


def _size_pt(table: Table) -> float:
    return SMALLER_PT if len(table.head) >= MANY_COLUMNS else SIZE_PT


def _kept(text: str) -> str:
    """A cell whose intervals are not parted by the end of a line."""
    return re.sub(r"\[[^\]]*\]", lambda found: found[0].replace(" ", "\u00a0"), text)


def _widths(pdf: ReportPdf, table: Table, fill: bool) -> tuple[float, ...]:
    """Column widths in mm: what the cells want, shrunk to the page by what can wrap most."""
    size_pt = _size_pt(table)
    least, wanted = [], []
    for column, head in enumerate(table.head):
        cells = [row[column] for row in table.rows]
        pdf.use(size_pt, bold=True)
        head_word = max(map(pdf.get_string_width, head.split(" ")))
        pdf.use(size_pt)
        words = max(
            (pdf.get_string_width(w) for cell in cells for w in cell.split(" ")), default=0.0
        )
        whole = max((pdf.get_string_width(cell) for cell in cells), default=0.0)
        pdf.use(size_pt, bold=True)
        whole = max([whole, *(pdf.get_string_width(cells[place]) for place in table.strong)])
        room = 2 * PADDING_MM + 1.0
        least.append(min(max(head_word, words), 34.0) + room)
        wanted.append(min(max(head_word, whole), MOST_MM) + room)
    if sum(wanted) <= pdf.epw:
        return tuple(width * pdf.epw / sum(wanted) for width in wanted) if fill else tuple(wanted)
    spare = max(pdf.epw - sum(least), 0.0)
    more = [want - low for want, low in zip(wanted, least, strict=True)]
    shares = [low + spare * extra / max(sum(more), 1e-9)
              for low, extra in zip(least, more, strict=True)]  # fmt: skip
    scale = min(1.0, pdf.epw / sum(shares))
    return tuple(width * scale for width in shares)
