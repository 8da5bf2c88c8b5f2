"""What an evaluation report is made of: sections of blocks that HTML and PDF render alike.

The builders write these blocks once; both renderers only lay them out, so the two files cannot
say different things.
"""

from dataclasses import dataclass

from calciscope.writers.pictures import Picture
from calciscope.writers.report_blocks import Caution, Facts, KeyFigures, Table, Text


@dataclass(frozen=True)
class Chart:
    """A drawn figure and the numbers it shows.

    Attributes:
        name: short and unique in the report; the files are `report_figures/<name>.svg` and `.png`.
        title: what it shows.
        caption: how to read it.
        alternative: what it shows, in words, for those who cannot see it.
        svg: bytes of the drawing, its letters as outlines (no font is needed).
        png: the same at 200 dots per inch.
        width_mm, height_mm: its natural size on paper.
        numbers: every number that is drawn.
    """

    name: str
    title: str
    caption: str
    alternative: str
    svg: bytes
    png: bytes
    width_mm: float
    height_mm: float
    numbers: Table


@dataclass(frozen=True)
class Charts:
    """Charts side by side where there is room."""

    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Exhibit:
    """One case of the gallery: planes side by side and what they show.

    Attributes:
        title: which case and what is wrong with it.
        pictures: the planes, each with its name as alternative text.
        lines: what is known of it.
    """

    title: str
    pictures: tuple[Picture, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Exhibits of one kind.

    Attributes:
        title: of the kind.
        legend: color (hexadecimal) and what it marks.
    """

    title: str
    exhibits: tuple[Exhibit, ...]
    legend: tuple[tuple[str, str], ...]


Block = Text | Caution | KeyFigures | Facts | Table | Charts | Gallery


@dataclass(frozen=True)
class Section:
    """A chapter or a part of one.

    Attributes:
        name: short and unique; the anchor in HTML, after "part-".
        level: 1 opens a chapter (a data set), 2 belongs to the chapter above.
        folded: closed at first on screen (long lists), always open on paper.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 2
    folded: bool = False


@dataclass(frozen=True)
class Document:
    """The whole report.

    Attributes:
        title: of the file.
        notice: stands on every page.
        summary: the result in one or two sentences.
        created: ISO 8601 date and time.
        opening: blocks before the first section.
    """

    title: str
    notice: str
    summary: str
    created: str
    opening: tuple[Block, ...]
    sections: tuple[Section, ...]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart in order."""
        blocks = (block for section in self.sections for block in section.blocks)
        return tuple(c for block in blocks if isinstance(block, Charts) for c in block.charts)
