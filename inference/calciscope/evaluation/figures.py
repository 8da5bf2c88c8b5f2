"""The main figures of a predictor with their intervals, and paired differences of two."""

from collections.abc import Sequence

from calciscope.evaluation.bootstrap import Interval, bootstrap_difference
from calciscope.evaluation.case_scoring import CaseResult
from calciscope.evaluation.figure_rules import FIGURES, rule_of
from calciscope.evaluation.record_figures import Figure, PairedDifference

COMPARED = (
    "lesion_dice_from_30_mm3",
    "sensitivity",
    "sensitivity_from_30_mm3",
    "f1",
    "false_positives_per_case",
    "false_positive_mm3_per_case",
    "mask_dice",
    "normalized_surface_dice",
    "hd95_mm",
    "vessel_and_bone_called_calcification",
)
"""Figures whose paired differences are given."""


def by_patient(results: Sequence[CaseResult]) -> list[list[CaseResult]]:
    """Results grouped by patient, in order of first sight."""
    groups: dict[str, list[CaseResult]] = {}
    for result in results:
        groups.setdefault(result.row.patient, []).append(result)
    return list(groups.values())


def interval_of(key: str, results: Sequence[CaseResult], seed: int) -> Interval:
    """A figure over some cases."""
    return rule_of(key).interval(by_patient(results), seed)


def main_figures(results: Sequence[CaseResult], seed: int) -> tuple[Figure, ...]:
    """All figures of a predictor; tissue Dice only where it was measured."""
    groups = by_patient(results)
    figures = [
        Figure(
            rule.key,
            rule.text,
            rule.unit,
            rule.higher_is_better,
            rule.interval(groups, seed),
        )
        for rule in FIGURES
    ]
    return tuple(
        figure
        for figure in figures
        if not figure.key.startswith("dice_") or figure.interval.value is not None
    )


def paired_differences(
    first: Sequence[CaseResult], second: Sequence[CaseResult], other: str, seed: int
) -> tuple[PairedDifference, ...]:
    """Differences of the main figures, first - second, over the same cases in the same order."""
    one, two = by_patient(first), by_patient(second)
    rows = []
    for rule in (rule_of(key) for key in COMPARED):
        ratios = rule.ratio(one), rule.ratio(two)
        values = [sum(a) / sum(b) if sum(b) else None for a, b in ratios]
        difference = bootstrap_difference(*ratios, seed)
        rows.append(
            PairedDifference(
                rule.key,
                rule.text,
                other,
                values[0],
                values[1],
                difference,
                _verdict(difference, rule.higher_is_better),
            )
        )
    return tuple(rows)


def _verdict(difference: Interval, higher_is_better: bool) -> bool | None:
    """Whether an interval excludes 0 in favor of the first, against it, or not at all."""
    if difference.low is None or difference.high is None:
        return None
    if difference.low > 0:
        return higher_is_better
    return not higher_is_better if difference.high < 0 else None
