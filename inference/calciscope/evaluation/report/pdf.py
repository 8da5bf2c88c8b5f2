"""The report as PDF: A4, searchable text, bookmarks, the notice on every page."""

from datetime import datetime
from pathlib import Path

from calciscope.evaluation.report.blocks import Document
from calciscope.evaluation.report.pdf_blocks import add_block, open_section
from calciscope.writers.pdf.page import ReportPdf


def write_pdf(document: Document, path: Path) -> None:
    """Write the document as PDF."""
    pdf = ReportPdf(document.title, document.notice, datetime.fromisoformat(document.created))
    pdf.add_page()
    pdf.add_title(document.summary)
    for block in document.opening:
        add_block(pdf, block)
    for section in document.sections:
        open_section(pdf, section)
        for block in section.blocks:
            add_block(pdf, block)
    pdf.output(str(path))
