"""Where a model is weakest, read from its figures and never guessed."""

from collections import Counter
from collections.abc import Iterator

from calciscope.evaluation.record_figures import SensitivityRow
from calciscope.evaluation.record_rows import CaseFlag
from calciscope.evaluation.records import DatasetReport
from calciscope.evaluation.report.wording import capital, interval, number, plural

FEWEST_LESIONS = 10
"""A group of fewer lesions is not called weak: chance alone would do."""

FEWEST_CASES = 3
"""The same for strata of cases."""

LOW = 0.8
"""Groups found less often than that are named."""


def weak_spots(data: DatasetReport) -> Iterator[str]:
    """Sentences: least found groups, what false positives lie on, the worst strata."""
    name = capital(data.name)
    rows = [row for row in data.judged.sensitivities if row.lesions >= FEWEST_LESIONS]
    for by in dict.fromkeys(row.by for row in rows):
        low = [row for row in rows if row.by == by and _share(row) < LOW]
        if low:
            told = ", ".join(
                f"{row.name} ({row.found} of {row.lesions})" for row in sorted(low, key=_share)[:4]
            )
            yield f"{name}: found least by {by}: {told}."
    grounds = sorted(data.judged.grounds, key=lambda row: -row.count)
    named = [f"{row.on} {number(row.per_case)}" for row in grounds[:3] if row.count]
    if named:
        yield f"{name}: false positives a case lie on {', '.join(named)}."
    yield from _strata(data)
    flags = Counter(flag for row in data.judged.cases for flag in row.flags)
    del flags[CaseFlag.EMPTY_REFERENCE]
    if flags:
        told = ", ".join(f"{flag} ({plural(count, 'case')})" for flag, count in flags.items())
        yield f"{name}: {told}."


def _share(row: SensitivityRow) -> float:
    return row.found / row.lesions


def _strata(data: DatasetReport) -> Iterator[str]:
    """The stratum with most false positives, where its interval is apart from another's."""
    name = capital(data.name)
    rows = [row for row in data.judged.strata if row.cases >= FEWEST_CASES]
    for by in dict.fromkeys(row.by for row in rows):
        group = [row for row in rows if row.by == by]
        known = [row for row in group if row.false_positives_per_case.value is not None]
        if len(known) < 2:
            continue
        known.sort(key=lambda row: row.false_positives_per_case.value or 0.0)
        best, worst = known[0].false_positives_per_case, known[-1].false_positives_per_case
        if best.high is not None and worst.low is not None and worst.low > best.high:
            yield (
                f"{name}: most false positives by {by} at {known[-1].name}:"
                f" {interval(worst)} a case, against {interval(best)} at {known[0].name}."
            )
