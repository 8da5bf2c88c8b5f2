"""What changed between two dates, typed: the content of `comparison.json`.

Masses and volumes are those of each date's own findings, measured on its own grid; registration
only says which lesions are the same. Millimeters in the DICOM LPS frame of the date they belong to.
Field names are a contract with outside scripts: they change only by adding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from calciscope.decimals import Number1, Number2, Number3, Number4
from calciscope.findings import NOTICE, BurdenFigures
from calciscope.followup.repeatability import Repeatability
from calciscope.followup.settings import ComparisonSettings
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region

COMPARISON_VERSION = "1.0"
"""Version of the contract of `comparison.json`: additions raise the second number."""


class Trend(StrEnum):
    """What became of a lesion, or of a sum; by mass of hydroxyapatite."""

    NEW = "new"
    GROWN = "grown"
    STABLE = "stable"
    SHRUNK = "shrunk"
    RESOLVED = "resolved"
    NOT_COVERED = "not covered"


class Relation(StrEnum):
    """How the lesions of two dates correspond."""

    ONE_TO_ONE = "one to one"
    MERGED = "merged"
    SPLIT = "split"
    REGROUPED = "regrouped"
    UNMATCHED = "unmatched"


class Scope(StrEnum):
    """Which lesions a sum is over."""

    COMMON = "common field of view"
    ALL = "all"


@dataclass(frozen=True)
class ComparedDate:
    """One date.

    Attributes:
        acquired_on: YYYY-MM-DD; None where the source does not say.
        results: folder of its results within OUT; "" where a folder of results was given.
    """

    acquired_on: str | None
    series: str
    model: str
    mode: str
    program_version: str
    kvp: float
    kvp_assumed: bool
    kernel: str | None
    slice_thickness_mm: Number3 | None
    slice_increment_mm: Number3
    contrast_agent: str | None
    figures: BurdenFigures
    results: str = ""


@dataclass(frozen=True)
class PartRegistration:
    """How a part of the skeleton was registered.

    Attributes:
        residual_mm: mean distance of its earlier surface to the later bone, where both show it;
            None where the later scan does not show it.
        overlap: share of its earlier surface that the later scan shows.
        usable: whether lesions beside it were compared.
        turn_deg: by how much it turned.
        earlier_to_later: 4 x 4 matrix, LPS mm.
    """

    part: str
    side: Laterality | None
    residual_mm: Number2 | None
    overlap: Number3
    usable: bool
    turn_deg: Number1 | None
    earlier_to_later: tuple[tuple[Number4, ...], ...] | None


@dataclass(frozen=True)
class LesionChange:
    """A lesion, or lesions that belong together, at both dates.

    Attributes:
        id: largest absolute change of mass first; what is not covered comes last.
        trend: of their mass together; `not covered` where the other scan does not show the place.
        earlier_ids, later_ids: in the findings of each date; one may be empty.
        laterality, compartment, region: of the heaviest, of the later date where there is one.
        beside: part of the skeleton whose registration placed them; "" without one.
        ha_mass_earlier_mg, ha_mass_later_mg: sums.
        change_mg, change_percent: later - earlier; percent of earlier, None where that is nothing;
            both None where it is not covered.
        measurement_error_mg: limit below which a change may be one of measuring only; None for
            new, resolved and not covered.
        beyond_error: whether the change exceeds it.
        centroid_earlier_mm, centroid_later_mm: of the heaviest, of each date; None without one.
        note: why it was not compared.
    """

    id: int
    trend: Trend
    relation: Relation
    earlier_ids: tuple[int, ...]
    later_ids: tuple[int, ...]
    laterality: Laterality
    compartment: Compartment
    region: Region
    beside: str
    ha_mass_earlier_mg: Number2
    ha_mass_later_mg: Number2
    volume_earlier_mm3: Number1
    volume_later_mm3: Number1
    change_mg: Number2 | None
    change_percent: Number1 | None
    measurement_error_mg: Number2 | None
    beyond_error: bool | None
    centroid_earlier_mm: tuple[Number1, Number1, Number1] | None
    centroid_later_mm: tuple[Number1, Number1, Number1] | None
    note: str = ""


@dataclass(frozen=True)
class TotalChange:
    """A sum of lesions at both dates.

    Attributes:
        scope: lesions that both scans show, or all.
        group: total, side, compartment, region, or side and compartment.
        name: which of the group, such as "left" or "left, muscle".
        trend: grown is progression (above +25 %), shrunk is improvement (below -25 %).
    """

    scope: Scope
    group: str
    name: str
    earlier: BurdenFigures
    later: BurdenFigures
    change_mg: Number2
    change_percent: Number1 | None
    trend: Trend
    measurement_error_mg: Number2
    beyond_error: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that a comparison found.

    Attributes:
        days_between: None where a date is not known.
        same_protocol: whether both scans were made alike, as far as their sources tell.
        differences: how the scans or their analyses differ, one sentence each.
        counts: how many entries of `changes` have each trend.
    """

    schema_version: str = COMPARISON_VERSION
    notice: str = NOTICE
    program: str = "calciscope"
    program_version: str
    earlier: ComparedDate
    later: ComparedDate
    days_between: int | None
    same_protocol: bool
    differences: tuple[str, ...]
    warnings: tuple[str, ...]
    settings: ComparisonSettings
    repeatability: Repeatability
    registration: tuple[PartRegistration, ...]
    counts: Mapping[Trend, int]
    changes: tuple[LesionChange, ...]
    totals: tuple[TotalChange, ...]
