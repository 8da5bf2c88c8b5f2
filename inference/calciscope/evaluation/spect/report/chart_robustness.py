"""Charts of figures with less input, and against disturbances."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.report.blocks import Chart
from calciscope.evaluation.report.drawing import (
    FULL_MM,
    HALF_MM,
    MAIN,
    SECOND,
    chart_style,
    finish,
    new_figure,
    rows_axis,
    whisker,
)
from calciscope.evaluation.report.wording import interval, number
from calciscope.evaluation.spect.records import RobustnessCurve, SpectDataset
from calciscope.evaluation.spect.report.wording import basis, mark
from calciscope.writers.report_blocks import Table

MACRO, PAIR = "macro-F1", "muscle versus subcutis, accuracy"
SHORT_PAIR = "muscle versus subcutis"


def ablation_chart(data: SpectDataset) -> Chart:
    """Macro-F1 and muscle against subcutis with all input, with less, and of the rule."""
    name = f"{data.key}-ablation"
    rule = {figure.key: figure.interval for figure in data.rule_figures}
    rows = [
        *((row.name, row.macro_f1, row.muscle_or_subcutis) for row in data.ablations),
        ("rule: CT tissue", rule["macro_f1"], rule["muscle_or_subcutis"]),
    ]
    with chart_style(name):
        figure = new_figure(FULL_MM, 22.0 + 7.0 * len(rows))
        panels = figure.subplots(1, 2, sharey=True)
        for place, (axes, title) in enumerate(zip(panels, (MACRO, SHORT_PAIR), strict=True)):
            axes.set_title(f"{title} ↑{mark(data)}")
            rows_axis(axes, [row[0] for row in rows])
            axes.set_xlim(0.0, 1.0)
            for at, row in enumerate(rows):
                known = (row[1], row[2])[place]
                if known.value is None:
                    continue
                color = MAIN if at == 0 else SECOND if at < len(rows) - 1 else "#6b7680"
                axes.barh([at], [known.value], height=0.5, color=color, alpha=0.35)
                whisker(axes, known.value, known.low, known.high, at, color, "o")
        return finish(
            figure,
            name,
            "What each input is worth",
            f"Bar and dot: value; line: 95 % interval over patients. {basis(data)}.",
            "; ".join(f"{row[0]}: macro-F1 {interval(row[1])}" for row in rows),
            Table(
                f"{name}-numbers",
                "What each input is worth",
                (
                    "Input",
                    f"{MACRO} [95\u00a0%\u00a0interval]",
                    f"{PAIR} [95\u00a0%\u00a0interval]",
                ),
                tuple((row[0], interval(row[1], 3), interval(row[2], 3)) for row in rows),
            ),
        )


def robustness_chart(data: SpectDataset, curve: RobustnessCurve) -> Chart:
    """Figures against one disturbance; groups of different cases are not joined by a line."""
    name = f"{data.key}-robustness-{curve.key}"
    with chart_style(name):
        figure = new_figure(HALF_MM, 70.0)
        axes = figure.subplots()
        axes.set_title(f"{curve.title}{mark(data)}")
        pairs = [p.muscle_or_subcutis for p in curve.points]
        x = [point.value for point in curve.points]
        # Lines of groups would lie on each other; bands of the same hot spots are joined anyway.
        beside = 0.0 if curve.paired else 0.012 * max(x)
        left, right = [at - beside for at in x], [at + beside for at in x]
        _series(axes, left, [p.macro_f1 for p in curve.points], MACRO, MAIN, "o", curve.paired)
        _series(axes, right, pairs, SHORT_PAIR, SECOND, "s", curve.paired)
        axes.set_ylim(0.0, 1.02)
        axes.set_xlim(left=-0.03 * max(x) if max(x) else None)
        axes.set_xlabel(curve.axis)
        axes.set_ylabel("value")
        axes.grid()
        axes.legend(loc="lower left")
        return finish(
            figure,
            name,
            curve.title,
            f"{curve.how} {'Band' if curve.paired else 'Line'}: 95 % interval over patients."
            f" {basis(data)}.",
            "; ".join(f"{p.label}: macro-F1 {interval(p.macro_f1)}" for p in curve.points),
            Table(
                f"{name}-numbers",
                curve.title,
                ("At", "Patients", "Hot spots", f"{MACRO} [95\u00a0%\u00a0interval]",
                 f"{PAIR} [95\u00a0%\u00a0interval]"),
                tuple(
                    (p.label, number(p.patients, 0), number(p.hot_spots, 0),
                     interval(p.macro_f1, 3), interval(p.muscle_or_subcutis, 3))
                    for p in curve.points
                ),
            ),
        )  # fmt: skip


def _series(
    axes: Axes,
    x: Sequence[float],
    values: Sequence[Interval],
    label: str,
    color: str,
    marker: str,
    joined: bool,
) -> None:
    """One figure along the axis, with its intervals as a band or as lines."""
    known = [(at, v) for at, v in zip(x, values, strict=True) if v.value is not None]
    places = [at for at, _ in known]
    middle = [v.value or 0.0 for _, v in known]
    axes.plot(
        places, middle, marker=marker, color=color, markersize=4.5, clip_on=False,
        linewidth=1.3 if joined else 0.0, label=label,
    )  # fmt: skip
    edged = [(at, v.low, v.high) for at, v in known if v.low is not None and v.high is not None]
    if joined:
        axes.fill_between(
            [at for at, _, _ in edged],
            [low for _, low, _ in edged],
            [high for _, _, high in edged],
            color=color, alpha=0.15, linewidth=0,
        )  # fmt: skip
        return
    for at, low, high in edged:
        axes.plot([at, at], [low, high], color=color, linewidth=1.4)
