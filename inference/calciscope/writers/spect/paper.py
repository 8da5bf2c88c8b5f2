"""The SPECT part of the PDF: one page, at most two."""

from calciscope.findings import Findings
from calciscope.messages import Messages
from calciscope.writers.pdf.page import SMALL_PT, SOFT, ReportPdf
from calciscope.writers.pdf.parts import add_caution, add_heading, add_text
from calciscope.writers.pdf.pictures import Plate, add_gallery, add_row, gallery_row_mm, row_mm
from calciscope.writers.pdf.tables import add_table, wanted_mm
from calciscope.writers.report_blocks import Caution, Table, Text
from calciscope.writers.report_paper import Limits
from calciscope.writers.spect import texts
from calciscope.writers.spect.pictures import SpectPictures
from calciscope.writers.spect.tables import (
    brief_differential,
    concordance_table,
    hot_spot_table,
)

HEADING_MM = 12.0
LINES_MM = 25.0
OVERVIEW_MM = 62.0
UPRIGHT_MM = 62.0
COLUMNS = 4


def add_differential(pdf: ReportPdf, findings: Findings, words: Messages) -> None:
    """Causes to be considered, where there is a list."""
    if findings.differential:
        table = brief_differential(findings.differential, words)
        _table(pdf, words.text("heading.differential"), table)


def add_spect(
    pdf: ReportPdf,
    findings: Findings,
    pictures: SpectPictures | None,
    limits: Limits,
) -> None:
    """Figures, pictures and tables of the SPECT; nothing without one."""
    spect = findings.spect
    if spect is None:
        return
    room = OVERVIEW_MM + LINES_MM if pictures else LINES_MM
    add_heading(pdf, texts.HEADING, room)
    refused = texts.refusal(spect)
    if refused is not None:
        add_caution(pdf, Caution("No SUV", (refused,)))
        pdf.ln(1.5)
    if pictures is not None:
        _overview(pdf, pictures)
    said = " ".join(f"{name}: {value}." for name, value in texts.summary_rows(spect))
    pdf.say(said, SMALL_PT, color=SOFT)
    if spect.hot_spots:
        _table(pdf, "Hot spots", hot_spot_table(spect, limits.hot_spots))
    if findings.concordance:
        _table(pdf, "Concordance of CT and SPECT", concordance_table(findings.concordance))
    if pictures is not None and limits.slices:
        _slices(pdf, pictures, limits)


def _overview(pdf: ReportPdf, pictures: SpectPictures) -> None:
    add_text(pdf, Text(texts.PICTURES_HINT, hint=True))
    pdf.ln(1.5)
    views = (pictures.fused, *pictures.planar)
    plates = [Plate(view.picture, view.title) for view in views]
    add_row(pdf, plates, min(row_mm(pdf, plates), OVERVIEW_MM))
    pdf.ln(2.0)


def _slices(pdf: ReportPdf, pictures: SpectPictures, limits: Limits) -> None:
    plates = [
        Plate(cut.picture, f"Hot spot {cut.spot.id}", texts.slice_lines(cut))
        for cut in pictures.axial[: limits.slices]
    ]
    if not plates:
        return
    room = gallery_row_mm(pdf, plates[:COLUMNS], COLUMNS) + 2 * HEADING_MM
    add_heading(pdf, "CT and SPECT, fused", room)
    add_text(pdf, Text(texts.SLICES_HINT, hint=True))
    pdf.ln(1.5)
    add_gallery(pdf, plates, COLUMNS)
    upright = [
        Plate(cut.picture, f"{cut.title}, through hot spot {cut.spot.id}")
        for cut in pictures.upright
    ]
    if upright and limits.upright:
        add_row(pdf, upright, min(row_mm(pdf, upright), UPRIGHT_MM))


def _table(pdf: ReportPdf, title: str, table: Table) -> None:
    add_heading(pdf, title, wanted_mm(pdf, table, fill=True) + HEADING_MM)
    add_table(pdf, table, fill=True)
