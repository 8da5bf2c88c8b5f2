"""`calciscope-train spect-synthesise`: random SPECT/CT cases with known activity, in parallel."""

import logging
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from calciscope.ct.segmentation import CtSegmenter
from calciscope.errors import InputError, PhantomError
from calciscope.evaluation.spect.cases import list_spect_cases, read_spect_case, write_spect_case
from calciscope.models.engine import create_engine
from calciscope.models.registry import find_model
from calciscope.phantom.spect_cases import COARSE_MM, random_spect_case
from calciscope.volume import Volume
from calciscope_train.spect.coverage import count_spect_coverage

LOGGER = logging.getLogger(__name__)

SETTINGS = ("training", "held_out")

FINE_MM = (1.0, 1.37)
"""Pixels of a CT that a network segments: near those of its grid."""

NICENESS = 15


def spect_synthesise(
    output: Path = Path("spect-cases"),
    count: int = 100,
    first_seed: int = 0,
    settings: str = "training",
    workers: int = 2,
    segment: bool = False,
    body_part: str | None = None,
    extensive: bool = False,
) -> None:
    """Make SPECT/CT cases; those that exist are kept, so that a stopped run goes on.

    Args:
        output: folder of cases; <output>/<settings>[-extensive]-<seed> is written.
        count: number of seeds.
        first_seed: the first of them.
        settings: training, or held_out for scanners and cameras that training never sees.
        workers: number of worker processes, of one thread each and of low priority.
        segment: whether the newest CT network answers too (tissues, calcification, body).
        body_part: a certain one; none: drawn.
        extensive: patients with mineral everywhere, much of it hot.

    Raises:
        InputError: unknown settings, or no workers.
        PhantomError: more than a tenth of the cases could not be made, or a compartment is empty.
    """
    if settings not in SETTINGS:
        raise InputError(f"no settings {settings}; choose one of {', '.join(SETTINGS)}")
    if workers < 1:
        raise InputError(f"{workers} workers cannot make anything; ask for at least 1")
    made = 0
    start = time.perf_counter()
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(workers, get_context("spawn"), os.nice, (NICENESS,)) as pool:
        futures = [
            pool.submit(write_random_case, output, seed, settings, segment, body_part, extensive)
            for seed in range(first_seed, first_seed + count)
        ]
        for number, future in enumerate(as_completed(futures), start=1):
            made += future.result()
            if number % 10 == 0 or number == count:
                rate = 60 * number / max(time.perf_counter() - start, 1e-6)
                LOGGER.info("%d of %d cases, %.1f cases per minute", number, count, rate)
    if made < 0.9 * count:
        raise PhantomError(f"only {made} of {count} cases could be made; see the log")
    spect_coverage(output)


def write_random_case(
    output: Path,
    seed: int,
    settings: str,
    segment: bool,
    body_part: str | None = None,
    extensive: bool = False,
) -> bool:
    """Make one case unless it is there already.

    Returns:
        Whether it exists now; False where the phantom could not be made, which is logged.
    """
    kind = settings.replace("_", "-") + ("-extensive" if extensive else "")
    folder = output / f"{kind}-{seed:06d}"
    if folder.exists():
        return True
    with threadpool_limits(1):
        try:
            case = random_spect_case(
                seed,
                settings,
                body_part,
                pixel_mm=FINE_MM if segment else COARSE_MM,
                extensive=extensive,
            )
        except PhantomError as error:
            LOGGER.warning("seed %d left out: %s", seed, error)
            return False
        volumes = {
            "ct": case.acquired.ct,
            "labels": case.acquired.labels,
            "spect": case.spect,
            "activity": case.seen.suv,
            "compartments": case.seen.compartments,
        }
        if segment:
            volumes |= segmented(case.acquired.ct)
        write_spect_case(folder, volumes, {"source": "phantom", **case.record()})
    return True


@cache
def _segmenter() -> CtSegmenter:
    model = find_model()
    return CtSegmenter(model, create_engine(model, threads=1))


def segmented(ct: Volume) -> dict[str, Volume]:
    """Answers of the newest CT network on a CT, by their names in a case."""
    answer = _segmenter().segment(ct)
    body = answer.body.with_array(answer.body.array.astype(np.uint8))
    return {"tissues": answer.tissues, "calcification": answer.probability, "body": body}


def spect_coverage(output: Path, minimum_cases: int = 60) -> None:
    """Report what a set of SPECT cases holds, and fail when a cell that must not be empty is.

    Args:
        output: folder of cases.
        minimum_cases: of a set that must be full; a smaller one is only reported.

    Raises:
        PhantomError: a compartment, a class of concordance or a size is empty.
    """
    records = [read_spect_case(folder).meta for folder in list_spect_cases(output)]
    coverage = count_spect_coverage(records)
    for line in coverage.lines():
        LOGGER.info(line)
    coverage.check(minimum_cases)
