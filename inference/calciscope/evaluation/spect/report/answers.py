"""What an evaluation of hot spots knows about each item of the checklists; None: nothing.

No answer may say more than the record does.
"""

from collections.abc import Callable

from calciscope.evaluation.report import answers_model
from calciscope.evaluation.report.answers import NotApplicable
from calciscope.evaluation.report.patients import PatientOverlap, listed_overlap
from calciscope.evaluation.report.wording import interval, model_name
from calciscope.evaluation.spect.definitions import RESAMPLES_TEXT
from calciscope.evaluation.spect.records import SpectEvaluation
from calciscope.evaluation.spect.report.wording import basis
from calciscope.evaluation.spect.summarizing import RULE_NAME

Answer = Callable[[SpectEvaluation], str | None]


def overlap_of(report: SpectEvaluation) -> PatientOverlap | None:
    """Evaluated cases in the lists of the manifest; None where it has none."""
    evaluated = {line.case_id for data in report.datasets for line in data.case_lines}
    return listed_overlap(report.provenance.model, evaluated)


def _technology(report: SpectEvaluation) -> str:
    name = model_name(report.provenance.model)
    return f"Classification of hot spots of SPECT/CT by the network {name} (ONNX)"


def _summary(report: SpectEvaluation) -> str | None:
    parts = (
        f"{data.name}: " + ", ".join(f"{x.text} {interval(x.interval)}" for x in data.figures[:3])
        for data in report.datasets
    )
    return "; ".join(parts) or None


def _sources(report: SpectEvaluation) -> str | None:
    return "; ".join(f"{data.name}: {basis(data)}" for data in report.datasets) or None


def _made(report: SpectEvaluation, text: str) -> str | None:
    """A text that holds only where every case is synthetic."""
    return text if report.datasets and all(d.synthetic for d in report.datasets) else None


def _nobody(report: SpectEvaluation) -> str | None:
    told = _made(report, "no person judged anything: every case is synthetic")
    return NotApplicable(told) if told else None


def _defined(report: SpectEvaluation, *names: str) -> str | None:
    found = [f"{d.name}: {d.text}" for d in report.definitions if d.name in names]
    return " ".join(found) or None


def _partitions(report: SpectEvaluation) -> str | None:
    overlap = overlap_of(report)
    return overlap.text if overlap else None


def _disjoint(report: SpectEvaluation) -> str | None:
    overlap = overlap_of(report)
    if overlap is None or overlap.trained_on or overlap.held_out < overlap.evaluated:
        return None
    return "Patient"


def _software(report: SpectEvaluation) -> str:
    made = report.provenance
    return f"{made.program} {made.program_version}, engine {made.engine}"


def _metrics(report: SpectEvaluation) -> str | None:
    names = [figure.text for data in report.datasets for figure in data.figures]
    return ", ".join(dict.fromkeys(names)) or None


def _uncertainty(report: SpectEvaluation) -> str:
    return (
        f"95 % percentile bootstrap over patients, resamples: {RESAMPLES_TEXT}; seed"
        f" {report.provenance.seed}; paired differences resample patients together"
    )


def _robustness(report: SpectEvaluation) -> str | None:
    titles = [curve.title for data in report.datasets for curve in data.robustness]
    strata = [row.by for data in report.datasets for row in data.strata]
    told = ", ".join(dict.fromkeys((*titles, *strata)))
    return f"Figures by {told}" if told else None


def _flow(report: SpectEvaluation) -> str | None:
    parts = (
        f"{d.name}: {d.cases} cases, {d.hot_spots} hot spots, {d.judged} with a true compartment,"
        f" {d.false} there for nothing"
        for d in report.datasets
    )
    return "; ".join(parts) or None


def _failures(report: SpectEvaluation) -> str | None:
    wrong = sum(len(line.wrong) for data in report.datasets for line in data.case_lines)
    return f"Confusion matrix; every case with its {wrong} wrong answers listed" if wrong else None


ANSWERS: dict[str, Answer] = {
    "technology": _technology,
    "summary": _summary,
    "objectives": lambda r: f"{model_name(r.provenance.model)} against the rule: {RULE_NAME}",
    "goal": lambda _: "Evaluation only: the model is judged as it is",
    "sources": _sources,
    "definitions": lambda r: "Section 'How it was measured'" if r.definitions else None,
    "scored_subset": lambda r: _defined(r, "judged hot spots"),
    "missing_data": lambda r: _defined(r, "macro-F1", "macro AUC"),
    "reference": lambda r: _defined(r, "truth"),
    "annotators": _nobody,
    "blinding": _nobody,
    "partitions": _partitions,
    "disjoint_level": _disjoint,
    "software": _software,
    "metrics": _metrics,
    "uncertainty": _uncertainty,
    "robustness": _robustness,
    "flow": _flow,
    "numbers": _flow,
    "performance": _sources,
    "accuracy": _summary,
    "failures": _failures,
    "limitations": lambda r: " ".join(r.cautions) or None,
    "data_access": lambda r: _made(r, "Cases are made anew from their seeds by the program"),
    "updating": lambda _: NotApplicable("this run evaluates the model and does not change it"),
    "prediction_run": lambda r: f"{r.provenance.engine} on {r.provenance.device}",
    "output": lambda _: "Probabilities of 11 compartments, or none where no one is likely enough",
    "predictors": lambda _: "Uptake, CT, and the CT network's tissues around each hot spot",
    **{
        name: getattr(answers_model, name)
        for name in (
            "intended_use", "preprocessing", "model_description", "initialization", "training",
            "selection", "ensembling", "imbalance", "access", "specification",
        )
    },
}  # fmt: skip
"""Answers by the name that the checklists use."""
