"""The pages of the PDF: fonts, margins, notice, footer and the room that is left.

fpdf2 is pure Python and needs no browser and no system library. The letters are DejaVu Sans,
which comes with matplotlib: the fonts every PDF reader has lack signs such as ³, ≥ or ↑.
"""

import unicodedata
from collections.abc import Container
from datetime import datetime
from pathlib import Path

import matplotlib
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

FONT = "DejaVu"
MARGIN_MM = 15.0
TOP_MM = 20.0
BODY_PT = 9.0
SMALL_PT = 7.5
INK = (27, 32, 38)
SOFT = (86, 97, 108)
LINE = (200, 208, 214)
PANEL = (244, 246, 248)
CAUTION = (255, 245, 220)
CAUTION_LINE = (214, 154, 0)
NO_SIGN = "\u25af"
"""Stands for a sign that the letters lack."""


class ReportPdf(FPDF):
    """An A4 document with the notice above and the page number below every page.

    Args:
        name: of the report.
        notice: stands on every page.
        created: stated as the date of the file.
    """

    def __init__(self, name: str, notice: str, created: datetime) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.name, self.notice = name, notice
        self.chapters = 0
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.add_font(FONT, "", fonts / "DejaVuSans.ttf")
        self.add_font(FONT, "B", fonts / "DejaVuSans-Bold.ttf")
        # The bold letters have fewer signs than the others.
        bold = self.fonts[f"{FONT.lower()}B"]
        self._signs: Container[int] = bold.cmap if isinstance(bold, TTFFont) else ()
        # Text starts where tables and pictures do.
        self.c_margin = 0.0
        self.set_margins(MARGIN_MM, TOP_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self.set_title(name)
        self.set_subject(notice)
        self.set_creator("calciscope")
        self.set_lang("en")
        self.set_creation_date(created)
        self.set_draw_color(*LINE)

    def normalize_text(self, text: str) -> str:
        """What fpdf2 is given to write, in signs that the letters have."""
        return super().normalize_text(printable(text, self._signs))

    def discard(self) -> None:
        """Close the files of the letters, which fpdf2 keeps open until the document is written."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def header(self) -> None:
        """The notice."""
        self.set_y(9.0)
        self.say(self.notice, SMALL_PT, bold=True, align="C")
        self.line(MARGIN_MM, 16.0, self.w - MARGIN_MM, 16.0)
        self.set_y(TOP_MM)

    def footer(self) -> None:
        """Page number and name of the report.

        The number at the left: fpdf2 keeps more room for the number of pages than it takes.
        """
        self.set_y(-11.0)
        self.use(SMALL_PT, color=SOFT)
        self.cell(self.epw / 4, 4.0, f"{self.page_no()} / {{nb}}")
        self.cell(3 * self.epw / 4, 4.0, f"Calciscope · {self.name}", align="R")

    def use(self, size_pt: float, bold: bool = False, color: tuple[int, int, int] = INK) -> None:
        """Choose the letters that follow."""
        self.set_font(FONT, "B" if bold else "", size_pt)
        self.set_text_color(*color)

    def say(
        self,
        text: str,
        size_pt: float = BODY_PT,
        bold: bool = False,
        color: tuple[int, int, int] = INK,
        align: str = "L",
        width_mm: float = 0.0,
    ) -> None:
        """Write a paragraph and go below it."""
        self.use(size_pt, bold, color)
        self.multi_cell(
            width_mm, line_mm(size_pt), text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def lines_mm(self, text: str, size_pt: float, width_mm: float, bold: bool = False) -> float:
        """Height that a paragraph would take."""
        self.use(size_pt, bold)
        if "\n" not in text and self.get_string_width(text) < width_mm - 0.1:
            return line_mm(size_pt)  # most texts; breaking lines takes much longer
        height = self.multi_cell(
            width_mm, line_mm(size_pt), text, align="L", dry_run=True, output="HEIGHT"
        )
        return float(height) if isinstance(height, int | float) else 0.0

    def want(self, height_mm: float) -> None:
        """Go to a new page if there is less room than that, unless the page is empty."""
        if height_mm > self.room_mm() and not self.is_at_top():
            self.add_page()

    def is_at_top(self) -> bool:
        """Whether nothing stands on the page yet."""
        return bool(self.get_y() < TOP_MM + 1.0)

    def room_mm(self) -> float:
        """Height that is left on the page."""
        return float(self.h - MARGIN_MM - self.get_y())

    def add_title(self, summary: str) -> None:
        """The head of the first page."""
        self.say(f"Calciscope · {self.name}", 16.0, bold=True)
        self.ln(2.0)
        self.say(summary, 10.5)
        self.ln(3.0)


def line_mm(size_pt: float) -> float:
    """Distance of lines of a size."""
    return size_pt * 25.4 / 72.0 * 1.35


def printable(text: str, signs: Container[int]) -> str:
    """A text without control signs, in which those that are not in `signs` are a box.

    Signs that turn the direction of reading or take no room (categories Cc and Cf of Unicode)
    could make a page say something else than the record does.
    """
    return "".join(_printed(sign, signs) for sign in text)


def _printed(sign: str, signs: Container[int]) -> str:
    if sign == "\n" or "\x20" <= sign <= "\x7e":
        return sign
    category = unicodedata.category(sign)
    if category == "Cc":
        return " "
    if category == "Cf":
        return ""
    return sign if ord(sign) in signs else NO_SIGN
