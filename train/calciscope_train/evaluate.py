"""`calciscope-train evaluate`: a model and the rules it has to beat, on held-out prepared cases.

The figures are those of `calciscope evaluate`; this command chooses cases by split and leaves
evaluation.json beside the model.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from calciscope.errors import InputError
from calciscope.evaluation.case_layouts import find_cases
from calciscope.evaluation.evaluate import evaluate as evaluate_cases
from calciscope.evaluation.model_predictor import ModelPredictor
from calciscope.evaluation.records_json import write_evaluation
from calciscope.evaluation.reference_cases import CaseFiles
from calciscope.evaluation.rule_predictor import all_rules
from calciscope.models.engine import create_engine
from calciscope.models.manifest import load_manifest
from calciscope.models.summary import EVALUATION_NAME
from calciscope_train.cases import list_cases

LOGGER = logging.getLogger(__name__)


def evaluate(
    model: Path,
    roots: Sequence[Path] = (Path("cases/phantom"), Path("cases/host")),
    split: str = "test",
    engine: str = "auto",
    threads: int | None = None,
    output: Path | None = None,
) -> None:
    """Measure a model on held-out cases and write evaluation.json beside it.

    Args:
        model: folder of an exported model.
        roots: folders of cases.
        split: of the cases; test cases are never trained on nor chosen by.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; None for all.
        output: file to write; evaluation.json in the model's folder where not given.

    Raises:
        InputError: there is no case of this split.
    """
    manifest = load_manifest(model)
    network = ModelPredictor(manifest, create_engine(manifest, engine, threads))
    cases: list[CaseFiles] = []
    for root in roots:
        if not list_cases(root, split):
            raise InputError(f"no {split} cases in {root}; make them or leave the root out")
        cases += find_cases(root / split)
    report = evaluate_cases(cases, (network, *all_rules()), threads)
    write_evaluation(report, output or model / EVALUATION_NAME)
    for line in report.summary:
        LOGGER.info(line)
