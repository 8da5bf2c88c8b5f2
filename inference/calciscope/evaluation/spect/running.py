"""Judging many cases in several processes; what an earlier run has judged is read instead."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from calciscope.evaluation.spect.cases import read_spect_case
from calciscope.evaluation.spect.conditions import Condition
from calciscope.evaluation.spect.judging import Classifier, judge_case
from calciscope.evaluation.spect.result_files import read_result, write_result
from calciscope.evaluation.spect.rows import SpectCaseResult
from calciscope.spect.hot_spots import DEFAULT_SETTINGS

NICENESS = 15

Tell = Callable[[str, float], None]
"""Called with the name of a case and the share of the cases done."""


class Judges(Protocol):
    """The models that answer, in a form that another process can make them from.

    Must be hashable and equal where the same models are meant.
    """

    def __hash__(self) -> int:
        """So that a process loads them once."""

    @property
    def key(self) -> str:
        """Changes whenever any of the models does."""

    def load(self) -> Mapping[str, Classifier]:
        """The judged model under "", the rule under `RULE`, others under their names."""


def judge_cases(
    folders: Sequence[Path],
    judges: Judges,
    conditions: Sequence[Condition],
    results: Path,
    workers: int = 2,
    tell: Tell | None = None,
) -> list[SpectCaseResult]:
    """Judge cases, a file of results each.

    Args:
        folders: of the cases.
        judges: the models.
        conditions: ways to ask.
        results: folder for the results; those that fit are not made again.
        workers: processes of one thread each; 1 judges in this one.
        tell: of progress.

    Returns:
        In the order of the folders.

    Raises:
        InputError: a case is broken.
    """
    key = _key(judges, conditions)
    known = {folder: read_result(folder.name, key, results) for folder in folders}
    waiting = [folder for folder, result in known.items() if result is None]
    done = len(folders) - len(waiting)
    for folder, result in _judged(waiting, judges, conditions, workers):
        write_result(result, key, results)
        known[folder] = result
        done += 1
        if tell is not None:
            tell(result.case_id, done / len(folders))
    return [result for result in known.values() if result is not None]


def _judged(
    folders: Sequence[Path], judges: Judges, conditions: Sequence[Condition], workers: int
) -> Iterator[tuple[Path, SpectCaseResult]]:
    """Cases as they are done, each with its folder."""
    asked = tuple(conditions)
    if workers == 1 or len(folders) < 2:
        for folder in folders:
            yield folder, _judge(folder, judges, asked)
        return
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(workers, get_context("spawn"), os.nice, (NICENESS,)) as pool:
        futures = {pool.submit(_judge, folder, judges, asked): folder for folder in folders}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            # A broken case ends the run at once; what is judged is kept.
            pool.shutdown(wait=False, cancel_futures=True)


def _judge(folder: Path, judges: Judges, conditions: tuple[Condition, ...]) -> SpectCaseResult:
    """In a process of its own; the models are loaded once there."""
    return judge_case(read_spect_case(folder), _loaded(judges), conditions)


@lru_cache(maxsize=1)
def _loaded(judges: Judges) -> Mapping[str, Classifier]:
    return judges.load()


def _key(judges: Judges, conditions: Sequence[Condition]) -> str:
    """Of everything that a result depends on besides the case."""
    asked = [asdict(condition) for condition in conditions]
    text = json.dumps([judges.key, asked, asdict(DEFAULT_SETTINGS)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
