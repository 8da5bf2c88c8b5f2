"""Figures by compartment, size, uptake and kind of case."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from calciscope.evaluation.bootstrap import bootstrap_ratio
from calciscope.evaluation.record_figures import SensitivityRow
from calciscope.evaluation.spect.confusion import (
    accuracy,
    f1_scores,
    macro_f1,
    precisions,
    recalls,
)
from calciscope.evaluation.spect.ranking import measure_auc
from calciscope.evaluation.spect.records import (
    CompartmentRow,
    SpectStratum,
)
from calciscope.evaluation.spect.resampling import Statistic, measure
from calciscope.evaluation.spect.rows import ANSWER, FocusRow, SpectCaseResult
from calciscope.evaluation.spect.sample import Sample, sample_of
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment

SIZES_ML = (0.0, 0.5, 1.0, 4.0, 20.0, float("inf"))
UPTAKES = (0.0, 2.0, 3.0, 6.0, 12.0, float("inf"))
TOTALS = (0.0, 2.0, 5.0, 10.0, 30.0, float("inf"))

Results = Sequence[SpectCaseResult]


def compartment_rows(sample: Sample, seed: int) -> tuple[CompartmentRow, ...]:
    """Each compartment against the others, also those that do not occur."""
    aucs, _ = measure_auc(sample.truth, sample.probabilities, sample.patients, sample.count, seed)
    total = sample.matrices.sum(axis=0)

    def of(statistic: Statistic, index: int) -> Statistic:
        return lambda matrix: np.asarray(statistic(matrix)[..., index])

    return tuple(
        CompartmentRow(
            compartment,
            int(total[index].sum()),
            int(total[:, index].sum()),
            measure(of(recalls, index), sample.matrices, seed),
            measure(of(precisions, index), sample.matrices, seed),
            measure(of(f1_scores, index), sample.matrices, seed),
            aucs[index],
        )
        for index, compartment in enumerate(HOT_SPOT_COMPARTMENTS)
    )


def detection_rows(results: Results, seed: int) -> tuple[SensitivityRow, ...]:
    """Foci found by true size, uptake, both, and compartment; no row for a group without any."""
    groups: list[tuple[str, str, Callable[[FocusRow], bool]]] = [
        *(
            ("size", f"{bin_name(low, high)} mL", _between("volume_ml", low, high))
            for low, high in pairwise(SIZES_ML)
        ),
        *(
            ("true uptake", f"SUV {bin_name(low, high)}", _between("suv", low, high))
            for low, high in pairwise(UPTAKES)
        ),
        *(
            ("total uptake", f"{bin_name(low, high)} SUV mL", _between("total_uptake", low, high))
            for low, high in pairwise(TOTALS)
        ),
        *(("compartment", each.value, _within(each)) for each in HOT_SPOT_COMPARTMENTS),
    ]
    rows = (_detected(results, by, name, chosen, seed) for by, name, chosen in groups)
    return tuple(row for row in rows if row.lesions)


def _between(name: str, low: float, high: float) -> Callable[[FocusRow], bool]:
    return lambda focus: low <= float(getattr(focus, name)) < high


def _within(compartment: Compartment) -> Callable[[FocusRow], bool]:
    return lambda focus: focus.compartment is compartment


def _detected(
    results: Results, by: str, name: str, chosen: Callable[[FocusRow], bool], seed: int
) -> SensitivityRow:
    there = [[focus for focus in result.foci if chosen(focus)] for result in results]
    found = [float(sum(focus.found for focus in foci)) for foci in there]
    count = [float(len(foci)) for foci in there]
    share = bootstrap_ratio(found, count, seed)
    return SensitivityRow(by, name, int(sum(count)), int(sum(found)), share)


def bin_name(low: float, high: float) -> str:
    """A range in words, such as ">= 4" or "1-4"."""
    if low == 0:
        return f"< {high:g}"
    return f">= {low:g}" if high == float("inf") else f"{low:g}-{high:g}"


def strata_rows(results: Results, seed: int) -> tuple[SpectStratum, ...]:
    """The judged model by body part and by settings of the generator."""
    rows = []
    kinds: tuple[tuple[str, Callable[[SpectCaseResult], str]], ...] = (
        ("body part", lambda result: result.body_part),
        ("scanners", lambda result: result.settings.replace("_", " ")),
    )
    for by, name_of in kinds:
        for name in sorted({name_of(result) for result in results}):
            group = [result for result in results if name_of(result) == name]
            sample = sample_of(group, ANSWER)
            false = [float(sum(row.false for row in result.hot_spots)) for result in group]
            rows.append(
                SpectStratum(
                    by,
                    name.replace("_", " ") or "not known",
                    len(group),
                    len(sample.truth),
                    measure(accuracy, sample.matrices, seed),
                    measure(macro_f1, sample.matrices, seed),
                    bootstrap_ratio(false, [1.0] * len(group), seed),
                )
            )
    return tuple(rows)
