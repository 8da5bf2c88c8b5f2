"""`calciscope-train evaluate`: a model and the rules it has to beat, on held-out prepared cases.

The figures are those of `calciscope evaluate`; this command chooses cases by split and leaves
evaluation.json, report.html and the model card beside the model.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from calciscope.errors import InputError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.command import case_pictures
from calciscope.evaluation.evaluate import evaluate as evaluate_cases
from calciscope.evaluation.failures import FailureGallery
from calciscope.evaluation.model_predictor import ModelPredictor
from calciscope.evaluation.records import Role
from calciscope.evaluation.records_json import write_evaluation
from calciscope.evaluation.reference_cases import CaseFiles
from calciscope.evaluation.report import write_model_card, write_report
from calciscope.evaluation.rule_predictor import all_rules
from calciscope.models.engine import create_engine
from calciscope.models.manifest import load_manifest
from calciscope.models.summary import EVALUATION_NAME
from calciscope_train.cases import list_cases

CARD_NAME = "model_card.md"

LOGGER = logging.getLogger(__name__)


def evaluate(
    model: Path,
    roots: Sequence[Path] = (Path("cases/phantom"), Path("cases/host")),
    split: str = "test",
    engine: str = "auto",
    threads: int | None = None,
    compare: Path | None = None,
    output: Path | None = None,
) -> None:
    """Measure a model on held-out cases; write evaluation, report and model card beside it.

    Args:
        model: folder of an exported model.
        roots: folders of cases.
        split: of the cases; test cases are never trained on nor chosen by.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; None for all.
        compare: folder of a second model, for paired differences.
        output: folder to write to, for a trial; that of the model where not given.

    Raises:
        InputError: there is no case of this split.
    """
    manifest = load_manifest(model)
    predictors = [ModelPredictor(manifest, create_engine(manifest, engine, threads))]
    if compare is not None:
        other = load_manifest(compare)
        name = f"{other.name} {other.version}"
        runner = create_engine(other, engine, threads)
        predictors.append(ModelPredictor(other, runner, name, Role.COMPARED))
    cases: list[CaseFiles] = []
    for root in roots:
        if not list_cases(root, split):
            raise InputError(f"no {split} cases in {root}; make them or leave the root out")
        cases += find_cases(root / split)
    gallery = FailureGallery()
    report = evaluate_cases(cases, (*predictors, *all_rules()), threads, gallery)
    folder = output or model
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as draft:
        # The PDF and the single figures are left out here: the page holds the same.
        files = write_report(report, Path(draft), case_pictures(cases, gallery))
        shutil.copy(files.html, folder / files.html.name)
    write_evaluation(report, folder / EVALUATION_NAME)
    write_model_card(report, manifest, folder / CARD_NAME)
    for line in report.summary:
        LOGGER.info(line)
