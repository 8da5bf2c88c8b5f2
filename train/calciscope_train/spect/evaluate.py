"""`calciscope-train spect-evaluate`: a hot-spot model and the rule to beat, on held-out cases.

What a case gave is kept in a file of its own, so that an interrupted evaluation goes on; changed
models, conditions or settings make it anew.
"""

import logging
import shutil
from pathlib import Path

from calciscope.errors import InputError
from calciscope.evaluation.record_json import record_text, write_text
from calciscope.evaluation.spect.conditions import standard_conditions
from calciscope.evaluation.spect.evaluate import (
    evaluate_spect,
    find_case_folders,
    spect_evaluation,
)
from calciscope.evaluation.spect.models import HotSpotModels, model_folders
from calciscope.evaluation.spect.report import write_spect_card, write_spect_report
from calciscope.models.summary import EVALUATION_NAME

CARD_NAME = "model_card.md"
RESULTS_NAME = "results"
HTML_NAME = "report.html"

LOGGER = logging.getLogger(__name__)


def spect_evaluate(
    model: Path,
    cases: list[Path] | Path = Path("cases/spect_test"),
    output: Path = Path("spect-evaluation"),
    alternatives: Path | None = None,
    engine: str = "auto",
    workers: int = 2,
    install: bool = False,
) -> None:
    """Measure a hot-spot model on held-out cases; write evaluation, report and model card.

    Args:
        model: folder of an exported model.
        cases: folder of cases, or several as [A,B]; each is a data set of its own.
        output: folder for evaluation.json, report.html and .pdf, model_card.md, and results of
            each case, which a later run reads.
        alternatives: folder of folders of other models, for ablations; named by their folders.
        engine: auto, openvino or onnxruntime.
        workers: number of worker processes, of one thread each and of low priority.
        install: whether evaluation, page and card are put beside the model too.

    Raises:
        InputError: there is no case or no alternative, or no workers.
        ModelError: a model is not whole.
    """
    if workers < 1:
        raise InputError(f"{workers} workers cannot judge anything; ask for at least 1")
    folders = find_case_folders(cases if isinstance(cases, list) else [cases])
    others = model_folders(alternatives) if alternatives is not None else ()
    judges = HotSpotModels(model, others, engine)
    conditions = standard_conditions([name for name, _ in others])

    def tell(name: str, share: float) -> None:
        LOGGER.info("%.0f %%: %s", 100 * share, name)

    judged, seconds = evaluate_spect(
        folders, judges, conditions, output / RESULTS_NAME, workers, tell
    )
    about = judges.about()
    report = spect_evaluation(
        judged,
        conditions,
        about.manifest.minimum_probability,
        about.record,
        about.engine,
        about.device,
        seconds,
        workers,
    )
    write_spect_report(report, output)
    write_text(record_text(report), output / EVALUATION_NAME)
    write_spect_card(report, about.manifest, output / CARD_NAME)
    if install:
        for name in (EVALUATION_NAME, HTML_NAME, CARD_NAME):
            shutil.copy(output / name, model / name)
    for line in (*report.summary, *report.cautions):
        LOGGER.info(line)
