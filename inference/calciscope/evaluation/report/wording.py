"""Figures of an evaluation in words: intervals, shares, counts, and what a data set is."""

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from math import ceil, log10
from typing import TypeVar, cast

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.record_figures import Figure
from calciscope.evaluation.records import DatasetReport, EvaluationReport, ModelRecord

T = TypeVar("T")
_CUBIC = re.compile(r"\bmm3\b")

NOT_MEASURED = "not measured"
NOT_KNOWN = "not known"

SMALL_SAMPLE = 50
"""Patients below which a bootstrap interval of a mean is too narrow to lean on.

BRIDGE/MICCAI 2025: percentile intervals of means hold their level from about 50 on; El Jurdi et
al. 2023 (arXiv 2307.10926): an interval 1 % wide takes 100-200 cases.
"""


KINDS = {
    "C1": "nodules",
    "C2": "sheets and nets",
    "C3": "in muscle",
    "C4": "tumoral masses",
    "C5": "hazy, metastatic",
    "C6": "calciphylaxis",
    "C7": "injection granulomas",
    "C8": "fat necrosis",
    "C9": "lymph nodes",
    "H1": "ossification",
}
"""What the ids of the taxonomy stand for."""


def typeset(record: T) -> T:
    """A record with its texts as people write them: mm³ for mm3, ≥ for >=."""
    if isinstance(record, str) and not isinstance(record, Enum):
        return cast(T, _CUBIC.sub("mm³", record).replace(">=", "≥").replace("<=", "≤"))
    if isinstance(record, tuple):
        return cast(T, tuple(typeset(item) for item in record))
    if is_dataclass(record) and not isinstance(record, type):
        values = {field.name: typeset(getattr(record, field.name)) for field in fields(record)}
        return cast(T, type(record)(**values))
    return record


def kind_name(kind: str) -> str:
    """A kind of mineral with its name in words: "C2_net: sheets and nets"."""
    words = KINDS.get(kind.partition("_")[0])
    return f"{kind}: {words}" if words else kind


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]


def number(value: float | None, digits: int = 2) -> str:
    """A figure; thousands parted by a comma, fewer decimals the larger it is.

    Where `digits` decimals would leave less than two significant ones, there are more, up to four.
    """
    if value is None:
        return "–"
    if digits and 0 < abs(value) < 10 ** (1 - digits):
        text = f"{value:.{min(ceil(-log10(abs(value))) + 1, 4)}f}"
    elif abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif abs(value) >= 100:
        text = f"{value:.0f}"
    elif abs(value) >= 10:
        text = f"{value:.{min(digits, 1)}f}"
    else:
        text = f"{value:.{digits}f}"
    # A rounded zero has no sign.
    bare = text.lstrip("-").replace(".", "").replace("0", "")
    return text.replace("-", "−") if bare else text.lstrip("-")


def interval(measured: Interval, digits: int = 2) -> str:
    """An estimate with its interval, such as "0.75 [0.68, 0.80]"."""
    if measured.value is None:
        return NOT_MEASURED
    if measured.low is None or measured.high is None:
        return number(measured.value, digits)
    low, high = number(measured.low, digits), number(measured.high, digits)
    return f"{number(measured.value, digits)} [{low}, {high}]"


def figure_name(figure: Figure) -> str:
    """A figure's name with its unit and which way is better."""
    unit = f" ({figure.unit})" if figure.unit else ""
    return f"{figure.text}{unit} {'↑' if figure.higher_is_better else '↓'}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """A count with its noun: "1 case", "2 cases", "1,154 lesions"."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def sample(data: DatasetReport) -> str:
    """What the figures of a data set rest on."""
    return (
        f"{plural(data.cases, 'case')} of {plural(data.patients, 'patient')},"
        f" {plural(data.lesions, 'lesion')}, {synthetic(data)}"
    )


def synthetic(data: DatasetReport) -> str:
    """Whether the lesions are synthetic, as far as it is known."""
    if data.synthetic is None:
        return "not known whether lesions are synthetic"
    return "synthetic lesions" if data.synthetic else "real lesions"


def model_name(model: ModelRecord | None) -> str:
    """Name and version of a model."""
    return f"{model.name} {model.version}" if model else "saved predictions"


def small_samples(report: EvaluationReport) -> tuple[str, ...]:
    """A sentence per data set that is too small to lean on, unless the record has one."""
    return tuple(
        f"{capital(data.name)}: {plural(data.patients, 'patient')} only; with fewer than"
        f" {SMALL_SAMPLE} the intervals tend to be too narrow"
        + (", and with one patient there is none." if data.patients == 1 else ".")
        for data in report.datasets
        if data.patients < SMALL_SAMPLE and not _is_warned(report, data)
    )


def _is_warned(report: EvaluationReport, data: DatasetReport) -> bool:
    """Whether the record itself says that the patients of a data set are few."""
    few = f"{data.patients} patients are few"
    return any(line.startswith(data.name) and few in line for line in report.cautions)
