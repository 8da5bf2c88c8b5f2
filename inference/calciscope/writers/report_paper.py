"""What of a study's findings goes on paper, and how much of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from calciscope.findings import CtFindings, Findings
from calciscope.messages import Messages
from calciscope.readers.study import CtStudy, series_text
from calciscope.writers.gallery import CloseUp, largest_lesions
from calciscope.writers.pdf.pictures import Plate
from calciscope.writers.pictures import compartment_color
from calciscope.writers.report_blocks import Caution, Facts, Table
from calciscope.writers.report_burden import BURDEN_HEAD, burden_groups
from calciscope.writers.report_labs import derived_rows, given_rows
from calciscope.writers.report_study import study_rows
from calciscope.writers.report_tables import (
    CHAIN_HEAD,
    LESION_HEAD,
    chain_cells,
    lesion_cells,
    origin_rows,
)
from calciscope.writers.report_texts import burden_hint, close_up_lines
from calciscope.writers.wording import sentence

WORDS_ON_PAPER = ("Lesion", "Compartment", "Side", "Region", "Level", "Pattern")
FIGURES_ON_PAPER = ("Volume", "V pv", "HA", "HU max", "Length", "Width", "Probability")
"""Columns of the lesion table, by how their name begins, that a page has room for."""

VALUE_SIGNS = 240
LAB_SIGNS = 60
SERIES_SIGNS = 160
"""A text of the source that is longer is cut."""


@dataclass(frozen=True)
class Limits:
    """How many of each a report holds whose pages are limited."""

    warnings: int
    chains: int
    lesions: int
    close_ups: int
    series: int
    hot_spots: int = 20
    slices: int = 4
    upright: bool = True


def brief(text: str, signs: int = VALUE_SIGNS) -> str:
    """A text in one line, cut to a number of signs."""
    line = " ".join(text.split())
    return line if len(line) <= signs else f"{line[: signs - 1].rstrip()}…"


def study_facts(study: CtStudy) -> Facts:
    """Study, series, scanner, grid."""
    return Facts(tuple((name, brief(value)) for name, value in study_rows(study)))


def warnings_caution(warnings: Sequence[str], most: int) -> Caution | None:
    """What a reader must keep in mind."""
    if not warnings:
        return None
    lines = [brief(warning) for warning in warnings[:most]]
    if len(warnings) > most:
        lines.append(f"{len(warnings) - most} more in report.html.")
    return Caution("To keep in mind", tuple(lines))


def labs_table(findings: Findings, words: Messages) -> Table | None:
    """Values as given and what follows from them, side by side; None where there are none."""
    if findings.labs is None:
        return None
    given = [(name, brief(value, LAB_SIGNS)) for name, value in given_rows(findings.labs, words)]
    columns = [
        (words.text("heading.given"), given),
        (words.text("heading.derived"), derived_rows(findings.labs, words)),
    ]
    columns = [(heading, rows) for heading, rows in columns if rows]
    if not columns:
        return None
    head = tuple(text for heading, _ in columns for text in (heading, ""))
    longest = max(len(rows) for _, rows in columns)
    rows = tuple(
        tuple(text for _, rows in columns for text in _at(rows, place)) for place in range(longest)
    )
    return Table("labs", "", head, rows, text_columns=len(head))


def _at(rows: Sequence[tuple[str, str]], place: int) -> tuple[str, str]:
    """A row, or nothing below the last one."""
    return rows[place] if place < len(rows) else ("", "")


def burden_table(ct: CtFindings) -> Table:
    """Figures by compartment and side; sums in bold."""
    rows: list[tuple[str, ...]] = []
    strong = set()
    for group in burden_groups(ct.burden):
        for place, row in enumerate(group.rows):
            if row.is_sum:
                strong.add(len(rows))
            title = group.title if place == 0 else ""
            rows.append((title, row.side, *row.cells, row.share_text))
    head = ("Compartment", "Side", *BURDEN_HEAD, "Share")
    return Table("burden", burden_hint(ct.definition), head, tuple(rows), 2, frozenset(strong))


def chains_table(ct: CtFindings, most: int) -> Table:
    """The longest chains."""
    longest = sorted(ct.chains, key=lambda chain: (-chain.length_mm, chain.id))[:most]
    part = f"The longest {most} of {len(ct.chains)}. " if len(ct.chains) > most else ""
    rows = tuple(chain_cells(chain) for chain in sorted(longest, key=lambda chain: chain.id))
    return Table("chains", f"{part}{sentence(ct.definition.chain)}", CHAIN_HEAD, rows, 4)


def lesions_table(ct: CtFindings, most: int) -> Table:
    """The largest lesions, with the columns that a page has room for."""
    words = [n for n, name in enumerate(LESION_HEAD) if name.startswith(WORDS_ON_PAPER)]
    figures = [n for n, name in enumerate(LESION_HEAD) if name.startswith(FIGURES_ON_PAPER)]
    kept = words + figures
    largest = sorted(ct.lesions, key=lambda lesion: (-lesion.volume_mm3, lesion.id))[:most]
    cells = [lesion_cells(lesion) for lesion in largest]
    found = len(ct.lesions)
    caption = "All, largest first." if found <= most else f"The largest {most} of {found}."
    more = " Every figure of every lesion is in findings.json."
    return Table(
        "lesions",
        caption + more,
        tuple(LESION_HEAD[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in cells),
        text_columns=len(words),
    )


def close_up_plates(ct: CtFindings, close_ups: Sequence[CloseUp], most: int) -> tuple[Plate, ...]:
    """Close-ups with their words, of as many lesions as there is room for."""
    chosen = {lesion.id for lesion in largest_lesions(ct.lesions, most)}
    return tuple(
        Plate(
            close_up.picture,
            f"Lesion {close_up.lesion.id}",
            close_up_lines(close_up),
            compartment_color(close_up.lesion.compartment),
        )
        for close_up in close_ups
        if close_up.lesion.id in chosen
    )


def origin_facts(findings: Findings, study: CtStudy, created: datetime, most: int) -> Facts:
    """What made the report and when, and the series that were left out."""
    rows = [
        *origin_rows(findings),
        ("Report made", f"{created.astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
    ]
    left_out = [brief(f"{series_text(s)}: {s.reason}", SERIES_SIGNS) for s in study.left_out[:most]]
    if len(study.left_out) > most:
        left_out.append(f"{len(study.left_out) - most} more in report.html")
    if left_out:
        rows.append(("Series left out", "\n".join(left_out)))
    return Facts(tuple(rows))
