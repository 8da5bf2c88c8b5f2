"""Charts of several predictors, or several groups of lesions, side by side with intervals."""

from collections.abc import Sequence
from textwrap import fill

from calciscope.evaluation.record_figures import Figure, SensitivityRow
from calciscope.evaluation.records import DatasetReport, PredictorReport
from calciscope.evaluation.report.blocks import Chart
from calciscope.evaluation.report.drawing import (
    FULL_MM,
    HALF_MM,
    INK,
    MAIN,
    ROLE_COLORS,
    ROLE_MARKERS,
    chart_style,
    finish,
    new_figure,
    rows_axis,
    whisker,
)
from calciscope.evaluation.report.wording import (
    capital,
    figure_name,
    interval,
    kind_name,
    number,
    sample,
)
from calciscope.writers.report_blocks import Table

ROW_MM = 6.0
PANELS = 4
TITLE_LETTERS = 38


def comparison_chart(data: DatasetReport, keys: Sequence[str]) -> Chart | None:
    """Each predictor's main figures on common axes; None where nothing was measured.

    Args:
        data: with the predictors.
        keys: of the figures, one panel each; those not measured for anyone are left out.
    """
    measured = [key for key in keys if _values(data.predictors, key)][:PANELS]
    if not measured:
        return None
    name = f"{data.key}-comparison"
    names = [predictor.name for predictor in data.predictors]
    height_mm = 30.0 + 2 * ROW_MM * len(names) if len(measured) > 2 else 18.0 + ROW_MM * len(names)
    rows: list[tuple[str, ...]] = []
    with chart_style(name):
        figure = new_figure(FULL_MM, height_mm)
        down = 2 if len(measured) > 2 else 1
        across = -(-len(measured) // down)
        panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
        for axes, key in zip(panels, measured, strict=False):
            found = _values(data.predictors, key)
            axes.set_title(fill(figure_name(next(iter(found.values()))), TITLE_LETTERS))
            rows_axis(axes, names)
            for place, predictor in enumerate(data.predictors):
                figure_of = found.get(predictor.name)
                if figure_of is None or figure_of.interval.value is None:
                    continue
                known = figure_of.interval
                role = predictor.role
                whisker(
                    axes, figure_of.interval.value, known.low, known.high, place,
                    ROLE_COLORS[role], ROLE_MARKERS[role],
                )  # fmt: skip
                rows.append((figure_of.text, predictor.name, interval(known, 3)))
            is_share = not next(iter(found.values())).unit and axes.get_xlim()[1] <= 1.1
            axes.set_xlim(0.0, 1.0 if is_share else None)
        for axes in panels[len(measured) :]:
            axes.set_visible(False)
        return finish(
            figure,
            name,
            "Model against baselines",
            f"Dot: value; line: 95 % interval over patients; arrow: which way is better."
            f" {sample(data)}.",
            "; ".join(f"{row[0]}, {row[1]}: {row[2]}" for row in rows),
            Table(
                f"{name}-numbers",
                "Model against baselines",
                ("Figure", "Predictor", "Value [95\u00a0%\u00a0interval]"),
                tuple(rows),
                text_columns=2,
            ),
        )


def sensitivity_chart(
    key: str,
    basis: str,
    by: str,
    rows: Sequence[SensitivityRow],
    finder: str,
    noun: str = "lesions",
) -> Chart:
    """Sensitivity of groups of lesions, with their counts.

    Args:
        key: of the data set they are from; basis: what the figures rest on, in words.
        by: what they are grouped by.
        rows: at least one.
        finder: what finds them; noun: what they are.
    """
    name = f"{key}-sensitivity-{by.replace(' ', '-')}"
    names = [kind_name(row.name) if by == "kind" else row.name for row in rows]
    with chart_style(name):
        figure = new_figure(HALF_MM, 20.0 + ROW_MM * len(rows))
        axes = figure.subplots()
        axes.set_title(f"Sensitivity by {by}")
        rows_axis(axes, names)
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel(f"share of {noun} found")
        for place, row in enumerate(rows):
            known = row.sensitivity
            if known.value is not None:
                whisker(axes, known.value, known.low, known.high, place, MAIN, "o")
            axes.annotate(
                f"{row.found} / {row.lesions}",
                (1.05, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=7.0,
                color=INK,
                annotation_clip=False,
            )
        return finish(
            figure,
            name,
            f"Sensitivity by {by}",
            f"{capital(finder)}; at the right: found / {noun}; line: 95 % interval over"
            f" patients. {basis}.",
            "; ".join(f"{row.name}: {row.found} of {row.lesions}" for row in rows),
            Table(
                f"{name}-numbers",
                f"Sensitivity by {by}",
                (by.capitalize(), capital(noun), "Found", "Sensitivity [95\u00a0%\u00a0interval]"),
                tuple(
                    (row.name, number(row.lesions, 0), number(row.found, 0),
                     interval(row.sensitivity, 3))
                    for row in rows
                ),
            ),
        )  # fmt: skip


def _values(predictors: Sequence[PredictorReport], key: str) -> dict[str, Figure]:
    """The figure of each predictor that has it measured."""
    found = {p.name: figure for p in predictors for figure in p.figures if figure.key == key}
    return {name: figure for name, figure in found.items() if figure.interval.value is not None}
