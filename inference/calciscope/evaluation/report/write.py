"""Writing the report: all of its files, or none of them changed."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from calciscope.errors import OutputError
from calciscope.evaluation.records import EvaluationReport
from calciscope.evaluation.report.blocks import Document
from calciscope.evaluation.report.case_pictures import CasePictures
from calciscope.evaluation.report.document import build_document
from calciscope.evaluation.report.html import write_html
from calciscope.evaluation.report.pdf import write_pdf

HTML_NAME = "report.html"
PDF_NAME = "report.pdf"
FIGURES_NAME = "report_figures"


@dataclass(frozen=True)
class ReportFiles:
    """What was written.

    Attributes:
        html: one file with everything in it.
        pdf: the same for paper.
        figures: SVG and PNG of every chart.
    """

    html: Path
    pdf: Path
    figures: tuple[Path, ...]


def write_report(
    report: EvaluationReport, folder: Path, pictures: CasePictures | None = None
) -> ReportFiles:
    """Write report.html, report.pdf and report_figures/ into a folder.

    Earlier ones are replaced, as a whole; other files in the folder are left alone.

    Args:
        report: what was measured.
        folder: made, with its parents, where it is not there.
        pictures: gives the arrays of a case for the failure gallery (see `CasePictures`); the
            places lie in the frame of its CT. None where there is nothing to draw from.

    Raises:
        OutputError: the folder cannot be written to.
    """
    return write_document(build_document(report, pictures), folder)


def write_document(document: Document, folder: Path) -> ReportFiles:
    """Write a document as report.html, report.pdf and report_figures/, all or none of them.

    Raises:
        OutputError: the folder cannot be written to.
    """
    staging = folder / f".report.{secrets.token_hex(4)}.partial"
    try:
        staging.mkdir(parents=True)
        _write(document, staging)
        figures = folder / FIGURES_NAME
        shutil.rmtree(figures, ignore_errors=True)
        for name in (FIGURES_NAME, PDF_NAME, HTML_NAME):
            (staging / name).replace(folder / name)
        return ReportFiles(folder / HTML_NAME, folder / PDF_NAME, tuple(sorted(figures.iterdir())))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write to {folder} ({reason}); choose another folder") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(document: Document, folder: Path) -> None:
    write_html(document, folder / HTML_NAME)
    write_pdf(document, folder / PDF_NAME)
    figures = folder / FIGURES_NAME
    figures.mkdir()
    for chart in document.charts:
        (figures / f"{chart.name}.svg").write_bytes(chart.svg)
        (figures / f"{chart.name}.png").write_bytes(chart.png)
