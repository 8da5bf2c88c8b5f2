"""What an evaluation of hot spots knows about each item of the checklists; None: nothing."""

from collections.abc import Callable

from calciscope.evaluation.report import answers as ct
from calciscope.evaluation.report import answers_model
from calciscope.evaluation.report.answers import NotApplicable
from calciscope.evaluation.report.patients import listed_overlap
from calciscope.evaluation.report.wording import interval, model_name, plural
from calciscope.evaluation.spect.definitions import RESAMPLES_TEXT
from calciscope.evaluation.spect.records import SpectDataset, SpectEvaluation
from calciscope.evaluation.spect.report.wording import basis
from calciscope.evaluation.spect.summarizing import RULE_NAME

Answer = Callable[[SpectEvaluation], str | None]


def overlap_of(report: SpectEvaluation) -> object:
    """Evaluated cases in the lists of the manifest."""
    evaluated = {line.case_id for data in report.datasets for line in data.case_lines}
    return listed_overlap(report.provenance.model, evaluated)
