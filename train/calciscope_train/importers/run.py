"""Importing the cases of a set: each is whole or absent, and those that exist are kept."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.resampling import resample_labels
from calciscope_train.cases import write_case
from calciscope_train.host_config import SPLITS
from calciscope_train.importers.claims import Claim, Labels, settled
from calciscope_train.importers.item import Importer, Item
from calciscope_train.importers.licenses import allowed
from calciscope_train.importers.splits import merged, splits_in, splits_of

LOGGER = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What became of the cases of a set.

    Attributes:
        written: cases made now.
        kept: cases that were there already.
        refused: reason by case.
        other_licenses: number of cases by license that was not asked for.
    """

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    other_licenses: dict[str, int] = field(default_factory=dict)


def run_import(
    importer: Importer,
    folder: Path,
    root: Path,
    licenses: Sequence[str] = (),
    limit: int | None = None,
    processes: int = 1,
    known_splits: dict[str, str] | None = None,
) -> Outcome:
    """Import a set; cases that are not fit for use are refused one by one.

    Args:
        importer: of the set.
        folder: where the set lies.
        root: <root>/<split>/<case> is written.
        licenses: those that are accepted; all where empty.
        limit: number of cases to stop at, in the order of their names.
        processes: number of worker processes.
        known_splits: split by patient that outranks what the set says.

    Raises:
        InputError: the folder is not laid out as the set is, or a patient would be split.
    """
    outcome = Outcome()
    items = sorted(importer.find(folder), key=lambda item: item.case_id)
    splits = splits_of(items, merged(splits_in(root), known_splits or {}, root))
    wanted = [item for item in items if allowed({"license": item.license}, licenses)]
    others = Counter(item.license for item in items) - Counter(item.license for item in wanted)
    outcome.other_licenses = dict(others)
    todo = []
    for item in wanted[:limit]:
        if any((root / split / item.case_id).exists() for split in SPLITS):
            outcome.kept.append(item.case_id)
        else:
            todo.append((importer, item, root / splits[item.patient_id]))
    for number, (item, refusal) in enumerate(_imported(todo, processes), start=1):
        if refusal:
            outcome.refused[item.case_id] = refusal
            LOGGER.warning("%s is left out: %s", item.case_id, refusal)
        else:
            outcome.written.append(item.case_id)
            LOGGER.info("%d of %d: %s", number, len(todo), item.case_id)
    outcome.written.sort()
    return outcome


Job = tuple[Importer, Item, Path]


def _imported(jobs: Sequence[Job], processes: int) -> Iterator[tuple[Item, str]]:
    """Import each job; gives its item, and why it was refused or ""."""
    if processes <= 1:
        yield from (import_case(*job) for job in jobs)
        return
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(import_case, *job) for job in jobs]):
            yield future.result()


def resampled_claims(claims: Labels, shape: Sequence[int]) -> Labels:
    """Claims on the model grid, by nearest neighbor.

    Where only some slices were looked at, each keeps the grid slice that it lies in: between thin
    slices the nearest one is mostly one that nobody looked at.

    Args:
        claims: values of `Claim`, shape (X, Y, Z).
        shape: of the model grid.
    """
    result: Labels = resample_labels(claims, shape)
    seen = np.flatnonzero((claims != Claim.UNSEEN).any(axis=(0, 1)))
    for k in seen if len(seen) < claims.shape[2] else ():
        own = int((k + 0.5) * shape[2] / claims.shape[2])
        if (result[:, :, own] == Claim.UNSEEN).all():
            result[:, :, own] = resample_labels(claims[:, :, k : k + 1], (*shape[:2], 1))[:, :, 0]
    return result


def import_case(importer: Importer, item: Item, folder: Path) -> tuple[Item, str]:
    """Read one case, bring it to the model grid and write it; gives why it was refused, or ""."""
    try:
        source = importer.read(item)
    except InputError as error:
        return item, str(error)
    grid = preprocess(source.ct, PreprocessingSpec()).volume
    claims = resampled_claims(source.claims, grid.shape)
    labels = settled(grid, claims, source.mineral_is_labeled)
    if (labels == IGNORE).all():
        return item, f"{item.case_id} has no voxel of a known label"
    meta: dict[str, Any] = {
        "case_id": item.case_id,
        "source": importer.name,
        "patient_id": item.patient_id,
        "license": item.license,
        "citation": importer.citation,
        "split": folder.name,
        "spacing_mm": [float(mm) for mm in grid.spacing_mm],
        "native_spacing_mm": [float(mm) for mm in source.ct.spacing_mm],
        "affine_lps": grid.affine.tolist(),
        "voxels": {
            name: int(np.count_nonzero(labels == value))
            for name, value in [*((each.name.lower(), each) for each in Label), ("ignore", IGNORE)]
        },
        **source.notes,
    }
    write_case(folder / item.case_id, grid.array, labels, meta)
    return item, ""
