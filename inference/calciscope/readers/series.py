"""Series: files grouped as their UIDs say, doubled and foreign parts taken apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydicom.config import IGNORE
from pydicom.uid import UID

from calciscope.readers.headers import CT_CLASSES, Header
from calciscope.readers.slices import Slice
from calciscope.readers.study import SeriesSummary

MODALITY_NAMES = {
    "NM": "a nuclear medicine image",
    "PT": "a PET image",
    "MR": "an MR image",
    "CR": "a radiograph",
    "DX": "a radiograph",
    "US": "an ultrasound image",
    "RTSTRUCT": "a radiotherapy structure set",
    "SEG": "a segmentation",
    "SR": "a report",
}
"""How a modality (PS3.3 C.7.3.1.1.1) is called in a sentence."""


@dataclass(frozen=True)
class Series:
    """Instances of one series that are of one kind.

    Attributes:
        instances: number of files.
        slices: of all files; empty for what is no CT.
        notes: what the user should know if this series is taken.
    """

    study_instance_uid: str
    series_instance_uid: str
    number: int | None
    description: str
    modality: str
    sop_class_uid: str
    instances: int
    slices: tuple[Slice, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the series is called in messages."""
        number = "without number" if self.number is None else str(self.number)
        return f"series {number} ('{self.description}')" if self.description else f"series {number}"

    def summary(self, reason: str = "") -> SeriesSummary:
        """The series as it is told to the user."""
        return SeriesSummary(
            series_instance_uid=self.series_instance_uid,
            number=self.number,
            description=self.description,
            modality=self.modality,
            instances=self.instances,
            study_instance_uid=self.study_instance_uid,
            reason=reason,
        )

    def part(self, slices: Sequence[Slice], notes: tuple[str, ...] = ()) -> "Series":
        """The series with only some of its slices."""
        files = {each.file for each in slices}
        return replace(
            self, slices=tuple(slices), instances=len(files), notes=(*self.notes, *notes)
        )

    @property
    def unfit_reason(self) -> str:
        """Why this can be no CT volume whatever its geometry; empty where it may be one."""
        if self.modality != "CT":
            kind = MODALITY_NAMES.get(self.modality, f"modality {self.modality or 'unknown'}")
            return f"{kind}, not CT"
        if self.sop_class_uid not in CT_CLASSES:
            return f"not a CT image but {UID(self.sop_class_uid, IGNORE).name}"
        if not self.slices:
            return "a multi-frame file without frames"
        if all(each.is_localizer for each in self.slices):
            return "a localizer (scout view)"
        if all(each.is_projection for each in self.slices):
            return "a projection or rendering, not slices"
        if any(each.samples_per_pixel != 1 for each in self.slices):
            return "a color picture"
        return ""


def group_series(headers: Iterable[Header]) -> list[Series]:
    """Group files into series, in the order of series number and UID.

    Localizers and projections that share a series with slices become series of their own; a
    series that is there several times over is taken once.
    """
    groups: dict[tuple[str, ...], list[Header]] = {}
    for header in headers:
        kind = (header.study_instance_uid, header.series_instance_uid)
        groups.setdefault((*kind, header.modality, header.sop_class_uid), []).append(header)
    found = [part for group in groups.values() for part in _parts(group)]
    return sorted(found, key=series_order)


def series_order(series: Series) -> tuple[float, str, str]:
    """Sorting key: by number, those without last, then by UID."""
    number = float("inf") if series.number is None else series.number
    return number, series.series_instance_uid, series.sop_class_uid


def _parts(group: Sequence[Header]) -> list[Series]:
    first = group[0]
    series = Series(
        study_instance_uid=first.study_instance_uid,
        series_instance_uid=first.series_instance_uid,
        number=first.series_number,
        description=first.series_description,
        modality=first.modality,
        sop_class_uid=first.sop_class_uid,
        instances=len(group),
        slices=tuple(sorted((s for h in group for s in h.slices), key=_instance_order)),
    )
    aside = [
        [each for each in series.slices if each.is_localizer],
        [each for each in series.slices if each.is_projection and not each.is_localizer],
    ]
    rest = [e for e in series.slices if not (e.is_localizer or e.is_projection)]
    parts = [series.part(slices) for slices in (*aside, rest) if slices]
    return [_once(part) for part in parts] or [series]


def _instance_order(each: Slice) -> tuple[float, str, int]:
    """An order that does not depend on what files are called."""
    number = float("inf") if each.instance_number is None else each.instance_number
    return number, each.sop_instance_uid, each.frame or 0


def _once(series: Series) -> Series:
    """Drop copies where every slice is there equally often; a lone copy stays, to be refused."""
    keys = [(each.sop_instance_uid, each.frame, each.position) for each in series.slices]
    times = set(Counter(keys).values())
    if times == {1} or len(times) > 1:
        return series
    unique = dict(zip(reversed(keys), reversed(series.slices), strict=True))
    copies = times.pop()
    note = f"{series.name} is there {copies} times; one copy was used"
    return series.part([unique[key] for key in dict.fromkeys(keys)], (note,))
