"""What an evaluation knows about each item of the checklists; None where it knows nothing.

No answer may say more than the records do. A function that would have to guess returns None.
"""

from collections.abc import Callable

from calciscope.evaluation.definitions import RESAMPLES_TEXT
from calciscope.evaluation.record_rows import FailureKind
from calciscope.evaluation.records import DatasetReport, EvaluationReport
from calciscope.evaluation.report import answers_model
from calciscope.evaluation.report.patients import patient_overlap
from calciscope.evaluation.report.wording import (
    interval,
    model_name,
    plural,
    sample,
    small_samples,
)


class NotApplicable(str):
    """Why an item has no place in this run."""


Answer = Callable[[EvaluationReport], str | None]


def summary(report: EvaluationReport) -> str | None:
    """The main figures of each data set."""
    parts = [
        f"{data.name}: "
        + ", ".join(f"{x.text} {interval(x.interval)}" for x in data.judged.figures[:3])
        for data in report.datasets
        if data.cases
    ]
    return "; ".join(parts) or None


def objectives(report: EvaluationReport) -> str | None:
    """What is judged against what."""
    others = {p.name for data in report.datasets for p in data.predictors[1:]}
    text = f"Evaluation of {model_name(report.provenance.model)} against references"
    return f"{text}, beside {', '.join(sorted(others))}" if others else text


def goal(report: EvaluationReport) -> str | None:
    """A run of this program changes no model."""
    return "Evaluation only: the model is judged as it is"


def sources(report: EvaluationReport) -> str | None:
    """Names, kind and license of the data."""
    return "; ".join(f"{data.name}: {sample(data)}{_license(data)}" for data in report.datasets)


def definitions(report: EvaluationReport) -> str | None:
    """Where they stand."""
    names = ", ".join(definition.name for definition in report.definitions)
    return f"Section 'How it was measured': {names}" if names else None


def scored_subset(report: EvaluationReport) -> str | None:
    """What is left out of scoring."""
    return _defined(report, "unscored", "ignored")


def missing_data(report: EvaluationReport) -> str | None:
    """The policies for empty cases."""
    return _defined(report, "empty", "missing")


def reference(report: EvaluationReport) -> str | None:
    """Known by construction where lesions are synthetic; else unknown to the run."""
    made = [data.name for data in report.datasets if data.synthetic]
    if not made:
        return None
    text = f"Lesions known by construction (synthetic): {', '.join(made)}"
    other = [data.name for data in report.datasets if not data.synthetic]
    return f"{text}; not known for {', '.join(other)}" if other else text


def annotators(report: EvaluationReport) -> str | None:
    """There is none where every lesion is synthetic."""
    return _no_human(report, "no annotator: every lesion is synthetic")


def blinding(report: EvaluationReport) -> str | None:
    """There is nobody to blind where every lesion is synthetic."""
    return _no_human(report, "no assessor: every lesion is synthetic")


def partitions(report: EvaluationReport) -> str | None:
    """Whether evaluated patients are listed as trained on."""
    overlap = patient_overlap(report)
    return overlap.text if overlap else None


def disjoint_level(report: EvaluationReport) -> str | None:
    """Only if every evaluated patient is listed as held out, and none as trained on."""
    overlap = patient_overlap(report)
    if overlap is None or overlap.trained_on or overlap.held_out < overlap.evaluated:
        return None
    return "Patient"


def software(report: EvaluationReport) -> str | None:
    """Program and engine of this run."""
    made = report.provenance
    engine = f", engine {made.engine}" if made.engine else ""
    return f"{made.program} {made.program_version}{engine}"


def metrics(report: EvaluationReport) -> str | None:
    """Names of the main figures."""
    names = [figure.text for data in report.datasets for figure in data.judged.figures]
    return ", ".join(dict.fromkeys(names)) or None


def uncertainty(report: EvaluationReport) -> str | None:
    """How intervals are made."""
    made = report.provenance
    text = f"95 % percentile bootstrap over patients, resamples: {RESAMPLES_TEXT}; seed {made.seed}"
    paired = any(data.differences for data in report.datasets)
    return f"{text}; paired differences resample patients together" if paired else text


def robustness(report: EvaluationReport) -> str | None:
    """What the strata are made by."""
    by = dict.fromkeys(row.by for data in report.datasets for row in data.judged.strata)
    return f"Figures by {', '.join(by)}" if by else None


def flow(report: EvaluationReport) -> str | None:
    """Cases judged; those excluded before are not known to the run."""
    parts = [
        f"{data.name}: {plural(data.cases, 'case')} judged, {data.empty_cases} without a lesion"
        for data in report.datasets
    ]
    return f"{'; '.join(parts)}; exclusions before this run are not known" if parts else None


def numbers(report: EvaluationReport) -> str | None:
    """Cases, patients and lesions of the evaluation."""
    return "; ".join(f"{data.name}: {sample(data)}" for data in report.datasets)


def performance(report: EvaluationReport) -> str | None:
    """Evaluated partitions only."""
    names = ", ".join(data.name for data in report.datasets if data.cases)
    return f"Table of all figures of each data set evaluated: {names}" if names else None


def accuracy(report: EvaluationReport) -> str | None:
    """Sensitivity of each data set."""
    parts = [
        f"{data.name}: {figure.text} {interval(figure.interval)}"
        for data in report.datasets
        for figure in data.judged.figures
        if figure.key == "sensitivity" and figure.interval.value is not None
    ]
    return "; ".join(parts) or None


def failures(report: EvaluationReport) -> str | None:
    """Numbers of places in the gallery."""
    rows = [row for data in report.datasets for row in data.failures]
    counts = {kind: sum(row.kind == kind for row in rows) for kind in FailureKind}
    told = ", ".join(f"{kind}: {count}" for kind, count in counts.items() if count)
    return f"Failure gallery ({told})" if told else None


def limitations(report: EvaluationReport) -> str | None:
    """The cautions of the run."""
    return " ".join((*report.cautions, *small_samples(report))) or None


def data_access(report: EvaluationReport) -> str | None:
    """Licenses of the data, where they are known."""
    known = [f"{data.name}: {data.license}" for data in report.datasets if data.license]
    return "; ".join(known) or None


def updating(report: EvaluationReport) -> str | None:
    """A run of this program changes no model."""
    return NotApplicable("this run evaluates the model and does not change it")


def prediction_run(report: EvaluationReport) -> str | None:
    """How predictions came about."""
    made = report.provenance
    if not made.engine:
        return "Saved predictions were read; how they were made is not known"
    precision = f", {made.precision}" if made.precision else ""
    return f"{made.engine} on {made.device}{precision}"


def output(report: EvaluationReport) -> str | None:
    """Masks, and probabilities where there are any."""
    scored = any(data.judged.froc or data.judged.calibration for data in report.datasets)
    return f"A mask of calcification{', and a probability for each lesion' if scored else ''}"


def _license(data: DatasetReport) -> str:
    return f", {data.license}" if data.license else ""


def _defined(report: EvaluationReport, *words: str) -> str | None:
    """Definitions with one of these words in their name."""
    found = [
        f"{definition.name}: {definition.text}"
        for definition in report.definitions
        if any(word in definition.name.lower() for word in words)
    ]
    return " ".join(found) or None


def _no_human(report: EvaluationReport, reason: str) -> str | None:
    if report.datasets and all(data.synthetic for data in report.datasets):
        return NotApplicable(reason)
    return None


ANSWERS: dict[str, Answer] = {
    function.__name__: function
    for function in (
        summary, objectives, goal, sources, definitions, scored_subset, missing_data, reference,
        annotators, blinding, partitions, disjoint_level, software, metrics, uncertainty,
        robustness, flow, numbers, performance, accuracy, failures, limitations, data_access,
        updating, prediction_run, output,
        answers_model.technology, answers_model.intended_use, answers_model.preprocessing,
        answers_model.model_description, answers_model.initialization, answers_model.training,
        answers_model.selection, answers_model.ensembling, answers_model.imbalance,
        answers_model.access, answers_model.predictors, answers_model.specification,
    )
}  # fmt: skip
"""Answers by the name that the checklists use."""
