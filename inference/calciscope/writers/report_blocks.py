"""What every report is made of: paragraphs, cautions, figures, facts and tables.

Builders write these blocks once and renderers only lay them out, so that two files of one result
cannot say different things.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A paragraph; `hint` is the smaller kind that says how to read what follows."""

    text: str
    hint: bool = False


@dataclass(frozen=True)
class Caution:
    """Lines a reader must not miss."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class KeyFigure:
    """A figure that is printed large."""

    value: str
    name: str
    note: str = ""


@dataclass(frozen=True)
class KeyFigures:
    """The figures a reader looks for first, side by side."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        name: short and unique in the report; the `id` in HTML.
        caption: what the rows are.
        head: one text per column.
        rows: as many texts each.
        text_columns: how many of the first columns are words; the others are figures. A table of
            words alone has as many as it has columns.
        strong: numbers of the rows set in bold.
    """

    name: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: int = 1
    strong: frozenset[int] = frozenset()
