"""The risk-coverage curve: what it buys to leave doubtful hot spots unanswered."""

from calciscope.evaluation.report.blocks import Chart
from calciscope.evaluation.report.drawing import (
    BAND,
    HALF_MM,
    MAIN,
    SECOND,
    SOFT,
    chart_style,
    finish,
    new_figure,
)
from calciscope.evaluation.report.wording import interval, number
from calciscope.evaluation.spect.records import SpectDataset
from calciscope.evaluation.spect.report.wording import basis, mark
from calciscope.writers.report_blocks import Table


def risk_coverage_chart(data: SpectDataset) -> Chart:
    """Error among the answered against the share that is answered; at least one point."""
    name = f"{data.key}-risk-coverage"
    report = data.abstention
    points = [p for p in report.curve.points if p.error.value is not None]
    x = [point.coverage for point in points]
    y = [point.error.value or 0.0 for point in points]
    low = [point.error.low for point in points if point.error.low is not None]
    high = [point.error.high for point in points if point.error.high is not None]
    with chart_style(name):
        figure = new_figure(HALF_MM, 72.0)
        axes = figure.subplots()
        axes.set_title(f"Risk against coverage{mark(data)}")
        if len(low) == len(high) == len(x):
            axes.fill_between(x, low, high, color=BAND, alpha=0.45, linewidth=0)
        axes.plot(x, y, color=MAIN, linewidth=1.5, label="most certain first")
        if y:
            axes.axhline(y[-1], color=SOFT, linewidth=1.0, linestyle="--", label="random order")
        rejected, right = report.rejected.value, report.answered_accuracy.value
        if rejected is not None and right is not None:
            axes.plot(
                [1.0 - rejected], [1.0 - right], "*", color=SECOND, markersize=10.0,
                markeredgecolor="white", clip_on=False, zorder=4,
                label="as shipped",
            )  # fmt: skip
        axes.set_xlim(0.0, 1.02)
        axes.set_ylim(0.0, 1.5 * max([*high, *y, 0.04]))
        axes.set_xlabel("share of hot spots answered")
        axes.set_ylabel("share of wrong answers")
        axes.grid()
        axes.legend(loc="upper left")
        area = interval(report.curve.area, 3)
        return finish(
            figure,
            name,
            "Risk against coverage",
            f"Band: 95 % interval over patients. Area {area}; {number(report.curve.area_best, 3)}"
            f" if every wrong answer were less certain than every right one. {basis(data)}.",
            "; ".join(f"{c:.0%} answered: {e:.1%} wrong" for c, e in zip(x, y, strict=True)),
            Table(
                f"{name}-numbers",
                "Risk against coverage",
                ("Answered", "From probability", "Wrong [95\u00a0%\u00a0interval]"),
                tuple(
                    (f"{p.coverage:.0%}", f"{p.threshold:.3f}", interval(p.error, 3))
                    for p in points
                ),
                text_columns=0,
            ),
        )
