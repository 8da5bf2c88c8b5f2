"""Pictures on the pages of a PDF: side by side at one scale, or as a gallery of equal ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from calciscope.writers.pdf.page import INK, MARGIN_MM, SOFT, ReportPdf, line_mm
from calciscope.writers.pictures import Picture

GAP_MM = 2.0
CAPTION_PT = 7.0


@dataclass(frozen=True)
class Plate:
    """A picture and what stands below it.

    Attributes:
        color: hexadecimal, of a chip before the title; None for none.
    """

    picture: Picture
    title: str
    lines: tuple[str, ...] = ()
    color: str | None = None


def row_mm(pdf: ReportPdf, plates: Sequence[Plate]) -> float:
    """Height of pictures that fill a row at one scale, captions not counted."""
    return max(plate.picture.height_px for plate in plates) * _scale(pdf, plates)


def add_row(pdf: ReportPdf, plates: Sequence[Plate], most_mm: float) -> None:
    """Pictures side by side at one scale, as wide as the page unless higher than `most_mm`."""
    highest = max(plate.picture.height_px for plate in plates)
    scale = min(_scale(pdf, plates), most_mm / highest)
    pdf.want(scale * highest + 2 * line_mm(CAPTION_PT))
    top, left, bottom = pdf.get_y(), MARGIN_MM, pdf.get_y()
    for plate in plates:
        width = scale * plate.picture.width_px
        bottom = max(bottom, _plate(pdf, plate, left, top, width))
        left += width + GAP_MM
    pdf.set_y(bottom)


def add_gallery(pdf: ReportPdf, plates: Sequence[Plate], columns: int) -> None:
    """Pictures of one width, `columns` in a row; a row is never parted from its captions."""
    width = (pdf.epw - (columns - 1) * GAP_MM) / columns
    for start in range(0, len(plates), columns):
        row = plates[start : start + columns]
        pdf.want(gallery_row_mm(pdf, row, columns))
        top, bottom = pdf.get_y(), pdf.get_y()
        for place, plate in enumerate(row):
            left = MARGIN_MM + place * (width + GAP_MM)
            bottom = max(bottom, _plate(pdf, plate, left, top, width))
        pdf.set_y(bottom + GAP_MM)


def gallery_row_mm(pdf: ReportPdf, row: Sequence[Plate], columns: int) -> float:
    """Height of a row of a gallery."""
    width = (pdf.epw - (columns - 1) * GAP_MM) / columns
    return max(
        plate.picture.height_px * width / plate.picture.width_px
        + sum(pdf.lines_mm(text, CAPTION_PT, width) for text in (plate.title, *plate.lines))
        for plate in row
    )


def _scale(pdf: ReportPdf, plates: Sequence[Plate]) -> float:
    """Millimeters per pixel at which pictures fill a row."""
    room = pdf.epw - (len(plates) - 1) * GAP_MM
    return room / sum(plate.picture.width_px for plate in plates)


def _plate(pdf: ReportPdf, plate: Plate, left: float, top: float, width: float) -> float:
    """Draw a picture and its caption; returns where it ends."""
    picture = plate.picture
    height = picture.height_px * width / picture.width_px
    alternative = picture.alternative
    pdf.image(BytesIO(picture.png), x=left, y=top, w=width, h=height, alt_text=alternative)
    pdf.set_xy(left, top + height + 0.6)
    if plate.color is not None:
        pdf.set_fill_color(plate.color)
        pdf.rect(left, pdf.get_y() + 0.6, 2.2, 2.2, style="FD")
        pdf.set_x(left + 3.2)
    aside = pdf.get_x() - left
    pdf.say(plate.title, CAPTION_PT, bold=True, color=INK, width_mm=width - aside)
    for line in plate.lines:
        pdf.set_x(left)
        pdf.say(line, CAPTION_PT, color=SOFT, width_mm=width)
    return pdf.get_y()
