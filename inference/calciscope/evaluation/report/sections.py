"""The chapter of one data set: each question a reader has, with chart and numbers."""

from collections.abc import Iterator

from calciscope.evaluation.records import DatasetReport
from calciscope.evaluation.report.blocks import Block, Chart, Charts, Section
from calciscope.evaluation.report.case_pictures import CasePictures
from calciscope.evaluation.report.chart_burden import bland_altman_chart, scatter_chart
from calciscope.evaluation.report.chart_calibration import floor_chart, reliability_chart
from calciscope.evaluation.report.chart_comparison import comparison_chart, sensitivity_chart
from calciscope.evaluation.report.chart_detection import froc_chart, grounds_chart, rate_text
from calciscope.evaluation.report.gallery import gallery_blocks
from calciscope.evaluation.report.tables import (
    agreement_table,
    cases_table,
    differences_table,
    headline_table,
    strata_table,
)
from calciscope.evaluation.report.wording import (
    capital,
    interval,
    number,
    plural,
    sample,
)
from calciscope.writers.report_blocks import Table, Text

COMPARED_KEYS = (
    "lesion_dice_from_30_mm3",
    "sensitivity",
    "false_positives_per_case",
    "f1",
    "dice",
    "mask_dice",
)
"""Figures drawn side by side, most wanted first; the table holds all."""


def dataset_sections(data: DatasetReport, pictures: CasePictures | None) -> Iterator[Section]:
    """All parts of a data set's chapter, in order."""
    yield Section(data.key, _chapter_title(data), _headline(data), level=1)
    parts = (
        ("lesions", "Which lesions are found", _sensitivities(data)),
        ("froc", "Sensitivity against false positives (FROC)", _froc(data)),
        ("grounds", "What false positives lie on", _grounds(data)),
        ("burden", "Burden: volume and hydroxyapatite mass", _burden(data)),
        ("calibration", "Can the probabilities be believed?", _calibration(data)),
        ("strata", "By acquisition and body part", _strata(data)),
        ("failures", "Failure gallery", gallery_blocks(data, pictures)),
    )
    for name, title, blocks in parts:
        yield Section(f"{data.key}-{name}", title, tuple(blocks))
    yield Section(f"{data.key}-cases", "Every case", (cases_table(data),), folded=True)


def _chapter_title(data: DatasetReport) -> str:
    mark = {True: " (synthetic lesions)", False: "", None: ""}[data.synthetic]
    return f"{capital(data.name)}{mark}"


def _headline(data: DatasetReport) -> tuple[Block, ...]:
    license_text = f" License of the data: {data.license}." if data.license else ""
    empty = f" {plural(data.empty_cases, 'case')} without any lesion." if data.empty_cases else ""
    blocks: list[Block] = [Text(f"{sample(data)}.{empty}{license_text}")]
    if data.cases == 0:
        return (*blocks, Text("There is no case: nothing was measured."))
    if data.lesions == 0:
        blocks.append(
            Text("There is no reference lesion: sensitivity and Dice of lesions are not measured.")
        )
    chart = comparison_chart(data, COMPARED_KEYS)
    if chart is not None:
        blocks.append(Charts((chart,)))
    blocks.append(headline_table(data))
    if data.differences:
        blocks.append(differences_table(data))
    return tuple(blocks)


def _sensitivities(data: DatasetReport) -> Iterator[Block]:
    rows = data.judged.sensitivities
    charts = [
        sensitivity_chart(data.key, sample(data), by, group, data.judged.name)
        for by in dict.fromkeys(row.by for row in rows)
        if (group := tuple(row for row in rows if row.by == by and row.lesions > 0))
    ]
    if not charts:
        yield Text("No reference lesion: nothing to find.")
        return
    yield Text("Groups of few lesions have wide intervals; read them with their counts.", hint=True)
    yield Charts(tuple(charts))


def _froc(data: DatasetReport) -> Iterator[Block]:
    froc = data.judged.froc
    if froc is None or not froc.points:
        cause = "there is no reference lesion" if data.lesions == 0 else _no_scores(data)
        yield Text(f"Not measured: {cause}.")
        return
    yield Charts((froc_chart(data, froc),))
    rows = tuple(
        (
            rate_text(rate.false_positives_per_case),
            number(rate.false_positives_per_lesion, 3),
            interval(rate.sensitivity) + ("" if rate.reached else " *"),
        )
        for rate in froc.rates
    )
    beyond = any(not rate.reached for rate in froc.rates)
    caption = (
        f"Mean over the rates (CPM): {interval(froc.cpm)}. {sample(data)}"
        + (". * the curve ends before that rate; the sensitivity at its end is given" if beyond
           else "")
    )  # fmt: skip
    head = (
        "False positives a case",
        "False positives a lesion",
        "Sensitivity [95\u00a0%\u00a0interval]",
    )
    yield Table(f"{data.key}-froc-rates", caption, head, rows, text_columns=0)


def _no_scores(data: DatasetReport) -> str:
    """Why there is no curve over probabilities, in words."""
    if all(row.predicted == 0 for row in data.judged.cases):
        return f"{data.judged.name} predicted no lesion"
    return "the predicted lesions have no probabilities, or not all of them"


def _grounds(data: DatasetReport) -> Iterator[Block]:
    rows = [row for row in data.judged.grounds if row.count > 0]
    if not rows:
        yield Text(
            f"{capital(data.judged.name)} made no false positive in {plural(data.cases, 'case')}."
        )
        return
    yield Charts((grounds_chart(data, rows),))


def _burden(data: DatasetReport) -> Iterator[Block]:
    known = [agreement for agreement in data.judged.agreements if agreement.points]
    if not known:
        yield Text("Not measured: no case has a reference burden.")
        return
    charts: list[Chart] = []
    for agreement in known:
        charts += [scatter_chart(data, agreement), bland_altman_chart(data, agreement)]
    yield Charts(tuple(charts))
    yield agreement_table(data, known)


def _calibration(data: DatasetReport) -> Iterator[Block]:
    calibration = data.judged.calibration
    if calibration is None or not calibration.bins:
        yield Text(f"Not measured: {_no_scores(data)}.")
        return
    floor = floor_chart(data.key, sample(data), calibration)
    charts = (
        reliability_chart(data.key, sample(data), calibration),
        *((floor,) if floor else ()),
    )
    yield Text(
        "ECE is never 0 in a finite sample: its null floor is what a perfectly calibrated"
        f" predictor of the same probabilities would score. Brier score"
        f" {interval(calibration.brier, 3)}.",
        hint=True,
    )
    yield Charts(charts)


def _strata(data: DatasetReport) -> Iterator[Block]:
    if not data.judged.strata:
        yield Text("Not measured: the cases do not say how they were acquired.")
        return
    yield strata_table(data)
