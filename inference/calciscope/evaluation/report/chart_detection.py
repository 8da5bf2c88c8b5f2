"""FROC curve, and what false positives lie on."""

from collections.abc import Sequence
from math import ceil, log2

from calciscope.evaluation.record_figures import Froc, FrocPoint, GroundRow
from calciscope.evaluation.records import DatasetReport
from calciscope.evaluation.report.blocks import Chart
from calciscope.evaluation.report.drawing import (
    BAND,
    FULL_MM,
    HALF_MM,
    INK,
    MAIN,
    SECOND,
    chart_style,
    finish,
    new_figure,
    rows_axis,
)
from calciscope.evaluation.report.wording import interval, number, sample
from calciscope.writers.report_blocks import Table

LEAST_RATE = 1 / 16
"""False positives per case at the left end of a logarithmic axis; 0 is drawn there."""


def rate_text(rate: float) -> str:
    """A rate as the field writes it: 1/8, 1/4, 1/2, 1, 2, ..."""
    return f"1/{1 / rate:g}" if rate < 1 else f"{rate:g}"


def froc_chart(data: DatasetReport, froc: Froc) -> Chart:
    """Sensitivity against false positives per case, with the points 1/8 to 8 and the model's own.

    Args:
        data: where it is from; its judged predictor gives the operating point.
        froc: with at least one point.
    """
    name = f"{data.key}-froc"
    own = _operating_point(data)
    rates = [point.false_positives_per_case for point in froc.points]
    top = max([8.0, *rates, own[0] if own else 0.0])
    end = 2.0 ** ceil(log2(top))
    with chart_style(name):
        figure = new_figure(HALF_MM, 72.0)
        axes = figure.subplots()
        axes.set_title("FROC")
        x = [max(rate, LEAST_RATE) for rate in rates]
        y = [point.sensitivity for point in froc.points]
        low = [point.low for point in froc.points if point.low is not None]
        high = [point.high for point in froc.points if point.high is not None]
        if len(low) == len(high) == len(x):
            axes.fill_between(x, low, high, step="post", color=BAND, alpha=0.45, linewidth=0)
        axes.plot(x, y, color=MAIN, drawstyle="steps-post", linewidth=1.5, label="all thresholds")
        reached = [
            rate for rate in froc.rates if rate.reached and rate.sensitivity.value is not None
        ]
        axes.plot(
            [rate.false_positives_per_case for rate in reached],
            [rate.sensitivity.value or 0.0 for rate in reached],
            "o", color=MAIN, markersize=4.5, label="1/8 to 8 a case",
        )  # fmt: skip
        if own:
            axes.plot(
                [max(own[0], LEAST_RATE)], [own[1]], "*", color=SECOND, markersize=10.0,
                markeredgecolor="white", label="as shipped",
            )  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_xlim(LEAST_RATE * 0.9, end * 1.1)
        ticks = [2.0**power for power in range(-4, round(log2(end)) + 1)]
        shown = ticks if len(ticks) <= 8 else ticks[1::2]
        axes.set_xticks(shown, [rate_text(tick) for tick in shown])
        axes.set_xticks([], minor=True)
        axes.set_ylim(0.0, 1.02)
        axes.set_xlabel("false positives per case")
        axes.set_ylabel("sensitivity")
        axes.grid()
        axes.legend(loc="best")
        return finish(
            figure,
            name,
            "FROC",
            "Step: all thresholds on the probability of predicted lesions;"
            f"{' band: 95 % interval over patients;' if low else ''}"
            f" no false positive at all is drawn at 1/16. {sample(data)}.",
            "; ".join(
                f"{rate_text(rate.false_positives_per_case)} false positives a case:"
                f" {interval(rate.sensitivity)}{'' if rate.reached else ' (end of the curve)'}"
                for rate in froc.rates
            ),
            _froc_numbers(name, froc),
        )


def _sensitivity(point: FrocPoint) -> str:
    if point.low is None or point.high is None:
        return f"{point.sensitivity:.3f}"
    return f"{point.sensitivity:.3f} [{point.low:.3f}, {point.high:.3f}]"


def _froc_numbers(name: str, froc: Froc) -> Table:
    rows = tuple(
        (
            f"{point.threshold:.3f}",
            number(point.false_positives_per_case, 3),
            number(point.false_positives_per_lesion, 3),
            _sensitivity(point),
        )
        for point in froc.points
    )
    head = (
        "Threshold",
        "False positives a case",
        "a lesion",
        "Sensitivity [95\u00a0%\u00a0interval]",
    )
    return Table(f"{name}-numbers", "Points of the curve", head, rows, text_columns=0)


def _operating_point(data: DatasetReport) -> tuple[float, float] | None:
    """False positives per case and sensitivity of the masks as they are."""
    known = {figure.key: figure.interval.value for figure in data.judged.figures}
    rate, sensitivity = known.get("false_positives_per_case"), known.get("sensitivity")
    return None if rate is None or sensitivity is None else (rate, sensitivity)


def grounds_chart(data: DatasetReport, rows: Sequence[GroundRow]) -> Chart:
    """What false positives lie on: their number and their volume, per case."""
    name = f"{data.key}-grounds"
    cases = max(data.cases, 1)
    ordered = sorted(rows, key=lambda row: (-row.count, row.on))
    with chart_style(name):
        figure = new_figure(FULL_MM, 20.0 + 6.0 * len(ordered))
        panels = figure.subplots(1, 2, sharey=True)
        series = (
            ("False positives per case", [row.per_case for row in ordered], MAIN),
            ("Volume per case (mm³)", [row.volume_mm3 / cases for row in ordered], SECOND),
        )
        for axes, (title, values, color) in zip(panels, series, strict=True):
            axes.set_title(title)
            rows_axis(axes, [row.on for row in ordered])
            axes.barh(range(len(ordered)), values, height=0.62, color=color)
            axes.set_xlim(0.0, 1.18 * max(*values, 0.01) if len(values) > 1 else None)
            for place, value in enumerate(values):
                axes.annotate(
                    number(value), (value, place), (3, 0), textcoords="offset points",
                    va="center", fontsize=7.0, color=INK,
                )  # fmt: skip
        return finish(
            figure,
            name,
            "What false positives lie on",
            f"By the reference labels beneath and beside them; {data.judged.name}. {sample(data)}.",
            "; ".join(f"{row.on}: {row.count}" for row in ordered),
            Table(
                f"{name}-numbers",
                "What false positives lie on",
                ("On", "False positives", "Per case", "Volume (mm³)"),
                tuple(
                    (row.on, number(row.count, 0), number(row.per_case, 3),
                     number(row.volume_mm3, 1))
                    for row in ordered
                ),
            ),
        )  # fmt: skip
