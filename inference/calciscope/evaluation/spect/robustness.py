"""Figures with less input, and against disturbances: misregistration, noise, fewer counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from calciscope.evaluation.spect.breakdowns import bin_name
from calciscope.evaluation.spect.conditions import Condition, Family
from calciscope.evaluation.spect.confusion import macro_f1, muscle_or_subcutis
from calciscope.evaluation.spect.records import AblationRow, RobustnessCurve, RobustnessPoint
from calciscope.evaluation.spect.resampling import measure, measure_difference
from calciscope.evaluation.spect.rows import ANSWER, SpectCaseResult
from calciscope.evaluation.spect.sample import Sample, sample_of

COUNT_LEVELS = (0.0, 0.5, 1.0, 2.0, float("inf"))
OWN_SHIFTS_MM = (0.0, 1.0, 5.0, 10.0, float("inf"))
LEAST_CASES = 5
"""A group of fewer cases has no point: chance alone would place it."""

Results = Sequence[SpectCaseResult]


@dataclass(frozen=True)
class _Plot:
    """What a curve is called, and what one step of its axis is."""

    key: str
    title: str
    axis: str
    how: str
    unit: str = ""
    scale: float = 1.0


SHIFTED = _Plot(
    "misregistration",
    "Misregistration",
    "added shift between SPECT and CT (mm)",
    "The SPECT was moved against the CT by a known vector, in a random direction for each case, on "
    "top of the misregistration that the cases have; the same hot spots at every shift.",
    " mm",
)
NOISY = _Plot(
    "noise",
    "Added noise",
    "added noise (% of the mean uptake)",
    "Grainy noise was added to the finished image, its SD growing with the root of the uptake; "
    "counts cannot be thinned after the reconstruction, so this is a second look. The same hot "
    "spots at every level, found without the added noise.",
    " %",
    100.0,
)
COUNTED = _Plot(
    "counts",
    "Counts of the scan",
    "counts, relative to the standard scan",
    "Cases grouped by the counts that they were simulated with: different cases in every group.",
)
MISREGISTERED = _Plot(
    "own-misregistration",
    "Misregistration of the cases",
    "simulated shift between SPECT and CT (mm)",
    "Cases grouped by the misregistration that they were simulated with: different cases in every "
    "group.",
    " mm",
)


def ablation_rows(
    results: Results, conditions: Sequence[Condition], seed: int
) -> tuple[AblationRow, ...]:
    """With everything first, then with less or by other models."""
    whole = sample_of(results, ANSWER)
    rows = [_ablation("SPECT and CT", "the judged model", whole, whole, seed)]
    for condition in conditions:
        if condition.family is Family.ABLATION:
            how = "a model of its own" if condition.model else "input withheld from the same model"
            sample = sample_of(results, condition.key)
            rows.append(_ablation(condition.key, how, sample, whole, seed))
    return tuple(rows)


def _ablation(name: str, how: str, sample: Sample, whole: Sample, seed: int) -> AblationRow:
    return AblationRow(
        name,
        how,
        measure(macro_f1, sample.matrices, seed),
        measure(muscle_or_subcutis, sample.matrices, seed),
        measure_difference(macro_f1, sample.matrices, whole.matrices, seed),
    )


def robustness_curves(
    results: Results, conditions: Sequence[Condition], seed: int
) -> tuple[RobustnessCurve, ...]:
    """Against misregistration and noise; curves without two points are left out."""
    curves = (
        _paired(SHIFTED, results, conditions, Family.SHIFT, seed),
        _paired(NOISY, results, conditions, Family.NOISE, seed),
        _grouped(COUNTED, results, COUNT_LEVELS, lambda result: result.counts, seed),
        _grouped(
            MISREGISTERED, results, OWN_SHIFTS_MM, lambda result: result.misregistration_mm, seed
        ),
    )
    return tuple(curve for curve in curves if len(curve.points) > 1)


def _paired(
    plot: _Plot, results: Results, conditions: Sequence[Condition], family: Family, seed: int
) -> RobustnessCurve:
    """One point a condition of a family, the undisturbed one first."""
    points = []
    for condition in conditions:
        if condition.family in (Family.ITSELF, family):
            value = plot.scale * condition.value
            points.append(_point(results, condition.key, value, f"{value:g}{plot.unit}", seed))
    return RobustnessCurve(plot.key, plot.title, plot.axis, plot.how, True, tuple(points))


def _grouped(
    plot: _Plot,
    results: Results,
    edges: Sequence[float],
    value: Callable[[SpectCaseResult], float | None],
    seed: int,
) -> RobustnessCurve:
    """One point a group of at least `LEAST_CASES` cases, at the mean of their values."""
    points = []
    for low, high in pairwise(edges):
        known = [(v, r) for r in results if (v := value(r)) is not None and low <= v < high]
        if len(known) >= LEAST_CASES:
            mean = sum(v for v, _ in known) / len(known)
            label = f"{bin_name(low, high)}{plot.unit}"
            points.append(_point([r for _, r in known], ANSWER, mean, label, seed))
    return RobustnessCurve(plot.key, plot.title, plot.axis, plot.how, False, tuple(points))


def _point(results: Results, key: str, value: float, label: str, seed: int) -> RobustnessPoint:
    sample = sample_of(results, key)
    return RobustnessPoint(
        value,
        label,
        len(sample.truth),
        len(results),
        measure(macro_f1, sample.matrices, seed),
        measure(muscle_or_subcutis, sample.matrices, seed),
    )
