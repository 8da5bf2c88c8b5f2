"""What `calciscope evaluate` does: references and predictors in, a folder with the report out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from calciscope.errors import InputError, OutputError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.evaluate import evaluate
from calciscope.evaluation.failures import FailureGallery
from calciscope.evaluation.model_predictor import ModelPredictor
from calciscope.evaluation.predictions import Predictor, SavedPredictions
from calciscope.evaluation.records import EvaluationReport, Role
from calciscope.evaluation.records_json import write_evaluation
from calciscope.evaluation.reference_cases import CaseFiles
from calciscope.evaluation.report import CaseArrays, CasePictures, write_report
from calciscope.evaluation.report.write import FIGURES_NAME, HTML_NAME, PDF_NAME
from calciscope.evaluation.rule_predictor import all_rules
from calciscope.models.engine import create_engine
from calciscope.models.manifest import FILE_NAME, ModelManifest, load_manifest
from calciscope.models.operating_point import BALANCED
from calciscope.models.registry import find_model
from calciscope.models.summary import EVALUATION_NAME
from calciscope.writers.output_folder import RESULT_NAMES, Results, output_folder

RESULTS = Results(
    (EVALUATION_NAME, HTML_NAME, PDF_NAME), (FIGURES_NAME,), never_beside=(RESULT_NAMES[0],)
)
"""What an evaluation leaves. A folder of `calciscope run` is never mixed with it nor replaced."""


@dataclass(frozen=True)
class EvaluationRequest:
    """What is asked for.

    Attributes:
        references: folders of reference cases; see `case_layouts`.
        output: folder for evaluation.json and the report.
        predictions: folder of saved predictions; None runs a model.
        model: version or folder of the model to run; None for the newest one installed.
        compare: version or folder of a second model.
        engine, threads, mode, precision: that models run with.
        force: replace an earlier report.
    """

    references: tuple[Path, ...]
    output: Path
    predictions: Path | None = None
    model: str | None = None
    compare: str | None = None
    engine: str = "auto"
    threads: int | None = None
    mode: str = BALANCED
    precision: str = "auto"
    force: bool = False


def run_evaluation(
    request: EvaluationRequest, tell: Callable[[str, float], None] | None = None
) -> EvaluationReport:
    """Judge saved predictions or a model, and write the report as a whole or not at all.

    Args:
        request: what is asked for.
        tell: called with what is being done and the share done.

    Raises:
        InputError: references or predictions are missing, or do not fit each other.
        OutputError: the output folder holds a report already, or the results of a run.
    """
    _refuse(request)
    cases = [case for folder in request.references for case in find_cases(folder)]
    _refuse_doubles(cases)
    predictors = _predictors(request)
    with output_folder(request.output, request.force, RESULTS) as staging:
        gallery = FailureGallery()
        report = evaluate(cases, predictors, request.threads, gallery, tell=tell)
        if tell is not None:
            tell("writing the report", 1.0)
        write_evaluation(report, staging / EVALUATION_NAME)
        write_report(report, staging, case_pictures(cases, gallery))
    return report


def _refuse(request: EvaluationRequest) -> None:
    """Raise before the work for what would fail after it."""
    if request.predictions is not None and request.model is not None:
        raise InputError("--predictions and --model exclude each other; give one of them")
    if request.predictions is not None and not request.predictions.is_dir():
        raise InputError(f"{request.predictions} is not a folder; give that of the predictions")
    there = request.output / EVALUATION_NAME
    if there.exists() and not request.force:
        raise OutputError(f"{there} exists already; add --force to replace it")


def _refuse_doubles(cases: Sequence[CaseFiles]) -> None:
    """Raise if two folders hold a case of the same name."""
    names = [case.case_id for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"more than one reference is named {name}; rename one of them")


def _predictors(request: EvaluationRequest) -> list[Predictor]:
    """The judged one, the compared one, the rules."""
    chosen: list[Predictor] = []
    if request.predictions is not None:
        chosen.append(SavedPredictions(request.predictions))
    else:
        chosen.append(_model(request, request.model, Role.JUDGED))
    if request.compare is not None:
        chosen.append(_model(request, request.compare, Role.COMPARED))
    return [*chosen, *all_rules()]


def _model(request: EvaluationRequest, wanted: str | None, role: Role) -> ModelPredictor:
    model = chosen_model(wanted)
    engine = create_engine(model, request.engine, request.threads, request.precision)
    name = "network" if role is Role.JUDGED else f"{model.name} {model.version}"
    return ModelPredictor(model, engine, name, role, mode=request.mode)


def chosen_model(wanted: str | None) -> ModelManifest:
    """A model by version or folder; the newest one installed where nothing is named."""
    if wanted is not None and (Path(wanted) / FILE_NAME).is_file():
        return load_manifest(Path(wanted))
    return find_model(version=wanted)


def case_pictures(cases: Sequence[CaseFiles], gallery: FailureGallery) -> CasePictures:
    """What the report draws a case from: its files, read again, and what was predicted."""
    files = {case.case_id: case for case in cases}

    def arrays(case_id: str) -> CaseArrays | None:
        case = files[case_id].read()
        if case.ct is None:
            return None
        return CaseArrays(case.ct, case.labels.array, gallery.mask(case))

    return arrays
