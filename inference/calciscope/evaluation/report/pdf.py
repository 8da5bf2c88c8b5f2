"""The report as PDF: A4, searchable text, bookmarks, the notice on every page."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from calciscope.errors import MissingExtraError
from calciscope.evaluation.report.blocks import Document


def require_pdf() -> None:
    """Make sure that a PDF can be written, before hours are spent on measuring.

    Raises:
        MissingExtraError: fpdf2 is not installed.
    """
    if find_spec("fpdf") is None:
        raise MissingExtraError("fpdf2", "evaluate")


def write_pdf(document: Document, path: Path) -> None:
    """Write the document as PDF.

    Raises:
        MissingExtraError: fpdf2 is not installed.
    """
    require_pdf()
    from calciscope.evaluation.report.pdf_blocks import add_block, add_heading
    from calciscope.evaluation.report.pdf_page import ReportPdf

    pdf = ReportPdf(document.title, document.notice)
    pdf.set_creation_date(datetime.fromisoformat(document.created))
    pdf.add_page()
    pdf.add_title(document.summary)
    for block in document.opening:
        add_block(pdf, block)
    for section in document.sections:
        add_heading(pdf, section)
        for block in section.blocks:
            add_block(pdf, block)
    pdf.output(str(path))
