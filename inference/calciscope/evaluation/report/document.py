"""From the record of an evaluation to the document that HTML and PDF show."""

from collections.abc import Iterator

from calciscope.evaluation.definitions import RESAMPLES_TEXT
from calciscope.evaluation.records import EvaluationReport
from calciscope.evaluation.report.answers import ANSWERS
from calciscope.evaluation.report.answers_model import flat
from calciscope.evaluation.report.blocks import Block, Document, Section
from calciscope.evaluation.report.case_pictures import CasePictures
from calciscope.evaluation.report.checklists import checklist_section, filled_checklists
from calciscope.evaluation.report.patients import leak_caution, patient_overlap
from calciscope.evaluation.report.sections import dataset_sections
from calciscope.evaluation.report.wording import (
    capital,
    model_name,
    number,
    sample,
    small_samples,
    typeset,
)
from calciscope.writers.report_blocks import Caution, Facts, KeyFigure, KeyFigures

KEY_FIGURES = ("lesion_dice_from_30_mm3", "sensitivity", "false_positives_per_case")
"""Figures that are printed large, of each data set."""


def build_document(report: EvaluationReport, pictures: CasePictures | None = None) -> Document:
    """Everything the report says, in order.

    Args:
        report: what was measured.
        pictures: for the failure gallery.
    """
    report = typeset(report)
    chapters = [s for data in report.datasets for s in dataset_sections(data, pictures)]
    return Document(
        title=f"Evaluation of {model_name(report.provenance.model)}",
        notice=_notice(report),
        summary=_summary(report),
        created=report.provenance.created,
        opening=tuple(_opening(report)),
        sections=(*chapters, *_closing(report)),
    )


def _notice(report: EvaluationReport) -> str:
    """The notice of every page; it says research use, whatever the record says."""
    notice = report.notice.strip()
    wanted = "Research use, not a diagnosis"
    return notice if wanted.lower() in notice.lower() else f"{wanted}. {notice}".strip()


def _summary(report: EvaluationReport) -> str:
    if not report.datasets or not any(data.cases for data in report.datasets):
        return "No case was evaluated: nothing was measured."
    return f"{model_name(report.provenance.model)} on " + "; ".join(
        f"{data.name} ({sample(data)})" for data in report.datasets
    )


def _opening(report: EvaluationReport) -> Iterator[Block]:
    for data in report.datasets:
        known = {figure.key: figure for figure in data.judged.figures}
        figures = tuple(
            KeyFigure(
                number(figure.interval.value),
                f"{capital(figure.text)}{f', {figure.unit}' if figure.unit else ''}",
                f"{_ends(figure.interval.low, figure.interval.high)}{data.name}: {sample(data)}",
            )
            for key in KEY_FIGURES
            if (figure := known.get(key)) and figure.interval.value is not None
        )
        if figures:
            yield KeyFigures(figures)
    lines = dict.fromkeys((*leak_caution(report), *report.cautions, *small_samples(report)))
    if lines:
        yield Caution("To keep in mind", tuple(lines))


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}], "


def _closing(report: EvaluationReport) -> Iterator[Section]:
    rows = tuple((capital(definition.name), definition.text) for definition in report.definitions)
    yield Section("method", "How it was measured", (Facts(rows),), level=1)
    for checklist in filled_checklists(report, ANSWERS):
        yield checklist_section(checklist)
    yield Section("provenance", "Provenance", (Facts(tuple(_provenance(report))),), level=1)


def _provenance(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    made = report.provenance
    yield "Program", f"{made.program} {made.program_version}"
    for title, model in (("Model", made.model), ("Compared with", made.compared)):
        if model is not None:
            yield title, f"{model.name} {model.version}, {model.license}, made {model.created}"
            yield f"{title}: file", f"SHA-256 {model.sha256}"
            if model.file_sha256 not in ("", model.sha256):
                yield f"{title}: file that ran", f"{model.file}, SHA-256 {model.file_sha256}"
            yield f"{title}: code", f"commit {model.commit}"
            yield f"{title}: training data", flat(model.training_data) or "not known"
            yield f"{title}: preprocessing", flat(model.preprocessing) or "not known"
    overlap = patient_overlap(report)
    yield "Patients", overlap.text if overlap else "not known which patients were trained on"
    engine = " ".join(part for part in (made.engine, made.precision) if part)
    yield "Engine", f"{engine} on {made.device}" if engine else "none: saved predictions were read"
    if made.mode:
        yield "Mode", made.mode
    yield "Hardware", made.hardware or "not known"
    yield "Made", f"{made.created}, in {number(made.seconds, 0)} s"
    yield "Bootstrap", f"patients drawn anew: {RESAMPLES_TEXT}; seed {made.seed}"
    yield "Record", f"evaluation.json, schema {report.schema_version}"
