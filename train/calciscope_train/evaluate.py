"""`calciscope-train evaluate`: a model and the rules it has to beat, on held-out cases."""

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calciscope.errors import InputError
from calciscope.models.engine import create_engine
from calciscope.models.manifest import load_manifest
from calciscope.models.summary import EVALUATION_NAME
from calciscope_train.case_scores import CaseScores, score_case
from calciscope_train.cases import Case, list_cases, read_case
from calciscope_train.evaluation_summary import summarize, summary_lines

LOGGER = logging.getLogger(__name__)

SOURCES = {"phantom": "phantoms, seeds never trained on", "host": "lesions in held-out real limbs"}
"""Names of the data sets by `source` of their cases."""


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
    runner = create_engine(manifest, engine, threads)
    folders = []
    for root in roots:
        found = list_cases(root, split)
        if not found:
            raise InputError(f"no {split} cases in {root}; make them or leave the root out")
        folders += found
    scores: dict[str, list[CaseScores]] = {}
    for number, folder in enumerate(folders, start=1):
        case: Case = read_case(folder)
        scores.setdefault(str(case.meta["source"]), []).append(score_case(case, manifest, runner))
        LOGGER.info("%d of %d: %s", number, len(folders), folder.name)
    record = _record(manifest.name, manifest.version, manifest.sha256, runner.name, split, scores)
    target = output or model / EVALUATION_NAME
    draft = target.with_suffix(".partial")
    draft.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    draft.replace(target)
    for line in record["summary"]:
        LOGGER.info(line)


def _record(
    name: str,
    version: str,
    sha256: str,
    engine: str,
    split: str,
    scores: dict[str, list[CaseScores]],
) -> dict[str, Any]:
    """Content of evaluation.json."""
    datasets = {
        source: {"name": SOURCES.get(source, source), "synthetic_lesions": True, **summarize(cases)}
        for source, cases in scores.items()
    }
    return {
        "schema_version": 1,
        "model": name,
        "version": version,
        "sha256": sha256,
        "engine": engine,
        "split": split,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "intervals": "95 %, bootstrap over patients",
        "datasets": datasets,
        "summary": list(_lines(datasets)),
    }


def _lines(datasets: dict[str, dict[str, Any]]) -> Iterable[str]:
    for dataset in datasets.values():
        yield from summary_lines(dataset)
