"""From judged cases to the record of an evaluation."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from calciscope.evaluation.bootstrap import Interval
from calciscope.evaluation.calibration import measure_calibration
from calciscope.evaluation.record_figures import Figure
from calciscope.evaluation.report.wording import plural
from calciscope.evaluation.spect.abstention import measure_risk_coverage
from calciscope.evaluation.spect.breakdowns import (
    compartment_rows,
    detection_rows,
    strata_rows,
)
from calciscope.evaluation.spect.conditions import Condition
from calciscope.evaluation.spect.confusion import CLASSES, Counts, accuracy, macro_f1
from calciscope.evaluation.spect.figures import (
    detection_figures,
    main_figures,
    matrix_figures,
    rule_differences,
    share_by_patient,
)
from calciscope.evaluation.spect.names import compartment_name
from calciscope.evaluation.spect.records import (
    AbstentionReport,
    SpectCaseLine,
    SpectDataset,
)
from calciscope.evaluation.spect.resampling import measure
from calciscope.evaluation.spect.robustness import ablation_rows, robustness_curves
from calciscope.evaluation.spect.rows import ANSWER, RULE, SpectCaseResult
from calciscope.evaluation.spect.sample import Sample, is_judged, sample_of
from calciscope.evaluation.summarizing import FEW_PATIENTS
from calciscope.labels import HOT_SPOT_COMPARTMENTS
from calciscope.spect.verdict import named

RULE_NAME = "majority of CT tissue"
FEW_HOT_SPOTS = 10
"""True hot spots below which the figures of a compartment are called rough."""

Results = Sequence[SpectCaseResult]


def summarize(
    name: str,
    results: Results,
    conditions: Sequence[Condition],
    threshold: float,
    synthetic: bool = True,
    seed: int = 0,
) -> SpectDataset:
    """All figures of one folder of cases.

    Args:
        name: of the folder, in words.
        results: its cases, each a patient of its own.
        conditions: that every case was judged under.
        threshold: least probability that the program answers with.
        synthetic: whether the cases are.
        seed: of the resampling.
    """
    sample, rule = sample_of(results, ANSWER), sample_of(results, RULE)
    rows = [row for result in results for row in result.hot_spots]
    abstention, rejected = _abstention(sample, threshold, seed)
    ece = measure_calibration(
        sample.certainty.tolist(),
        (~sample.wrong).tolist(),
        [str(number) for number in sample.patients],
        seed,
    )
    return SpectDataset(
        key=name.replace("_", "-").replace(" ", "-"),
        name=name.replace("_", " "),
        synthetic=synthetic,
        cases=len(results),
        patients=len(results),
        hot_spots=len(rows),
        judged=len(sample.truth),
        mixed=sum(row.mixed for row in rows if is_judged(row)),
        false=sum(row.false for row in rows),
        foci=sum(len(result.foci) for result in results),
        tissues_by=_sources(results),
        figures=(
            *main_figures(results, ANSWER, seed),
            Figure("ece", "calibration error (ECE)", "", False, ece.ece),
            rejected,
            *detection_figures(results, seed),
        ),
        rule_figures=matrix_figures(rule, seed),
        differences=tuple(rule_differences(sample, rule, RULE_NAME, seed)),
        compartments=compartment_rows(sample, seed),
        confusion=_table(sample.matrices),
        rule_confusion=_table(rule.matrices),
        calibration=ece,
        abstention=abstention,
        detection=detection_rows(results, seed),
        ablations=ablation_rows(results, conditions, seed),
        robustness=robustness_curves(results, conditions, seed),
        strata=strata_rows(results, seed),
        case_lines=tuple(_case_line(result) for result in results),
    )


def _sources(results: Results) -> str:
    """Who says which tissue is where, and in how many cases."""
    counts = Counter(result.tissues_by for result in results)
    return " and ".join(f"{name} ({plural(counts[name], 'case')})" for name in sorted(counts))


def _abstention(sample: Sample, threshold: float, seed: int) -> tuple[AbstentionReport, Figure]:
    """The curve, and what the program's own threshold does."""
    kept = named(sample.probabilities, threshold)
    answered = Sample(
        sample.truth[kept], sample.probabilities[kept], sample.patients[kept], sample.count
    )
    curve = measure_risk_coverage(
        sample.certainty, sample.wrong, sample.patients, sample.count, seed
    )
    rejected = share_by_patient((~kept).astype(float), sample, seed)
    report = AbstentionReport(
        curve,
        threshold,
        rejected,
        measure(accuracy, answered.matrices, seed),
        measure(macro_f1, answered.matrices, seed),
    )
    return report, Figure("rejected", "left unanswered", "", False, rejected)


def _table(matrices: Counts) -> tuple[tuple[int, ...], ...]:
    total = matrices.sum(axis=0).reshape(CLASSES, CLASSES + 1)
    return tuple(tuple(int(count) for count in row) for row in total)


def _case_line(result: SpectCaseResult) -> SpectCaseLine:
    wrong, right = [], 0
    for row, answer in zip(result.hot_spots, result.answers[ANSWER], strict=True):
        if not is_judged(row):
            continue
        said = HOT_SPOT_COMPARTMENTS[int(np.argmax(answer))]
        if said is row.truth:
            right += 1
        else:
            wrong.append(f"{row.id}: {row.truth} > {said}")
    return SpectCaseLine(
        result.case_id,
        result.body_part.replace("_", " "),
        len(result.hot_spots),
        right,
        sum(row.false for row in result.hot_spots),
        len(result.foci),
        sum(focus.found for focus in result.foci),
        tuple(wrong),
    )


def summary_lines(data: SpectDataset) -> Iterator[str]:
    """What `calciscope models` prints of a data set."""
    kind = "synthetic" if data.synthetic else "real"
    yield f"{data.name} ({kind}, {data.cases} cases, {data.judged} hot spots)"
    shown = ("macro_f1", "muscle_or_subcutis", "macro_auc")
    yield "  network: " + ", ".join(_told(data.figure(key)) for key in shown)
    floor = data.calibration.ece_null_median
    beside = "" if floor is None else f" (null floor {floor:.3f})"
    yield f"  {_told(data.figure('ece'), 3)}{beside}, {_told(data.figure('rejected'), 3)}"
    yield f"  {RULE_NAME}: " + ", ".join(_told(figure) for figure in data.rule_figures[:2])
    kept = ("sensitivity_assessable", "false_per_case")
    yield "  detection: " + ", ".join(_told(data.figure(key)) for key in kept)


def _told(figure: Figure, digits: int = 2) -> str:
    unit = f" {figure.unit}" if figure.unit else ""
    return f"{figure.text} {_interval(figure.interval, digits)}{unit}"


def _interval(known: Interval, digits: int) -> str:
    if known.value is None:
        return "not measured"
    if known.low is None or known.high is None:
        return f"{known.value:.{digits}f}"
    return f"{known.value:.{digits}f} [{known.low:.{digits}f}, {known.high:.{digits}f}]"


def cautions_of(datasets: Sequence[SpectDataset]) -> Iterator[str]:
    """What a reader must know before the figures."""
    if any(data.synthetic for data in datasets):
        yield (
            "All figures are of synthetic SPECT/CT: patients, uptake and scanner are simulated. "
            "How the model does on real patients is not known."
        )
    for data in datasets:
        if data.patients < FEW_PATIENTS:
            yield f"{data.name}: {data.patients} patients are few; the intervals are rough."
        few = [
            f"{compartment_name(row.compartment)} ({row.hot_spots})"
            for row in data.compartments
            if row.hot_spots < FEW_HOT_SPOTS
        ]
        if few:
            yield f"{data.name}: few or no true hot spots of {', '.join(few)}."
        if "true labels" in data.tissues_by:
            yield (
                f"{data.name}: tissues come from {data.tissues_by}; with true labels the figures "
                "are better than with a CT network's answers."
            )
