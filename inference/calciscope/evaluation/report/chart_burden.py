"""Agreement of a burden with its reference: scatter with identity, and Bland-Altman."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from calciscope.evaluation.record_figures import Agreement, AgreementPoint
from calciscope.evaluation.records import DatasetReport
from calciscope.evaluation.report.blocks import Chart
from calciscope.evaluation.report.drawing import (
    BAND,
    HALF_MM,
    INK,
    MAIN,
    SECOND,
    SOFT,
    chart_style,
    finish,
    new_figure,
)
from calciscope.evaluation.report.wording import capital, interval, number, sample
from calciscope.writers.report_blocks import Table


def scatter_chart(data: DatasetReport, agreement: Agreement) -> Chart:
    """Predicted against reference burden of each case, with the line of identity."""
    name = f"{data.key}-scatter-{_slug(agreement.quantity)}"
    points, unit = agreement.points, agreement.unit
    with chart_style(name):
        figure = new_figure(HALF_MM, 78.0)
        axes = figure.subplots()
        axes.set_title(f"{capital(agreement.quantity)}: predicted against reference")
        top = 1.06 * max([p.reference for p in points] + [p.predicted for p in points] + [1.0])
        axes.plot([0, top], [0, top], color=SOFT, linewidth=1.0, linestyle="--", label="identity")
        axes.plot(
            [p.reference for p in points], [p.predicted for p in points],
            "o", color=MAIN, alpha=0.7, markersize=4.5, markeredgewidth=0, label="case",
        )  # fmt: skip
        axes.set_xlim(-0.02 * top, top)
        axes.set_ylim(-0.02 * top, top)
        axes.set_aspect("equal")
        axes.set_xlabel(f"reference ({unit})")
        axes.set_ylabel(f"predicted ({unit})")
        axes.grid()
        axes.legend(loc="best", title=f"ICC(2,1) {interval(agreement.icc)}")
        return finish(
            figure,
            name,
            f"{capital(agreement.quantity)}, predicted against reference",
            f"One dot a case. ICC(2,1), absolute agreement: {interval(agreement.icc)}."
            f" {sample(data)}.",
            f"Scatter of {len(points)} cases; ICC(2,1) {interval(agreement.icc)}",
            _numbers(name, agreement),
        )


def bland_altman_chart(data: DatasetReport, agreement: Agreement) -> Chart:
    """Difference against mean of predicted and reference burden, with bias and limits."""
    name = f"{data.key}-bland-altman-{_slug(agreement.quantity)}"
    with chart_style(name):
        figure = new_figure(HALF_MM, 78.0)
        axes = figure.subplots()
        axes.set_title(f"{capital(agreement.quantity)}: Bland-Altman")
        axes.axhline(0.0, color=SOFT, linewidth=0.8, linestyle=":")
        axes.plot(*_means_and_differences(agreement.points), "o", color=MAIN, alpha=0.7,
                  markersize=4.5, markeredgewidth=0)  # fmt: skip
        axes.margins(y=0.12)
        lines = (
            ("+1.96 SD", agreement.upper_limit, SECOND, "--"),
            ("bias", agreement.bias, MAIN, "-"),
            ("−1.96 SD", agreement.lower_limit, SECOND, "--"),
        )
        for text, measured, color, style in lines:
            if measured.value is None:
                continue
            axes.axhline(measured.value, color=color, linewidth=1.1, linestyle=style)
            if measured.low is not None and measured.high is not None:
                axes.axhspan(measured.low, measured.high, color=BAND if text == "bias" else color,
                             alpha=0.3 if text == "bias" else 0.12, linewidth=0)  # fmt: skip
        _name_lines(
            axes, [(text, line.value) for text, line, _, _ in lines if line.value is not None]
        )
        axes.set_xlabel(f"mean of predicted and reference ({agreement.unit})")
        axes.set_ylabel(f"predicted − reference ({agreement.unit})")
        return finish(
            figure,
            name,
            f"{capital(agreement.quantity)}, Bland-Altman",
            f"Bias {interval(agreement.bias)} {agreement.unit}; 95 % limits of agreement"
            f" {interval(agreement.lower_limit)} to {interval(agreement.upper_limit)}"
            f" {agreement.unit}; bands: 95 % intervals over patients. {sample(data)}.",
            f"Bland-Altman plot of {len(agreement.points)} cases; bias {interval(agreement.bias)},"
            f" limits {interval(agreement.lower_limit)} and {interval(agreement.upper_limit)}"
            f" {agreement.unit}",
            _numbers(name, agreement),
        )


def _name_lines(axes: Axes, lines: Sequence[tuple[str, float]]) -> None:
    """Write names and values right of the axes, apart even where the lines lie close."""
    low, high = axes.get_ylim()
    step = 0.10 * (high - low)
    previous: float | None = None
    for text, value in sorted(lines, key=lambda line: -line[1]):
        place = value if previous is None else min(value, previous - step)
        axes.annotate(
            f"{text}\n{number(value)}", (1.02, place), xycoords=("axes fraction", "data"),
            va="center", fontsize=7.0, color=INK, annotation_clip=False,
        )  # fmt: skip
        previous = place


def _means_and_differences(
    points: Sequence[AgreementPoint],
) -> tuple[list[float], list[float]]:
    means = [(p.reference + p.predicted) / 2 for p in points]
    return means, [p.predicted - p.reference for p in points]


def _numbers(name: str, agreement: Agreement) -> Table:
    unit = agreement.unit
    head = ("Case", "Patient", f"Reference ({unit})", f"Predicted ({unit})", "Difference")
    rows = tuple(
        (p.case_id, p.patient, number(p.reference), number(p.predicted),
         number(p.predicted - p.reference))
        for p in agreement.points
    )  # fmt: skip
    caption = f"{capital(agreement.quantity)} of each case"
    return Table(f"{name}-numbers", caption, head, rows, text_columns=2)


def _slug(text: str) -> str:
    return text.lower().replace(" ", "-")
