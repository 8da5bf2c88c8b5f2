"""What the settings would do with a study, told without doing it: `calciscope watch --check`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from calciscope.readers.elements import printable, quiet
from calciscope.readers.sources import opened
from calciscope.service.intake.header import (
    ATTRIBUTES,
    Header,
    RefusedInstanceError,
    read_header,
)
from calciscope.service.intake.obstacles import lost_slices
from calciscope.service.intake.rules import (
    chosen_series,
    first_unfulfilled,
    fulfills,
    keywords_of,
    matching_rule,
)
from calciscope.service.journal.records import SeriesRecord
from calciscope.service.settings.rules import Rule
from calciscope.service.settings.service import ServiceSettings


@dataclass
class _Study:
    """The instances of a study by SOP Instance UID, so that doubles count once."""

    headers: dict[str, Header] = field(default_factory=dict)

    @property
    def series(self) -> list[SeriesRecord]:
        """As rules see them; what the first instance says counts."""
        grouped: dict[str, list[Header]] = defaultdict(list)
        for header in self.headers.values():
            grouped[header.series_uid].append(header)
        return [
            SeriesRecord(uid, each[0].attributes, len(each), _last(each, "expected_in_series"))
            for uid, each in grouped.items()
        ]

    @property
    def expected(self) -> int | None:
        """How many instances the study is said to have."""
        return _last(list(self.headers.values()), "expected_in_study")


def explain(settings: ServiceSettings, study_folder: Path) -> list[str]:
    """Lines that say what would become of a study; nothing is written anywhere.

    Args:
        settings: of the service.
        study_folder: folder or .zip of DICOM files.

    Raises:
        InputError: it cannot be read.
    """
    studies, refused = _studies(study_folder, ATTRIBUTES | keywords_of(settings.rules))
    lines = [
        f"{count} file{'s' if count > 1 else ''} would be left where found: {code}"
        for code, count in sorted(refused.items())
    ]
    if not studies:
        return [*lines, f"{study_folder} holds no DICOM instance that would be taken in"]
    for number, study in enumerate(studies, start=1):
        which = "the study" if len(studies) == 1 else f"study {number} of {len(studies)}"
        lines += _explained(settings, study, which)
    return lines


def _studies(folder: Path, keywords: frozenset[str]) -> tuple[list[_Study], dict[str, int]]:
    studies: dict[str, _Study] = defaultdict(_Study)
    refused: dict[str, int] = defaultdict(int)
    with opened(folder) as found, quiet():
        for file in () if found is None else found.dicom:
            try:
                with file.path.open("rb") as stream:
                    header = read_header(stream, file.path.stat().st_size, keywords)
            except RefusedInstanceError as error:
                refused[error.code] += 1
            else:
                studies[header.study_uid].headers.setdefault(header.sop_uid, header)
    return list(studies.values()), refused


def _explained(settings: ServiceSettings, study: _Study, which: str) -> list[str]:
    series = study.series
    count = len(study.headers)
    lines = [f"{which} has {count} instances in {len(series)} series"]
    rule = matching_rule(settings.rules, series)
    chosen = [] if rule is None else chosen_series(rule, series)
    lines += [f"  {_described(each)}{_use(rule, each)}" for each in series]
    before = settings.rules if rule is None else settings.rules[: settings.rules.index(rule)]
    lines += [f"rule {each.name} does not fit: {_why_not(each, series)}" for each in before]
    if count > settings.intake.study_instances:
        return [*lines, f"refused (too_many): more than {settings.intake.study_instances} of"
                " intake.study_instances"]  # fmt: skip
    if rule is None:
        return [*lines, "refused (no_rule): no rule fits"]
    lines.append(f"rule {rule.name} fits")
    if rule.ignore:
        return [*lines, f"refused (ignored): rule {rule.name} ignores such studies"]
    if not chosen:
        return [*lines, f"refused (no_series): rule {rule.name} takes none of its series"]
    return [*lines, *_when(settings, study, chosen), *_work(rule)]


def _when(settings: ServiceSettings, study: _Study, chosen: Sequence[SeriesRecord]) -> list[str]:
    times, count = settings.completeness, len(study.headers)
    if study.expected is not None and count >= study.expected:
        return [f"whole {times.counted_seconds:g} s after its last instance: all"
                f" {study.expected} that its headers promise are there"]  # fmt: skip
    missing = []
    if study.expected is not None:
        missing.append(f"{study.expected - count} instances of the study")
    for each in chosen:
        if each.expected is not None and each.instances < each.expected:
            missing.append(f"{each.expected - each.instances} instances of {_named(each)}")
        if lost := _lost(study, each):
            missing.append(f"{lost} slices of {_named(each)}")
    if not missing:
        return [f"whole {times.quiet_seconds:g} s after its last instance"]
    end = "analyzed as it is" if times.at_limit == "process" else "refused (incomplete)"
    return [f"missing: {'; '.join(missing)}",
            f"waited for up to {times.limit_seconds:g} s, then {end}"]  # fmt: skip


def _lost(study: _Study, series: SeriesRecord) -> int:
    stacks: dict[str, list[float]] = defaultdict(list)
    for header in study.headers.values():
        if header.series_uid == series.series_uid and header.place is not None:
            stacks[header.place.stack].append(header.place.offset_mm)
    return sum(lost_slices(offsets) for offsets in stacks.values())


def _work(rule: Rule) -> list[str]:
    model = rule.model or "the newest version"
    where = ", ".join(rule.destinations) or "the data folder alone"
    options = [name for name in ("accept_pet", "labelmap", "deidentify") if getattr(rule, name)]
    options += ["register"] if rule.register_uptake else []
    lines = [
        f"analyzed with ct-calcification {model}, mode {rule.mode}, language {rule.language},"
        f" priority {rule.priority}",
        f"results go to {where}",
    ]
    return [*lines, f"options: {', '.join(options)}"] if options else lines


def _why_not(rule: Rule, series: Sequence[SeriesRecord]) -> str:
    """The first condition that no series fulfills, or that they only fulfill between them."""
    for keyword, pattern in rule.take.items():
        if not any(fulfills(each, {keyword: pattern}) for each in series):
            values = sorted({each.attributes.get(keyword, "") for each in series})
            shown = ", ".join(repr(value) for value in values[:5])
            return f"{keyword} is {shown}, where {pattern!r} is wanted"
    return "no single series fulfills all of its conditions"


def _use(rule: Rule | None, series: SeriesRecord) -> str:
    if rule is None or rule.ignore:
        return ""
    keyword = first_unfulfilled(series.attributes, rule.series)
    return ": analyzed" if keyword is None else f": unused, by its {keyword}"


def _described(series: SeriesRecord) -> str:
    modality = series.attributes.get("Modality", "of unknown modality")
    description = printable(series.attributes.get("SeriesDescription", ""))
    quoted = f" {description!r}" if description else ""
    return f"{_named(series)}{quoted}, {modality}, {series.instances} instances"


def _named(series: SeriesRecord) -> str:
    return f"series {printable(series.attributes.get('SeriesNumber', 'without number'))}"


def _last(headers: Sequence[Header], name: str) -> int | None:
    """The last value that is given, as the journal has it."""
    values = [getattr(header, name) for header in headers]
    return next((int(value) for value in reversed(values) if value is not None), None)
