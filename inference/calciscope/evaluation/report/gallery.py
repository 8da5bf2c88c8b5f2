"""The failure gallery: the worst misses, false positives and outlines, with pictures."""

from collections.abc import Sequence
from itertools import groupby

from calciscope.evaluation.record_rows import FailureKind, FailureRow
from calciscope.evaluation.records import DatasetReport
from calciscope.evaluation.report.blocks import Block, Exhibit, Gallery
from calciscope.evaluation.report.case_pictures import (
    PREDICTION_COLOR,
    REFERENCE_COLOR,
    UNSCORED_COLOR,
    CasePictures,
    three_planes,
)
from calciscope.evaluation.report.wording import number, plural
from calciscope.writers.gallery import WINDOW_HU
from calciscope.writers.pictures import Picture
from calciscope.writers.report_blocks import Table, Text

PER_KIND = 4
"""Exhibits with pictures of each kind of failure; the others are in the table."""

LEGEND = (
    (REFERENCE_COLOR, "reference (solid)"),
    (PREDICTION_COLOR, "prediction (dashed)"),
    (UNSCORED_COLOR, "not scored (dotted)"),
)

TITLES = {
    FailureKind.MISSED: "Worst misses",
    FailureKind.FALSE_POSITIVE: "Worst false positives",
    FailureKind.POOR_OUTLINE: "Worst outlines",
}


def gallery_blocks(data: DatasetReport, pictures: CasePictures | None) -> tuple[Block, ...]:
    """The gallery of one data set, and the table of all its places.

    Args:
        data: with the failures, worst first of each kind.
        pictures: where the arrays come from; None where there is nothing to draw from.
    """
    if not data.failures:
        return (Text("No failure was recorded: nothing was missed, invented or badly outlined."),)
    shown = _shown(data.failures)
    drawn = _draw(shown, pictures) if pictures else {}
    blocks: list[Block] = []
    if drawn:
        center, width = sum(WINDOW_HU) / 2, WINDOW_HU[1] - WINDOW_HU[0]
        blocks.append(
            Text(
                "Axial, coronal and sagittal slice through the place; window center"
                f" {center:g}, width {width:g} HU; bar 10 mm. R and L the patient's right and"
                " left, A front, P back, H head, F foot. Thick: what the exhibit is about.",
                hint=True,
            )
        )
        for kind in FailureKind:
            exhibits = tuple(_exhibit(row, drawn[row]) for row in shown if _is(row, kind, drawn))
            if exhibits:
                blocks.append(Gallery(TITLES[kind], exhibits, LEGEND))
    else:
        blocks.append(Text("No pictures: the CT of these cases was not at hand."))
    return (*blocks, _table(data))


def _is(row: FailureRow, kind: FailureKind, drawn: dict[FailureRow, tuple[Picture, ...]]) -> bool:
    return row.kind == kind and row in drawn


def _shown(failures: Sequence[FailureRow]) -> tuple[FailureRow, ...]:
    """The first of each kind."""
    counts: dict[FailureKind, int] = {}
    shown = []
    for row in failures:
        counts[row.kind] = counts.get(row.kind, 0) + 1
        if counts[row.kind] <= PER_KIND:
            shown.append(row)
    return tuple(shown)


def _draw(
    rows: Sequence[FailureRow], pictures: CasePictures
) -> dict[FailureRow, tuple[Picture, ...]]:
    """Pictures of each row; every case is asked for once."""
    drawn: dict[FailureRow, tuple[Picture, ...]] = {}
    by_case = sorted(rows, key=lambda row: row.case_id)
    for case_id, group in groupby(by_case, key=lambda row: row.case_id):
        arrays = pictures(case_id)
        if arrays is not None:
            for row in group:
                drawn[row] = three_planes(arrays, row.center_lps_mm, f"{row.kind}, {case_id}")
    return drawn


def _exhibit(row: FailureRow, pictures: tuple[Picture, ...]) -> Exhibit:
    x, y, z = row.center_lps_mm
    title = f"{row.kind.value.capitalize()}, {number(row.volume_mm3, 1)} mm³, {row.case_id}"
    lines = (row.text, f"Patient {row.patient}; at {x:.0f}, {y:.0f}, {z:.0f} mm (L, P, S).")
    return Exhibit(title, pictures, lines)


def _table(data: DatasetReport) -> Table:
    rows = tuple(
        (row.kind.value, row.case_id, row.text, number(row.volume_mm3, 1)) for row in data.failures
    )
    caption = f"{plural(len(rows), 'place')} recorded, worst first of each kind"
    head = ("What", "Case", "In words", "Volume (mm³)")
    return Table(f"{data.key}-failures", caption, head, rows, text_columns=3)
