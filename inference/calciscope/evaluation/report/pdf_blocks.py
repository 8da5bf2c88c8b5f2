"""Blocks of the report on the pages of the PDF."""

from io import BytesIO

from fpdf.enums import XPos, YPos

from calciscope.evaluation.report.blocks import (
    Block,
    Caution,
    Chart,
    Charts,
    Exhibit,
    Facts,
    Gallery,
    KeyFigures,
    Section,
    Table,
    Text,
)
from calciscope.evaluation.report.pdf_page import (
    BODY_PT,
    CAUTION,
    CAUTION_LINE,
    INK,
    MARGIN_MM,
    PANEL,
    SMALL_PT,
    SOFT,
    TOP_MM,
    ReportPdf,
    line_mm,
)
from calciscope.evaluation.report.pdf_tables import add_table

HEADINGS_PT = {1: 14.0, 2: 11.0}
ROOM_BELOW_HEADING_MM = 34.0
GUTTER_MM = 6.0
TILES = 3
LABEL_MM = 46.0
PLANE_MM = 42.0


def add_heading(pdf: ReportPdf, section: Section) -> None:
    """A heading with a bookmark, never alone at the foot of a page; later chapters open one."""
    if section.level == 1 and pdf.chapters and pdf.get_y() > TOP_MM + 1.0:
        pdf.add_page()
    pdf.chapters += section.level == 1
    pdf.ln(3.0)
    pdf.want(ROOM_BELOW_HEADING_MM + _first_block_mm(section))
    pdf.start_section(section.title, level=section.level - 1, strict=False)
    pdf.say(section.title, HEADINGS_PT[section.level], bold=True)
    pdf.ln(1.0)


def _first_block_mm(section: Section) -> float:
    """Room that charts need directly below a heading."""
    first = next((block for block in section.blocks if not isinstance(block, Text)), None)
    return min(first.charts[0].height_mm, 120.0) if isinstance(first, Charts) else 0.0


def add_block(pdf: ReportPdf, block: Block) -> None:
    """Any block, with a gap below."""
    if isinstance(block, Text):
        _text(pdf, block)
    elif isinstance(block, Caution):
        _caution(pdf, block)
    elif isinstance(block, KeyFigures):
        _key_figures(pdf, block)
    elif isinstance(block, Facts):
        _facts(pdf, block)
    elif isinstance(block, Table):
        add_table(pdf, block)
    elif isinstance(block, Charts):
        _charts(pdf, block)
    else:
        _gallery(pdf, block)
    pdf.ln(2.5)


def _text(pdf: ReportPdf, block: Text) -> None:
    if block.hint:
        pdf.say(block.text, SMALL_PT, color=SOFT)
    else:
        pdf.say(block.text)


def _caution(pdf: ReportPdf, block: Caution) -> None:
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


def _key_figures(pdf: ReportPdf, block: KeyFigures) -> None:
    width = (pdf.epw - (TILES - 1) * 4.0) / TILES
    for start in range(0, len(block.figures), TILES):
        row = block.figures[start : start + TILES]
        height = 12.0 + max(
            pdf.lines_mm(figure.name, 8.0, width - 6.0)
            + pdf.lines_mm(figure.note or " ", SMALL_PT, width - 6.0)
            for figure in row
        )
        pdf.want(height)
        top = pdf.get_y()
        for place, figure in enumerate(row):
            left = MARGIN_MM + place * (width + 4.0)
            pdf.set_fill_color(*PANEL)
            pdf.rect(left, top, width, height, style="F")
            pdf.set_y(top + 2.0)
            for text, size, bold, color in (
                (figure.value, 15.0, True, INK),
                (figure.name, 8.0, False, INK),
                (figure.note, SMALL_PT, False, SOFT),
            ):
                pdf.set_x(left + 3.0)
                pdf.say(text, size, bold, color, width_mm=width - 6.0)
        pdf.set_y(top + height + 2.0)


def _facts(pdf: ReportPdf, block: Facts) -> None:
    for name, value in block.rows:
        width = pdf.epw - LABEL_MM
        height = max(
            pdf.lines_mm(value, 8.0, width), pdf.lines_mm(name, 8.0, LABEL_MM - 2.0, bold=True)
        )
        pdf.want(min(height, 60.0))
        top = pdf.get_y()
        pdf.use(8.0, bold=True, color=SOFT)
        pdf.multi_cell(
            LABEL_MM - 2.0, line_mm(8.0), name, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        below = pdf.get_y()
        page = pdf.page
        pdf.set_xy(MARGIN_MM + LABEL_MM, top)
        pdf.say(value, 8.0, width_mm=width)
        pdf.set_y((max(below, pdf.get_y()) if pdf.page == page else pdf.get_y()) + 0.8)


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
    for color, text in block.legend:
        pdf.set_fill_color(color)
        pdf.rect(pdf.get_x(), pdf.get_y() + 0.7, 2.6, 2.6, style="FD")
        pdf.set_x(pdf.get_x() + 4.0)
        pdf.use(SMALL_PT)
        pdf.cell(pdf.get_string_width(text) + 5.0, 4.0, text)
    pdf.ln(5.5)
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
