"""A comparison in plain words."""

from calciscope.followup.comparison import Comparison, Scope, TotalChange, Trend
from calciscope.writers.wording import mass_text

SCTC = {
    Trend.NEW: "new",
    Trend.GROWN: "progression",
    Trend.STABLE: "stable",
    Trend.SHRUNK: "improvement",
    Trend.RESOLVED: "resolved",
}
"""What the change of a sum is called: the thresholds are those of the SCTC hand score."""


def percent_change_text(percent: float | None) -> str:
    """A change in percent with its sign; a dash where there was nothing before."""
    if percent is None:
        return "–"
    rounded = round(percent)
    return f"{rounded:+d} %" if rounded else "0 %"


def total_of(
    comparison: Comparison, scope: Scope, group: str = "total", name: str = "all"
) -> TotalChange | None:
    """One of the sums; None where there is no lesion in it."""
    found = (t for t in comparison.totals if (t.scope, t.group, t.name) == (scope, group, name))
    return next(found, None)


def interval_text(comparison: Comparison) -> str:
    """How far the dates lie apart, or that it is not known."""
    days = comparison.days_between
    if days is None:
        return "dates not known"
    if days < 60:
        return "same day" if days == 0 else f"{days} {'day' if days == 1 else 'days'} apart"
    return f"{days} days ({days / 30.44:.0f} months) apart"


def summary_sentences(comparison: Comparison) -> tuple[str, ...]:
    """What changed, in a few sentences: mass where both scans show it, then counts."""
    total = total_of(comparison, Scope.COMMON)
    if total is None:
        return ("No calcification in what both scans show.",)
    sides = [
        f"{side.name} {percent_change_text(side.change_percent)} ({verdict_text(side)})"
        for side in comparison.totals
        if side.scope is Scope.COMMON and side.group == "side"
    ]
    lines = [f"{total_sentence(total)}; {interval_text(comparison)}."]
    if len(sides) > 1:
        lines.append(f"By side: {'; '.join(sides)}.")
    return (*lines, counts_sentence(comparison))


def total_sentence(total: TotalChange) -> str:
    """The change of a sum, without its full stop."""
    return (
        f"Hydroxyapatite in what both scans show: {mass_text(total.earlier.ha_mass_mg)}, then "
        f"{mass_text(total.later.ha_mass_mg)} ({percent_change_text(total.change_percent)}, "
        f"{verdict_text(total)} of ± {mass_text(total.measurement_error_mg)})"
    )


def verdict_text(total: TotalChange) -> str:
    """What the change of a sum amounts to."""
    within = "beyond" if total.beyond_error else "within"
    return f"{SCTC[total.trend]}, {within} the measurement error"


def counts_sentence(comparison: Comparison) -> str:
    """How many lesions are new, grown and so on."""
    parts = [f"{count} {trend.value}" for trend, count in comparison.counts.items() if count]
    return f"Lesions or groups of lesions: {', '.join(parts)}."
