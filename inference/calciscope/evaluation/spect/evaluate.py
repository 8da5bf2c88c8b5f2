"""From folders of SPECT/CT cases and models to the record of an evaluation."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from calciscope import __version__
from calciscope.errors import InputError
from calciscope.evaluation.bootstrap import RESAMPLES
from calciscope.evaluation.records import EvaluationProvenance, ModelRecord
from calciscope.evaluation.spect.cases import list_spect_cases
from calciscope.evaluation.spect.conditions import Condition
from calciscope.evaluation.spect.definitions import DEFINITIONS
from calciscope.evaluation.spect.records import SpectEvaluation
from calciscope.evaluation.spect.rows import SpectCaseResult
from calciscope.evaluation.spect.running import Judges, Tell, judge_cases
from calciscope.evaluation.spect.summarizing import cautions_of, summarize, summary_lines
from calciscope.findings import NOTICE


def find_case_folders(roots: Sequence[Path]) -> dict[str, list[Path]]:
    """Folders of cases by the name of the folder that holds them.

    Raises:
        InputError: a folder has no case, or two have one of the same name.
    """
    found = {root.resolve().name: list_spect_cases(root) for root in roots}
    for root in roots:
        if not found[root.resolve().name]:
            raise InputError(f"no SPECT cases in {root}; make them or name another folder")
    names = [case.name for cases in found.values() for case in cases]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles or len(found) < len(roots):
        raise InputError(
            f"more than one case or folder has the same name ({', '.join(doubles) or 'folders'});"
            " rename one of them"
        )
    return found


def evaluate_spect(
    folders: Mapping[str, Sequence[Path]],
    judges: Judges,
    conditions: Sequence[Condition],
    results: Path,
    workers: int,
    tell: Tell | None = None,
) -> tuple[dict[str, list[SpectCaseResult]], float]:
    """Judge all cases; gives the results by folder, and the seconds that it took."""
    start = perf_counter()
    judged = {
        name: judge_cases(cases, judges, conditions, results / name, workers, tell)
        for name, cases in folders.items()
    }
    return judged, perf_counter() - start


def spect_evaluation(
    judged: Mapping[str, Sequence[SpectCaseResult]],
    conditions: Sequence[Condition],
    threshold: float,
    model: ModelRecord,
    engine: str,
    device: str,
    seconds: float,
    workers: int,
    seed: int = 0,
) -> SpectEvaluation:
    """Sum judged cases up.

    Args:
        judged: cases by the name of their folder.
        conditions: that they were judged under.
        threshold: least probability that the program answers with.
        model: that was judged; engine, device: that it ran on.
        seconds: that judging took, with this many workers.
        seed: of the resampling.
    """
    datasets = tuple(
        summarize(name, results, conditions, threshold, seed=seed)
        for name, results in judged.items()
    )
    return SpectEvaluation(
        provenance=EvaluationProvenance(
            program="calciscope",
            program_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            hardware=f"{platform.machine()}, {workers} of {os.cpu_count() or 1} threads",
            seconds=seconds,
            seed=seed,
            resamples=RESAMPLES,
            model=model,
            engine=engine,
            device=device,
        ),
        definitions=DEFINITIONS,
        datasets=datasets,
        cautions=tuple(cautions_of(datasets)),
        summary=tuple(line for data in datasets for line in summary_lines(data)),
        notice=NOTICE,
    )
