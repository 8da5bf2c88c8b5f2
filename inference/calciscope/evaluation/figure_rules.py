"""The main figures of a predictor: each a ratio of sums over patients, with its interval.

Rates are pooled (lesions found / lesions); means of cases are first taken within each patient, so
that a patient with many scans does not count for many.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calciscope.evaluation.bootstrap import Interval, bootstrap_ratio
from calciscope.evaluation.case_scoring import CaseResult
from calciscope.evaluation.detection import DICE_FROM_MM3
from calciscope.evaluation.record_rows import CaseRow
from calciscope.labels import Label

Group = Sequence[CaseResult]
"""The cases of one patient."""

Sums = tuple[float, float]
"""Numerator and denominator of one patient."""

Summing = Callable[[Group], Sums]


@dataclass(frozen=True)
class FigureRule:
    """How a figure is made; see `Figure` for the first four fields.

    Attributes:
        sums: numerator and denominator of one patient.
    """

    key: str
    text: str
    unit: str
    higher_is_better: bool
    sums: Summing

    def interval(self, groups: Sequence[Group], seed: int) -> Interval:
        """The figure over some patients; those with nothing to measure are left out."""
        sums = [self.sums(group) for group in groups]
        known = [pair for pair in sums if pair != (0.0, 0.0)]
        return bootstrap_ratio([a for a, _ in known], [b for _, b in known], seed)

    def ratio(self, groups: Sequence[Group]) -> tuple[list[float], list[float]]:
        """Numerators and denominators, one each per patient."""
        sums = [self.sums(group) for group in groups]
        return [above for above, _ in sums], [below for _, below in sums]


def _total(count: Callable[[CaseRow], float], per: Callable[[CaseRow], float]) -> Summing:
    def sums(group: Group) -> Sums:
        return sum(count(r.row) for r in group), sum(per(r.row) for r in group)

    return sums


def _mean(value: Callable[[CaseRow], float | None]) -> Summing:
    def sums(group: Group) -> Sums:
        known = [v for v in (value(result.row) for result in group) if v is not None]
        return (sum(known) / len(known), 1.0) if known else (0.0, 0.0)

    return sums


def _with_lesions(value: Callable[[CaseRow], float | None]) -> Summing:
    """A mean over the cases that have a lesion to outline."""
    return _mean(lambda row: value(row) if row.lesions else None)


def _tissue(name: str) -> Summing:
    return _mean(lambda row: row.tissue_dice.get(name))


def _found_from(minimum_mm3: float) -> Summing:
    def sums(group: Group) -> Sums:
        lesions = [x.found for r in group for x in r.lesions if x.volume_mm3 >= minimum_mm3]
        return float(sum(lesions)), float(len(lesions))

    return sums


def _one(row: CaseRow) -> float:
    return 1.0


FIGURES = (
    FigureRule(
        "lesion_dice_from_30_mm3",
        "Dice of lesions of 30 mm3 or more, missed ones as 0",
        "",
        True,
        _mean(lambda row: row.lesion_dice),
    ),
    FigureRule("sensitivity", "lesions found", "", True, _found_from(0.0)),
    FigureRule(
        "sensitivity_from_30_mm3",
        "lesions of 30 mm3 or more found",
        "",
        True,
        _found_from(DICE_FROM_MM3),
    ),
    FigureRule(
        "precision",
        "predicted lesions that touch a lesion",
        "",
        True,
        _total(lambda row: row.predicted - row.false_positives, lambda row: row.predicted),
    ),
    FigureRule(
        "f1",
        "lesion F1",
        "",
        True,
        _total(
            lambda row: 2 * row.found,
            lambda row: 2 * row.found + row.false_negatives + row.false_positives,
        ),
    ),
    FigureRule(
        "false_positives_per_case",
        "false positives per case",
        "",
        False,
        _total(lambda row: row.false_positives, _one),
    ),
    FigureRule(
        "false_positives_per_lesion",
        "false positives per reference lesion",
        "",
        False,
        _total(lambda row: row.false_positives, lambda row: row.lesions),
    ),
    FigureRule(
        "false_positive_mm3_per_case",
        "volume of false positives per case",
        "mm3",
        False,
        _total(lambda row: row.false_positive_mm3, _one),
    ),
    FigureRule("mask_dice", "Dice of the whole mask", "", True, _with_lesions(lambda r: r.dice)),
    FigureRule(
        "normalized_surface_dice",
        "normalized surface Dice at 1 mm",
        "",
        True,
        _with_lesions(lambda row: row.normalized_surface_dice),
    ),
    FigureRule("hd95_mm", "HD95", "mm", False, _with_lesions(lambda row: row.hd95_mm)),
    FigureRule(
        "recognition_quality",
        "panoptic recognition quality",
        "",
        True,
        _mean(lambda row: row.recognition_quality),
    ),
    FigureRule(
        "segmentation_quality",
        "panoptic segmentation quality",
        "",
        True,
        _mean(lambda row: row.segmentation_quality),
    ),
    FigureRule(
        "vessel_and_bone_called_calcification",
        "voxels of vessel and bone called calcification",
        "",
        False,
        _mean(lambda row: row.confusion),
    ),
    FigureRule(
        "false_positive_mm3_per_empty_case",
        "volume of false positives per case without lesions",
        "mm3",
        False,
        _total(
            lambda row: 0.0 if row.lesions else row.false_positive_mm3,
            lambda row: 0.0 if row.lesions else 1.0,
        ),
    ),
    *(
        FigureRule(
            f"dice_{label.name.lower()}",
            f"Dice of {label.name.lower()}",
            "",
            True,
            _tissue(label.name.lower()),
        )
        for label in Label
        if label is not Label.CALCIFICATION
    ),
)
"""Every figure of a predictor, in the order of tables."""


def rule_of(key: str) -> FigureRule:
    """The rule of a figure; raises KeyError where there is none."""
    for rule in FIGURES:
        if rule.key == key:
            return rule
    raise KeyError(key)
