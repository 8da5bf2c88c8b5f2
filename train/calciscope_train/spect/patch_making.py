"""`calciscope-train spect-patches`: case folders become raw patches with truth."""

import logging
import multiprocessing
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calciscope.ct.body import body_mask
from calciscope.errors import InputError
from calciscope.evaluation.spect.cases import SpectCaseRecord, list_spect_cases, read_spect_case
from calciscope.evaluation.spect.truth import hot_spot_truth
from calciscope.labels import IGNORE, Label
from calciscope.spect.hot_spots import find_hot_spots
from calciscope.spect.patch_spec import PatchSpec
from calciscope.spect.patches import PatchFrame, extract, patch_source
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume
from calciscope_train.spect.patch_cache import CachedHotSpot, write_cached_case

LOGGER = logging.getLogger(__name__)

TURN_DEG = 8.0
"""Standard deviation of a view's turn of the patient about each axis."""

CT_TURN_DEG = 1.5
"""The same of the CT against the SPECT."""


def spect_patches(
    cases: Path,
    out: Path,
    views: int = 3,
    margin: int = 4,
    workers: int = 2,
    spec: PatchSpec | None = None,
    truth_tissues: bool = False,
) -> None:
    """Find the hot spots of cases and cut out what surrounds them; cases already done stay.

    Args:
        cases: folder of SPECT/CT cases.
        out: folder of patches.
        views: of each hot spot; 1 is the plain view, as at inference, further ones are turned.
        margin: CT voxels around the patch, for training to shift; 0 for validation.
        workers: processes.
        spec: of the patches.
        truth_tissues: even views see the true tissues where a CT network's answer is stored too.
    """
    folders = list_spect_cases(cases)
    if not folders:
        raise InputError(f"{cases} holds no SPECT cases; make them first")
    waiting = [folder for folder in folders if not (out / folder.name).exists()]
    make = partial(
        make_patches,
        out=out,
        views=views,
        margin=margin,
        spec=spec or PatchSpec(),
        truth_tissues=truth_tissues,
    )
    done = 0
    if workers <= 1:
        for done, count in enumerate(map(make, waiting), start=1):
            LOGGER.info("%d of %d: %d hot spots", done, len(waiting), count)
    else:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for done, count in enumerate(pool.imap_unordered(make, waiting), start=1):
                LOGGER.info("%d of %d: %d hot spots", done, len(waiting), count)
    LOGGER.info("%s: %d cases made, %d were there", out, done, len(folders) - len(waiting))


def make_patches(
    folder: Path, out: Path, views: int, margin: int, spec: PatchSpec, truth_tissues: bool = False
) -> int:
    """Write the patches of one case; gives the number of hot spots."""
    case = read_spect_case(folder)
    scene = case_scene(case)
    ids = find_hot_spots(scene).ids
    truths = hot_spot_truth(ids, case.activity, case.compartments)
    sources = [patch_source(scene, ids, spec)]
    if truth_tissues and case.tissues is not None:
        sources.append(patch_source(true_scene(case, scene.body), ids, spec))
    rng = np.random.default_rng(int(case.meta.get("seed", 0)) + 1)
    found = []
    for truth in truths:
        if sum(truth.shares) == 0:
            continue
        patches = tuple(
            extract(sources[view % len(sources)], truth.id, view_frame(view, margin, rng, spec))
            for view in range(views)
        )
        shares = np.array(truth.shares, dtype=np.float32)
        found.append(CachedHotSpot(case.case_id, truth.id, shares, patches))
    write_cached_case(out / folder.name, case.case_id, spec, margin, found)
    return len(found)


def case_scene(case: SpectCaseRecord) -> SpectScene:
    """The case as the analysis sees it: the CT network's answers where they are stored."""
    if case.tissues is None or case.calcification is None or case.body is None:
        canonical = case.ct.canonical()
        body = canonical.to_native(body_mask(canonical.volume))
        return true_scene(case, case.ct.with_array(body))
    return SpectScene(
        in_memory(case.spect),
        True,
        in_memory(case.ct),
        in_memory(case.tissues),
        in_memory(case.calcification),
        case.body.with_array(np.asarray(case.body.array) > 0),
    )


def true_scene(case: SpectCaseRecord, body: Volume) -> SpectScene:
    """The case with its true labels in place of a CT network's."""
    labels = np.array(case.labels.array)
    labels[labels == IGNORE] = Label.BACKGROUND
    calcification = (labels == Label.CALCIFICATION).astype(np.uint8) * np.uint8(255)
    grid = case.labels
    return SpectScene(
        in_memory(case.spect),
        True,
        in_memory(case.ct),
        grid.with_array(labels),
        grid.with_array(calcification),
        body,
    )


def view_frame(view: int, margin: int, rng: np.random.Generator, spec: PatchSpec) -> PatchFrame:
    """How a view lies; the first one plainly."""
    if view == 0:
        return PatchFrame(ct_margin=margin)
    return PatchFrame(
        _turn(rng, TURN_DEG),
        _turn(rng, CT_TURN_DEG),
        rng.uniform(-0.5, 0.5, 3) * spec.fine_mm,
        margin,
    )


def _turn(rng: np.random.Generator, deviation_deg: float) -> NDArray[np.float64]:
    angles = rng.normal(0.0, deviation_deg, 3)
    return np.asarray(Rotation.from_euler("xyz", angles, degrees=True).as_matrix())


def in_memory(volume: Volume) -> Volume:
    """The volume with its array read from the disk once."""
    return volume.with_array(np.ascontiguousarray(volume.array))
