"""The confusion matrix of the compartments."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from calciscope.evaluation.report.blocks import Chart
from calciscope.evaluation.report.drawing import (
    FULL_MM,
    INK,
    LINE,
    MAIN,
    SOFT,
    chart_style,
    finish,
    new_figure,
)
from calciscope.evaluation.report.wording import capital
from calciscope.evaluation.spect.names import compartment_name
from calciscope.evaluation.spect.records import SpectDataset
from calciscope.evaluation.spect.report.wording import basis, mark
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.writers.report_blocks import Table

NO_ANSWER_NAME = "no answer"
DARK = 0.62
"""Share from which the number in a cell is white."""


def confusion_chart(
    data: SpectDataset, counts: tuple[tuple[int, ...], ...], who: str, key: str
) -> Chart:
    """True against predicted compartments: counts, shaded by the share of their row.

    Args:
        data: where it is from.
        counts: rows true, columns predicted, last column no answer; shape (11, 12).
        who: predicted; key: short name of it.
    """
    name = f"{data.key}-confusion-{key}"
    table = np.array(counts)
    # The last column is shown only where something is in it.
    shown = table if table[:, -1].any() else table[:, :-1]
    totals = table.sum(axis=1, keepdims=True)
    shares = np.divide(shown, totals, out=np.zeros(shown.shape), where=totals > 0)
    names = [compartment_name(c) for c in HOT_SPOT_COMPARTMENTS]
    columns = [*names, NO_ANSWER_NAME][: shown.shape[1]]
    shades = LinearSegmentedColormap.from_list("shares", ["#ffffff", MAIN])
    with chart_style(name):
        figure = new_figure(FULL_MM, 118.0)
        axes = figure.subplots()
        axes.set_title(f"{capital(who)}: true against predicted compartment{mark(data)}")
        axes.imshow(shares, cmap=shades, vmin=0.0, vmax=1.0, aspect="auto")
        axes.set_xticks(
            range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor"
        )
        axes.xaxis.tick_top()
        rows = [f"{text} ({total})" for text, total in zip(names, totals[:, 0], strict=True)]
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(length=0)
        axes.set_ylabel("true compartment (hot spots)")
        axes.set_xlabel("predicted compartment", labelpad=6)
        axes.set_xticks(np.arange(-0.5, len(columns)), minor=True)
        axes.set_yticks(np.arange(-0.5, len(rows)), minor=True)
        axes.grid(which="minor", color=LINE, linewidth=0.6)
        axes.tick_params(which="minor", length=0)
        for row, column in np.argwhere(shown > 0):
            share = shares[row, column]
            axes.text(
                column, row, f"{shown[row, column]}", ha="center", va="center", fontsize=8.0,
                color="#ffffff" if share > DARK else INK,
                fontweight="bold" if row == column else "normal",
            )  # fmt: skip
        for place in range(len(rows)):
            if totals[place, 0] == 0:
                axes.text(
                    (len(columns) - 1) / 2, place, "no such hot spot", ha="center", va="center",
                    fontsize=7.0, color=SOFT,
                )  # fmt: skip
        return finish(
            figure,
            name,
            f"Confusion of compartments, {who}",
            f"Numbers: hot spots; shade: their share of the row; bold: right. {basis(data)}.",
            _in_words(table, names),
            Table(
                f"{name}-numbers",
                f"Confusion of compartments, {who}: rows true, columns predicted",
                ("True compartment", *names, NO_ANSWER_NAME),
                tuple(
                    (text, *(str(count) for count in row))
                    for text, row in zip(names, counts, strict=True)
                ),
            ),
        )


def _in_words(table: np.ndarray, names: list[str]) -> str:
    right = f"{np.trace(table[:, :-1])} of {table.sum()} right"
    wrong = [
        (int(table[row, column]), f"{names[row]} called {[*names, NO_ANSWER_NAME][column]}")
        for row, column in np.argwhere(table > 0)
        if row != column
    ]
    told = [f"{text}: {count}" for count, text in sorted(wrong, reverse=True)[:5]]
    return "; ".join([right, *told])
