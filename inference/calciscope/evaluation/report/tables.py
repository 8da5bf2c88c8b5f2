"""Tables of a data set: figures by predictor, differences, agreement, strata, cases."""

from collections.abc import Sequence

from calciscope.evaluation.record_figures import Agreement
from calciscope.evaluation.record_rows import CaseRow
from calciscope.evaluation.records import DatasetReport, PredictorReport
from calciscope.evaluation.report.wording import capital, figure_name, interval, number, sample
from calciscope.writers.report_blocks import Table


def headline_table(data: DatasetReport) -> Table:
    """Figures down, predictors across; the judged one first."""
    order: dict[str, str] = {}
    for predictor in data.predictors:
        for figure in predictor.figures:
            order.setdefault(figure.key, figure_name(figure))
    rows = tuple(
        (text, *(_cell(predictor, key) for predictor in data.predictors))
        for key, text in order.items()
    )
    head = ("Figure", *(predictor.name for predictor in data.predictors))
    caption = f"All figures, with 95 % intervals over patients; – not measured. {sample(data)}"
    return Table(f"{data.key}-headline", caption, head, rows)


def _cell(predictor: PredictorReport, key: str) -> str:
    found = [f.interval for f in predictor.figures if f.key == key]
    return interval(found[0]) if found and found[0].value is not None else "–"


def differences_table(data: DatasetReport) -> Table:
    """Figures down, the other predictors across."""
    verdicts = {True: "better", False: "worse", None: "unclear"}
    others = tuple(dict.fromkeys(row.other for row in data.differences))
    texts = dict.fromkeys((row.key, row.text) for row in data.differences)
    found = {(row.key, row.other): row for row in data.differences}

    def cell(key: str, other: str) -> str:
        row = found.get((key, other))
        if row is None or row.difference.value is None:
            return "–"
        return f"{interval(row.difference)} {verdicts[row.better]}"

    rows = tuple((text, *(cell(key, other) for other in others)) for key, text in texts)
    caption = (
        f"{capital(data.judged.name)} minus each other, patients resampled together, with 95 %"
        f" intervals; better or worse only where the interval excludes 0. {sample(data)}"
    )
    head = ("Difference", *(f"to {other}" for other in others))
    return Table(f"{data.key}-differences", caption, head, rows)


def agreement_table(data: DatasetReport, known: Sequence[Agreement]) -> Table:
    """Statistics down, quantities across."""
    head = ("Figure", *(f"{agreement.quantity} ({agreement.unit})" for agreement in known))
    columns = [_agreement_column(agreement) for agreement in known]
    rows = tuple((name, *(column[name] for column in columns)) for name in columns[0])
    return Table(f"{data.key}-agreement", f"Agreement. {sample(data)}", head, rows)


def _agreement_column(agreement: Agreement) -> dict[str, str]:
    quartiles = agreement.relative_quartiles
    return {
        "Cases": number(len(agreement.points), 0),
        "Bias [95\u00a0%\u00a0interval]": interval(agreement.bias),
        "Standard deviation of differences": number(agreement.sd),
        "Lower limit of agreement": interval(agreement.lower_limit),
        "Upper limit of agreement": interval(agreement.upper_limit),
        "ICC(2,1)": interval(agreement.icc),
        "Spearman correlation": number(agreement.spearman),
        "Median relative error": _percent(agreement.median_relative_error),
        "Its quartiles": (
            "–" if quartiles is None else f"{_percent(quartiles[0])} to {_percent(quartiles[1])}"
        ),
        "Median size of the relative error": _percent(agreement.median_absolute_relative_error),
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{number(100 * share, 0)} %"


def strata_table(data: DatasetReport) -> Table:
    """The judged predictor within each stratum."""
    rows = data.judged.strata
    cells = tuple(
        (
            row.by if index == 0 or rows[index - 1].by != row.by else "",
            row.name,
            number(row.cases, 0),
            number(row.patients, 0),
            number(row.lesions, 0),
            interval(row.dice),
            interval(row.sensitivity),
            interval(row.false_positives_per_case),
        )
        for index, row in enumerate(rows)
    )
    head = (
        "By", "Stratum", "Cases", "Patients", "Lesions", "Dice", "Sensitivity",
        "False positives a case",
    )  # fmt: skip
    caption = (
        f"{capital(data.judged.name)} by stratum, 95 % intervals over patients. {sample(data)}"
    )
    return Table(f"{data.key}-strata", caption, head, cells, text_columns=2)


def cases_table(data: DatasetReport) -> Table:
    """Every case, with what is worst about it."""
    rows = tuple(_case_cells(row) for row in data.judged.cases)
    head = (
        "Case", "Patient", "What is worst", "Found", "FP", "FP (mm³)", "Dice", "NSD", "HD95 (mm)",
        "Reference (mm³)", "Predicted (mm³)",
    )  # fmt: skip
    caption = f"{capital(data.judged.name)}, case by case. {sample(data)}"
    return Table(f"{data.key}-all-cases", caption, head, rows, text_columns=3)


def _case_cells(row: CaseRow) -> tuple[str, ...]:
    return (
        row.case_id,
        row.patient,
        "; ".join(flag.value for flag in row.flags),
        f"{row.found} / {row.lesions}",
        number(row.false_positives, 0),
        number(row.false_positive_mm3, 0),
        number(row.dice),
        number(row.normalized_surface_dice),
        number(row.hd95_mm, 1),
        number(row.reference_mm3, 0),
        number(row.predicted_mm3, 0),
    )
