"""`calciscope-train synthesise`: random phantom cases on the model grid, in parallel processes."""

import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from calciscope.errors import InputError, PhantomError
from calciscope.phantom.cases import PhantomCase, random_case
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.resampling import resample_labels
from calciscope_train.cases import list_cases, read_case, write_case
from calciscope_train.coverage import count_coverage

LOGGER = logging.getLogger(__name__)

FIRST_SEED = {"train": 0, "val": 900_000, "test": 950_000}
"""Splits never share a seed, however many cases are made."""

SEEDS_PER_SPLIT = 50_000


def write_phantom(root: Path, split: str, seed: int, spec: PreprocessingSpec) -> bool:
    """Make one case unless it is there already.

    Returns:
        Whether the case exists now; False where the phantom had no room for its lesions, which is
        logged and not hidden.
    """
    folder = root / split / f"phantom-{seed:06d}"
    if folder.exists():
        return True
    try:
        case = random_case(seed)
    except PhantomError as error:
        LOGGER.warning("seed %d left out: %s", seed, error)
        return False
    ct, labels, meta = on_model_grid(case, spec)
    write_case(folder, ct, labels, {"case_id": folder.name, "source": "phantom", **meta})
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


def synthesise(
    root: Path, split: str = "train", count: int = 100, start: int = 0, processes: int = 2
) -> None:
    """Make phantom cases; those that exist are kept, so that a stopped run goes on.

    Args:
        root: folder of cases; <root>/<split>/phantom-<seed> is written.
        split: train, val or test; each has its own range of seeds.
        count: number of seeds.
        start: first seed within the split's range.
        processes: number of worker processes.
    """
    if split not in FIRST_SEED:
        raise InputError(f"no split {split}; choose one of {', '.join(FIRST_SEED)}")
    if start + count > SEEDS_PER_SPLIT:
        raise InputError(f"a split has {SEEDS_PER_SPLIT} seeds; ask for fewer than {count}")
    seeds = range(FIRST_SEED[split] + start, FIRST_SEED[split] + start + count)
    spec = PreprocessingSpec()
    made = 0
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(write_phantom, root, split, seed, spec) for seed in seeds]
        for number, future in enumerate(as_completed(futures), start=1):
            made += future.result()
            if number % 20 == 0:
                LOGGER.info("%d of %d phantoms", number, count)
    if made < 0.9 * count:
        raise PhantomError(f"only {made} of {count} phantoms could be made; see the log")
    report_coverage(list_cases(root, split))


def report_coverage(folders: Sequence[Path]) -> None:
    """Log what the cases hold; raise PhantomError when a cell that must not be empty is."""
    coverage = count_coverage(read_case(folder).meta for folder in folders)
    for line in coverage.lines():
        LOGGER.info(line)
    coverage.check()
