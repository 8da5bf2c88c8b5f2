"""Pages to write on, and what became of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from calciscope.writers.pdf.page import ReportPdf
from calciscope.writers.pictures import Picture

CREATED = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def pdf() -> Iterator[ReportPdf]:
    """A document with one empty page."""
    made = ReportPdf("Name", "Notice", CREATED)
    made.add_page()
    yield made
    made.discard()


@pytest.fixture
def pages() -> Callable[[ReportPdf], list[str]]:
    """Writes a document and reads the words of its pages, without parted lines."""

    def read(document: ReportPdf) -> list[str]:
        reader = PdfReader(BytesIO(document.output()))
        return [" ".join(page.extract_text().split()) for page in reader.pages]

    return read


@pytest.fixture
def make_picture() -> Callable[[int, int], Picture]:
    """A gray picture of some size in pixels."""

    def make(width_px: int, height_px: int) -> Picture:
        stream = BytesIO()
        Image.new("RGB", (width_px, height_px), "gray").save(stream, "png")
        return Picture(stream.getvalue(), width_px, height_px, 80.0, "gray")

    return make
