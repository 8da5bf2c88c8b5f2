"""`calciscope-train mine`: where a model is wrong on the cases that it is trained on.

Beside each case `hard.npy` is written: int16, shape (n, 4), rows of x, y, z and what went wrong
there (0: called calcification and is not; 1: calcification that was missed), one row a component.
Crops centered there show the network its own faults.
"""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.masks import component_voxels
from calciscope.ct.segmentation import HALF, label_model_grid
from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.models.engine import Engine, create_engine
from calciscope.models.manifest import ModelManifest, load_manifest
from calciscope.volume import Volume
from calciscope.writers.whole_file import whole_file
from calciscope_train.cases import Case, list_cases, read_case

LOGGER = logging.getLogger(__name__)

HARD_NAME = "hard.npy"
FALSE_POSITIVE, MISS = 0, 1

LARGEST_MM3 = 500.0
"""A larger false positive gets one row more for each such volume."""

MOST_ROWS = 500
"""Rows kept of one case."""


def mine(
    model: Path,
    root: Path,
    split: str = "train",
    engine: str = "auto",
    threads: int = 1,
    minimum_mm3: float = 8.0,
    first: int = 0,
    count: int | None = None,
) -> None:
    """Run a model over prepared cases and write its false positives and misses beside each.

    Args:
        model: folder of an exported model.
        root: folder of cases; <root>/<split>/<case>/hard.npy is written, and replaced.
        split: of the cases; only train cases should be learnt from.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads.
        minimum_mm3: smaller components of the prediction are not counted.
        first: number of the first case, so that several processes share the work.
        count: how many cases; None for all that follow.

    Raises:
        InputError: there is no such case.
    """
    manifest = load_manifest(model)
    runner = create_engine(manifest, engine, threads)
    folders = list_cases(root, split)[first : None if count is None else first + count]
    if not folders:
        raise InputError(f"no {split} cases in {root} from number {first} on; make them first")
    for number, folder in enumerate(folders, start=1):
        rows = hard_places(read_case(folder), manifest, runner, minimum_mm3)
        write_hard(folder / HARD_NAME, rows)
        false = int((rows[:, 3] == FALSE_POSITIVE).sum())
        LOGGER.info(
            "%d of %d: %s: %d false positives, %d misses",
            number, len(folders), folder.name, false, len(rows) - false,
        )  # fmt: skip


def hard_places(
    case: Case, model: ModelManifest, engine: Engine, minimum_mm3: float = 8.0
) -> NDArray[np.int16]:
    """Run a model on one case and compare; see `compare`."""
    ct = Volume.from_spacing(np.asarray(case.ct), case.meta["spacing_mm"])
    result, _ = label_model_grid(ct, model, engine)
    return compare(
        result.probability >= HALF,
        np.asarray(case.labels),
        case.voxel_volume_mm3,
        minimum_mm3,
        np.random.default_rng(0),
    )


def compare(
    prediction: NDArray[np.bool_],
    labels: NDArray[np.uint8],
    voxel_mm3: float,
    minimum_mm3: float,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Places where a prediction is wrong.

    A false positive touches neither calcification nor a voxel labeled 255; a miss is a
    calcification that the prediction does not touch.

    Args:
        prediction: bool, shape (X, Y, Z).
        labels: same shape.
        voxel_mm3: volume of a voxel.
        minimum_mm3: smaller predicted components are not counted.
        rng: chooses the voxels.

    Returns:
        int16, shape (n, 4): x, y, z, kind.
    """
    excused = (labels == Label.CALCIFICATION) | (labels == IGNORE)
    rows = []
    for voxels in component_voxels(prediction):
        volume = len(voxels) * voxel_mm3
        if volume >= minimum_mm3 and not excused[tuple(voxels.T)].any():
            times = 1 + int(volume / LARGEST_MM3)
            rows += [(*voxel, FALSE_POSITIVE) for voxel in rng.choice(voxels, times)]
    for voxels in component_voxels(labels == Label.CALCIFICATION):
        if not prediction[tuple(voxels.T)].any():
            rows.append((*rng.choice(voxels), MISS))
    table = np.array(rows, dtype=np.int16).reshape(-1, 4)
    return table[np.sort(rng.permutation(len(table))[:MOST_ROWS])]


def write_hard(file: Path, rows: NDArray[np.int16]) -> None:
    """Write the rows so that the file is either whole or as it was."""
    with whole_file(file) as draft, draft.open("wb") as stream:
        np.save(stream, rows, allow_pickle=False)
