"""Tables of the SPECT: hot spots, concordance and the differential as rows of text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from calciscope.findings import Consideration, Grade
from calciscope.messages import Messages
from calciscope.spect.findings import Concordance, ConcordanceClass, HotSpot, SpectFindings
from calciscope.writers.report_blocks import Table
from calciscope.writers.spect.texts import CONCORDANCE_HINT, class_text
from calciscope.writers.wording import compartment_text, number_text

NONE = "–"
IDS_ON_PAPER = 12
"""More ids of lesions than that are counted, not listed."""


@dataclass(frozen=True)
class Column:
    """A column of the table of hot spots.

    Attributes:
        is_text: words, not figures.
        on_paper: a page has room for it.
    """

    name: str
    cell: Callable[[HotSpot], str]
    is_text: bool = False
    on_paper: bool = True


def _number(value: float | None) -> str:
    return number_text(value)


WORDS = (
    Column("Hot spot", lambda spot: str(spot.id), True),
    Column("Compartment", lambda spot: compartment_cell(spot), True),
    Column("Side", lambda spot: spot.laterality.value, True),
    Column("Region", lambda spot: spot.region.value, True),
    Column("Level", lambda spot: spot.level.value if spot.level else NONE, True),
    Column("Physiologic", lambda spot: "yes" if spot.physiologic else "no", True),
    Column("Lesions", lambda spot: ids_text(spot.lesion_ids), True),
)
PROBABILITY = Column("Probability", lambda spot: f"{spot.probability:.2f}")
SUV = (
    Column("SUVmax", lambda spot: _number(spot.suv_max)),
    Column("SUVpeak", lambda spot: _number(spot.suv_peak), on_paper=False),
    Column("SUVmean", lambda spot: _number(spot.suv_mean), on_paper=False),
    Column("SUVmean × mL", lambda spot: _number(spot.total_uptake_suv_ml), on_paper=False),
)
FIGURES = (
    Column("Volume (mL)", lambda spot: _number(spot.volume_ml)),
    Column("/ muscle", lambda spot: _number(spot.ratios.muscle)),
    Column("/ bone", lambda spot: _number(spot.ratios.bone)),
    Column("/ other side", lambda spot: _number(spot.ratios.contralateral)),
    Column("Length (mm)", lambda spot: _number(spot.longest_diameter_mm), on_paper=False),
    Column("Linearity", lambda spot: f"{spot.linearity:.2f}", on_paper=False),
    Column("Angle to bone (°)", lambda spot: _whole(spot.angle_to_bone_axis_deg), on_paper=False),
    Column("Center L, P, S (mm)", lambda spot: _place(spot), on_paper=False),
)


def _whole(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f}"


def _place(spot: HotSpot) -> str:
    return ", ".join(f"{value:.0f}" for value in spot.centroid_lps_mm)


def hot_spot_columns(spect: SpectFindings) -> tuple[Column, ...]:
    """The columns of a study: without SUV there is the uptake as it was read."""
    measured: tuple[Column, ...] = SUV
    if spect.suv_refused is not None:
        uptake = Column(f"Highest ({spect.units})", lambda spot: _number(spot.uptake_max))
        measured = (uptake,)
    return (*WORDS, PROBABILITY, *measured, *FIGURES)


def compartment_cell(spot: HotSpot) -> str:
    """The compartment; where another is nearly as likely, that one too."""
    name = compartment_text(spot.compartment)
    if spot.mixed and spot.runner_up is not None:
        return f"{name}, or {compartment_text(spot.runner_up)}"
    return name


def hot_spot_table(spect: SpectFindings, most: int | None = None) -> Table:
    """The hot spots, hottest first; with `most`, those and the columns that a page has room for.

    Those that are not physiologic come first where not all fit.
    """
    columns = hot_spot_columns(spect)
    spots: Sequence[HotSpot] = spect.hot_spots
    caption = ""
    if most is not None:
        columns = tuple(column for column in columns if column.on_paper)
        if len(spots) > most:
            spots = sorted(spots, key=lambda spot: (spot.physiologic, spot.id))[:most]
            caption = f"{most} of {len(spect.hot_spots)}, hottest first. "
        caption += "/: highest uptake over the mean of that tissue."
    rows = tuple(tuple(column.cell(spot) for column in columns) for spot in spots)
    head = tuple(column.name for column in columns)
    return Table("hot-spots", caption, head, rows, sum(column.is_text for column in columns))


def ids_text(ids: Sequence[int], most: int = IDS_ON_PAPER) -> str:
    """Ids as "1, 2, 3"; where there are many, their count."""
    if not ids:
        return NONE
    if len(ids) > most:
        return f"{', '.join(map(str, ids[: most - 2]))} and {len(ids) - most + 2} more"
    return ", ".join(map(str, ids))


CONCORDANCE_HEAD = ("CT and SPECT", "Places", "Lesions", "Hot spots")


def concordance_table(rows: Sequence[Concordance]) -> Table:
    """One line for each class that there is."""
    cells = []
    for text, group in groupby(_by_class(rows), class_text):
        same = list(group)
        lesions = sorted({number for row in same for number in row.lesion_ids})
        spots = sorted({number for row in same for number in row.hot_spot_ids})
        counted = f"{len(lesions)}: {ids_text(lesions)}" if lesions else NONE
        cells.append((text, str(len(same)), counted, ids_text(spots)))
    return Table("concordance", CONCORDANCE_HINT, CONCORDANCE_HEAD, tuple(cells), 4)


def places_table(rows: Sequence[Concordance]) -> Table:
    """One line for each place, class by class."""
    cells = tuple(
        (
            class_text(row),
            ids_text(row.lesion_ids, len(row.lesion_ids)),
            ids_text(row.hot_spot_ids, len(row.hot_spot_ids)),
        )
        for row in _by_class(rows)
    )
    return Table("places", "", ("CT and SPECT", "Lesions", "Hot spots"), cells, 3)


def _by_class(rows: Sequence[Concordance]) -> list[Concordance]:
    """Class by class; hot spots that the CT does not show are last."""
    order = list(ConcordanceClass)
    return sorted(rows, key=lambda row: (order.index(row.classified), row.beyond_ct))


def differential_table(differential: Sequence[Consideration], words: Messages) -> Table:
    """Causes to be considered by falling grade; there must be one."""
    rows = tuple(
        (_grade(each.grade, words), each.name, each.reason, ids_text(each.hot_spot_ids))
        for each in differential
    )
    return _differential(rows, words)


def brief_differential(differential: Sequence[Consideration], words: Messages) -> Table:
    """The same for paper: causes of one grade and reason share a line, as do the least likely."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in differential:
        is_least = each.grade is Grade.LESS_LIKELY
        ids = f" ({ids_text(each.hot_spot_ids)})" if each.hot_spot_ids else ""
        reason = "" if is_least else f"{each.reason}{ids}"
        # In one line: the column of grades is the narrowest.
        grade = _grade(each.grade, words).replace(" ", "\u00a0")
        groups.setdefault((grade, reason), []).append(each.name)
    rows = tuple((grade, ", ".join(names), reason) for (grade, reason), names in groups.items())
    return _differential(rows, words)


def _differential(rows: tuple[tuple[str, ...], ...], words: Messages) -> Table:
    keys = ("grade", "cause", "reason", "hot_spots")[: len(rows[0])]
    head = tuple(words.text(f"heading.{key}") for key in keys)
    return Table("differential", words.text("differential.hint"), head, rows, len(head))


def _grade(grade: Grade, words: Messages) -> str:
    return words.text(f"differential.grade.{grade.value}")
