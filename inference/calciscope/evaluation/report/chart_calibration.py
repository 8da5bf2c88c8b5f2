"""Reliability diagram, and the calibration error against its null floor."""

from calciscope.evaluation.record_figures import Calibration
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
    rows_axis,
    whisker,
)
from calciscope.evaluation.report.wording import capital, interval, number, plural
from calciscope.writers.report_blocks import Table


def reliability_chart(
    key: str,
    basis: str,
    calibration: Calibration,
    noun: str = "predicted lesion",
    outcome: str = "share that are lesions",
) -> Chart:
    """Share of what came true, against the probability promised.

    Args:
        key: of the data set.
        basis: what the figures rest on, in words.
        calibration: with at least one bin.
        noun: what has a probability; outcome: what comes true, for the axis.
    """
    name = f"{key}-reliability"
    bins = calibration.bins
    with chart_style(name):
        figure = new_figure(HALF_MM, 84.0)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.set_title("Reliability of probabilities")
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1.0, linestyle="--", label="perfect")
        x = [part.mean_probability for part in bins]
        for part in bins:
            axes.plot([part.mean_probability] * 2, [part.low, part.high], color=MAIN, linewidth=1.2)
        axes.plot(x, [part.observed for part in bins], "o-", color=MAIN, linewidth=0.8,
                  markersize=4.5, label="observed")  # fmt: skip
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylabel(outcome)
        axes.grid()
        axes.legend(loc="upper left")
        below.vlines(x, 0, [part.count for part in bins], color=SOFT, linewidth=3.0)
        below.set_ylim(bottom=0)
        below.set_ylabel("count")
        below.set_xlabel("mean predicted probability")
        return finish(
            figure,
            name,
            "Reliability of probabilities",
            f"{plural(calibration.count, noun)} in bins of equal mass; line: Wilson"
            f" 95 % interval; below: how many. {basis}.",
            "; ".join(
                f"promised {part.mean_probability:.2f}, observed {part.observed:.2f}"
                f" of {part.count}"
                for part in bins
            ),
            Table(
                f"{name}-numbers",
                "Reliability of probabilities",
                (
                    "Probabilities",
                    "Mean",
                    "Observed [95\u00a0%\u00a0interval]",
                    capital(f"{noun}s"),
                ),
                tuple(
                    (
                        f"{part.lowest:.3f}–{part.highest:.3f}",
                        f"{part.mean_probability:.3f}",
                        f"{part.observed:.3f} [{part.low:.3f}, {part.high:.3f}]",
                        number(part.count, 0),
                    )
                    for part in bins
                ),
            ),
        )


def floor_chart(key: str, basis: str, calibration: Calibration) -> Chart | None:
    """The ECE beside what a perfectly calibrated predictor would score; None without either."""
    ece, floor, high = calibration.ece, calibration.ece_null_median, calibration.ece_null_95
    if ece.value is None or floor is None or high is None:
        return None
    name = f"{key}-ece"
    with chart_style(name):
        figure = new_figure(HALF_MM, 40.0)
        axes = figure.subplots()
        axes.set_title("ECE against its null floor")
        rows_axis(axes, ["measured", "null floor"])
        whisker(axes, ece.value, ece.low, ece.high, 0, MAIN, "o")
        axes.barh([1], [high], height=0.42, color=BAND)
        axes.plot([floor], [1], "|", color=SECOND, markersize=12.0, markeredgewidth=2.0)
        top = max(ece.high or ece.value, high)
        axes.set_xlim(0.0, 1.15 * top if top > 0 else 0.1)
        axes.set_xlabel("expected calibration error")
        verdict = "above" if ece.value > high else "within"
        return finish(
            figure,
            name,
            "Calibration error against its null floor",
            f"ECE {interval(ece, 3)}; a perfectly calibrated predictor of these probabilities would"
            f" score {number(floor, 3)} in the median and up to {number(high, 3)} in 95 %: the"
            f" measured one is {verdict} that. {basis}.",
            f"ECE {interval(ece, 3)}, null floor {number(floor, 3)} to {number(high, 3)}",
            Table(
                f"{name}-numbers",
                "Calibration error",
                ("Figure", "Value"),
                (
                    ("ECE [95\u00a0%\u00a0interval]", interval(ece, 3)),
                    ("Null floor, median", number(floor, 3)),
                    ("Null floor, 95th percentile", number(high, 3)),
                    ("Brier score [95\u00a0%\u00a0interval]", interval(calibration.brier, 3)),
                ),
            ),
        )
