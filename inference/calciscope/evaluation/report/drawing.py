"""The hand all charts are drawn with: sizes in mm, colors, SVG and PNG without global state."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from calciscope.evaluation.records import Role
from calciscope.evaluation.report.blocks import Chart
from calciscope.writers.report_blocks import Table

MM_PER_INCH = 25.4
PNG_DOTS_PER_INCH = 200
FULL_MM = 178.0
HALF_MM = 87.0

INK = "#1b2026"
SOFT = "#56616c"
LINE = "#d8dee4"
MAIN = "#0b5cad"
SECOND = "#D55E00"
RULE = "#6b7680"
BAND = "#9cc3ea"

ROLE_COLORS = {Role.JUDGED: MAIN, Role.COMPARED: SECOND, Role.BASELINE: RULE}
ROLE_MARKERS = {Role.JUDGED: "o", Role.COMPARED: "s", Role.BASELINE: "D"}

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "text.color": INK,
    # Letters as outlines: the file looks the same where the font is not installed.
    "svg.fonttype": "path",
}


def chart_style(name: str) -> Any:
    """Context in which a chart is drawn and saved; the same input gives the same bytes."""
    # matplotlib types the keys as literals, which a built dictionary cannot be.
    style: Any = _STYLE | {"svg.hashsalt": name}
    return matplotlib.rc_context(style)


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """An empty figure of a size on paper, its parts kept apart by matplotlib."""
    size = (width_mm / MM_PER_INCH, height_mm / MM_PER_INCH)
    return Figure(figsize=size, facecolor="white", layout=ConstrainedLayoutEngine(w_pad=0.07))


def finish(
    figure: Figure, name: str, title: str, caption: str, alternative: str, numbers: Table
) -> Chart:
    """Save a figure both ways."""
    svg, png = BytesIO(), BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=PNG_DOTS_PER_INCH, metadata={"Software": None})
    width_mm, height_mm = (float(inches) * MM_PER_INCH for inches in figure.get_size_inches())
    return Chart(
        name,
        title,
        caption,
        alternative,
        svg.getvalue(),
        png.getvalue(),
        width_mm,
        height_mm,
        numbers,
    )


def rows_axis(axes: Axes, names: Sequence[str]) -> None:
    """Name rows from top to bottom on the y axis, with faint lines to follow."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, pad=6)
    axes.grid(axis="x")


def whisker(
    axes: Axes, x: float, low: float | None, high: float | None, y: float, color: str, marker: str
) -> None:
    """A value with its interval on a row."""
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=color, linewidth=1.6, solid_capstyle="butt")
    # A value of 0 or 1 sits on the edge of the axes and is drawn whole.
    axes.plot([x], [y], marker=marker, color=color, markersize=5.0, linestyle="none",
              clip_on=False, zorder=3)  # fmt: skip
