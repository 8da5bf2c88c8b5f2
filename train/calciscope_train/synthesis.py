"""`calciscope-train synthesise`: random phantom cases on the model grid, in parallel processes."""

import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from calciscope.errors import InputError, PhantomError
from calciscope.phantom.cases import PhantomCase, random_case
from calciscope.phantom.kinds import KINDS
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.resampling import resample_labels
from calciscope_train.cases import list_cases, read_case, write_case
from calciscope_train.coverage import count_coverage
from calciscope_train.generator import GENERATOR, phantom_settings, warn_of_others

LOGGER = logging.getLogger(__name__)

FIRST_SEED = {"train": 0, "val": 900_000, "test": 950_000}
"""Splits never share a seed, however many cases are made."""

SEEDS_PER_SPLIT = 50_000

EVERY_KIND_FROM = 500
"""Cases of which every kind must be asked for; the rarest comes once in 40."""

SETTINGS = ("training", "held_out")
"""Scanner settings of phantom/bodies.yaml."""


def write_phantom(
    root: Path, split: str, seed: int, spec: PreprocessingSpec, settings: str = "training"
) -> bool:
    """Make one case unless it is there already; held-out settings are written into its name.

    Returns:
        Whether the case exists now; False where the phantom had no room for its lesions, which is
        logged and not hidden.
    """
    kind = "phantom" if settings == "training" else settings.replace("_", "-")
    folder = root / split / f"{kind}-{seed:06d}"
    if folder.exists():
        return True
    try:
        case = random_case(seed, settings=settings)
    except PhantomError as error:
        LOGGER.warning("seed %d left out: %s", seed, error)
        return False
    ct, labels, meta = on_model_grid(case, spec)
    write_case(
        folder,
        ct,
        labels,
        {"case_id": folder.name, "source": "phantom", GENERATOR: phantom_settings(), **meta},
    )
    return True


def on_model_grid(
    case: PhantomCase, spec: PreprocessingSpec
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], dict[str, Any]]:
    """CT, labels and record of a phantom case as the network will see it."""
    acquired = case.acquired
    grid = preprocess(acquired.ct, spec)
    labels = resample_labels(acquired.labels.array, grid.volume.shape)
    ratio = np.array(grid.volume.shape) / np.array(acquired.ct.shape)
    record = case.record()
    for row in record["lesions"]:
        if "center_index" in row:
            center = np.minimum(
                (np.array(row["center_index"]) + 0.5) * ratio, np.array(labels.shape) - 1
            )
            row["center_index"] = [int(c) for c in center]
    record["spacing_mm"] = [float(s) for s in grid.volume.spacing_mm]
    record["native_spacing_mm"] = [float(s) for s in acquired.ct.spacing_mm]
    return grid.volume.array, np.asarray(labels, dtype=np.uint8), record


def _timed(
    root: Path, split: str, seed: int, spec: PreprocessingSpec, settings: str
) -> tuple[bool, float]:
    """`write_phantom`, and the seconds of CPU that it took; numerical libraries on one thread."""
    start = time.process_time()
    with threadpool_limits(1):
        made = write_phantom(root, split, seed, spec, settings)
    return made, time.process_time() - start


def synthesise(
    root: Path,
    split: str = "train",
    count: int = 100,
    start: int = 0,
    processes: int = 2,
    settings: str | None = None,
) -> None:
    """Make phantom cases; those that exist are kept, so that a stopped run goes on.

    Args:
        root: folder of cases; <root>/<split>/phantom-<seed> is written.
        split: train, val or test; each has its own range of seeds.
        count: number of seeds.
        start: first seed within the split's range.
        processes: number of worker processes, of one thread each.
        settings: training or, for the split test alone, held_out: scanners that are never trained
            on, in <root>/test/held-out-<seed>. None: held_out for test, else training.

    Raises:
        InputError: unknown split or settings, too many seeds, or held-out settings in training.
        PhantomError: more than a tenth of the phantoms could not be made, or a kind of case that
            must be there is not.
    """
    if split not in FIRST_SEED:
        raise InputError(f"no split {split}; choose one of {', '.join(FIRST_SEED)}")
    if start + count > SEEDS_PER_SPLIT:
        raise InputError(f"a split has {SEEDS_PER_SPLIT} seeds; ask for fewer than {count}")
    if settings is None:
        settings = "held_out" if split == "test" else "training"
    if settings not in SETTINGS:
        raise InputError(f"no settings {settings}; choose one of {', '.join(SETTINGS)}")
    if settings != "training" and split != "test":
        raise InputError(f"{settings} settings are for the split test, not for {split}")
    if processes < 1:
        raise InputError(f"{processes} processes cannot make anything; ask for at least 1")
    seeds = range(FIRST_SEED[split] + start, FIRST_SEED[split] + start + count)
    spec = PreprocessingSpec()
    made, seconds = 0, 0.0
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_timed, root, split, seed, spec, settings) for seed in seeds]
        for number, future in enumerate(as_completed(futures), start=1):
            done, spent = future.result()
            made, seconds = made + done, seconds + spent
            if number % 20 == 0 or number == count:
                rate = 60 * number / max(seconds, 1e-6)
                LOGGER.info("%d of %d phantoms, %.1f a minute and core", number, count, rate)
    if made < 0.9 * count:
        raise PhantomError(f"only {made} of {count} phantoms could be made; see the log")
    report_coverage(list_cases(root, split), root / split, KINDS if split == "train" else ())


def report_coverage(folders: Sequence[Path], root: Path, kinds: Iterable[str] = ()) -> None:
    """Log what the cases hold; raise PhantomError when a cell that must not be empty is.

    Args:
        folders: of the cases.
        root: for the messages.
        kinds: that a large set must have been asked for.
    """
    records = [read_case(folder).meta for folder in folders]
    warn_of_others(records, root)
    coverage = count_coverage(records)
    for line in coverage.lines():
        LOGGER.info(line)
    coverage.check(kinds=kinds if coverage.cases >= EVERY_KIND_FROM else ())
