"""From the record of an evaluation of hot spots to the report."""

from collections.abc import Iterator
from pathlib import Path

from calciscope.evaluation.record_figures import Figure
from calciscope.evaluation.report.answers_model import flat
from calciscope.evaluation.report.blocks import Block, Document, Section
from calciscope.evaluation.report.checklists import checklist_section, filled_checklists
from calciscope.evaluation.report.patients import overlap_caution
from calciscope.evaluation.report.wording import capital, model_name, number, typeset
from calciscope.evaluation.report.write import ReportFiles, write_document
from calciscope.evaluation.spect.definitions import RESAMPLES_TEXT
from calciscope.evaluation.spect.records import SpectEvaluation
from calciscope.evaluation.spect.report.answers import ANSWERS, overlap_of
from calciscope.evaluation.spect.report.sections import spect_sections
from calciscope.evaluation.spect.report.wording import basis
from calciscope.writers.report_blocks import Caution, Facts, KeyFigure, KeyFigures

KEY_FIGURES = (
    "macro_f1",
    "muscle_or_subcutis",
    "ece",
    "rejected",
    "sensitivity_assessable",
    "false_per_case",
)
"""Figures that are printed large, of each data set."""


def write_spect_report(report: SpectEvaluation, folder: Path) -> ReportFiles:
    """Write report.html, report.pdf and report_figures/ into a folder, made where it is not there.

    Raises:
        OutputError: the folder cannot be written to.
    """
    return write_document(spect_document(report), folder)


def spect_document(report: SpectEvaluation) -> Document:
    """Everything the report says, in order."""
    report = typeset(report)
    chapters = [section for data in report.datasets for section in spect_sections(data)]
    name = model_name(report.provenance.model)
    on = "; ".join(f"{data.name} ({basis(data)})" for data in report.datasets)
    return Document(
        title=f"Evaluation of {name}",
        notice=report.notice,
        summary=f"{name} on {on}" if on else "No case was evaluated: nothing was measured.",
        created=report.provenance.created,
        opening=tuple(_opening(report)),
        sections=(*chapters, *_closing(report)),
    )


def _opening(report: SpectEvaluation) -> Iterator[Block]:
    for data in report.datasets:
        figures = []
        for key in KEY_FIGURES:
            figure = data.figure(key)
            known = figure.interval
            if known.value is None:
                continue
            digits = 3 if key in ("ece", "rejected") else 2
            ends = (
                f"[{number(known.low, digits)}, {number(known.high, digits)}], "
                if known.low is not None
                else ""
            )
            kind = "synthetic" if data.synthetic else "real"
            value = number(known.value, digits)
            note = f"{ends}{data.name}, {kind}"
            figures.append(KeyFigure(value, capital(figure_text(figure)), note))
        yield KeyFigures(tuple(figures))
    lines = (*overlap_caution(overlap_of(report)), *report.cautions)
    if lines:
        yield Caution("To keep in mind", lines)


def figure_text(figure: Figure) -> str:
    """Its name with its unit."""
    return f"{figure.text} {figure.unit}" if figure.unit else figure.text


def _closing(report: SpectEvaluation) -> Iterator[Section]:
    rows = tuple((capital(definition.name), definition.text) for definition in report.definitions)
    yield Section("method", "How it was measured", (Facts(rows),), level=1)
    for checklist in filled_checklists(report, ANSWERS):
        yield checklist_section(checklist)
    yield Section("provenance", "Provenance", (Facts(tuple(_provenance(report))),), level=1)


def _provenance(report: SpectEvaluation) -> Iterator[tuple[str, str]]:
    made, model = report.provenance, report.provenance.model
    yield "Program", f"{made.program} {made.program_version}"
    if model is not None:
        yield "Model", f"{model.name} {model.version}, {model.license}, made {model.created}"
        yield "Model: file", f"SHA-256 {model.sha256}"
        yield "Model: code", f"commit {model.commit}"
        yield "Model: training data", flat(model.training_data) or "not known"
        yield "Model: input", flat(model.preprocessing) or "not known"
    overlap = overlap_of(report)
    yield "Patients", overlap.text if overlap else "not known which cases were trained on"
    yield "Engine", f"{made.engine} on {made.device}"
    yield "Hardware", made.hardware
    yield "Made", f"{made.created}, in {number(made.seconds, 0)} s"
    yield "Bootstrap", f"patients drawn anew: {RESAMPLES_TEXT}; seed {made.seed}"
    yield "Record", f"evaluation.json, schema {report.schema_version} of hot spots"
