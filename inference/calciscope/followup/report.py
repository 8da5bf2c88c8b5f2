"""The HTML report of a comparison: one file with everything in it, no network needed."""

from pathlib import Path
from typing import Any

from calciscope.followup import report_tables as tables
from calciscope.followup.close_ups import change_close_ups
from calciscope.followup.compare import ComparedPoints
from calciscope.followup.comparison import Comparison, Scope, Trend
from calciscope.followup.pictures import TREND_COLORS, projection_pair
from calciscope.followup.time_point import TimePoint
from calciscope.followup.wording import (
    SCTC,
    interval_text,
    percent_change_text,
    summary_sentences,
    total_of,
)
from calciscope.writers.page_templates import page_templates
from calciscope.writers.report_blocks import KeyFigure
from calciscope.writers.wording import mass_text


def write_comparison_report(
    path: Path, earlier: TimePoint, later: TimePoint, compared: ComparedPoints
) -> None:
    """Write the report of a comparison.

    Args:
        path: file to write.
        earlier, later: the dates, for the pictures.
        compared: everything that is said in words and figures.
    """
    comparison, alignment = compared.comparison, compared.alignment
    summary, *more = summary_sentences(comparison)
    totals = comparison.totals
    page: dict[str, Any] = {
        "comparison": comparison,
        "summary": summary,
        "more": more,
        "key_figures": key_figures(comparison),
        "date_rows": tables.date_rows(comparison),
        "cautions": (*comparison.differences, *comparison.warnings),
        "legend": [
            (trend.value, TREND_COLORS[trend], count)
            for trend, count in comparison.counts.items()
            if count
        ],
        "colors": TREND_COLORS,
        "projections": projection_pair(earlier, later, comparison.changes, alignment),
        "has_ct": earlier.ct is not None and later.ct is not None,
        "close_ups": change_close_ups(earlier, later, comparison.changes, alignment),
        "total_head": tables.TOTAL_HEAD,
        "common_groups": tables.total_groups(totals, Scope.COMMON),
        "all_groups": tables.total_groups(totals, Scope.ALL),
        "everything_is_common": comparison.counts[Trend.NOT_COVERED] == 0,
        "change_head": tables.CHANGE_HEAD,
        "change_rows": [tables.change_cells(change) for change in comparison.changes],
        "registration_head": tables.REGISTRATION_HEAD,
        "registration_rows": [tables.registration_cells(part) for part in comparison.registration],
        "close_up_text": tables.close_up_text,
        "rules": tables.rules(comparison),
    }
    template = page_templates().get_template("comparison.html.j2")
    path.write_text(template.render(page), encoding="utf-8")


def key_figures(comparison: Comparison) -> tuple[KeyFigure, ...]:
    """The figures a reader looks for first; none where there is no calcification."""
    figures = []
    for group, name in (("total", "all"), ("side", "left"), ("side", "right")):
        total = total_of(comparison, Scope.COMMON, group, name)
        if total is not None:
            figures.append(
                KeyFigure(
                    percent_change_text(total.change_percent),
                    f"hydroxyapatite, {name}: {SCTC[total.trend]}",
                    f"{mass_text(total.earlier.ha_mass_mg)} → {mass_text(total.later.ha_mass_mg)}; "
                    f"error ± {mass_text(total.measurement_error_mg)}",
                )
            )
    if not figures:
        return ()
    counts = comparison.counts
    figures.append(KeyFigure(f"{counts[Trend.NEW]} / {counts[Trend.RESOLVED]}", "new / resolved"))
    days = comparison.days_between
    if days is not None:
        figures.append(KeyFigure(f"{days}", "days between", interval_text(comparison)))
    return tuple(figures)
