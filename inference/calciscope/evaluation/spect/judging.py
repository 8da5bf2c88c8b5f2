"""One case from the disk to a result: hot spots, their truth, and what every condition answers."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.evaluation.spect.cases import SpectCaseRecord
from calciscope.evaluation.spect.conditions import Condition, changed_scene
from calciscope.evaluation.spect.foci import (
    are_false,
    focus_centers,
    focus_distances,
    focus_rows,
    hot_foci,
)
from calciscope.evaluation.spect.rows import RULE, HotSpotRow, SpectCaseResult
from calciscope.evaluation.spect.scenes import scene_of, tissues_by
from calciscope.evaluation.spect.truth import HotSpotTruth, hot_spot_truth, ids_at_voxels
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.phantom.spect.protocol import SpectProtocol
from calciscope.spect.hot_spots import DEFAULT_SETTINGS, find_hot_spots
from calciscope.spect.scene import SpectScene
from calciscope.spect.settings import SpectSettings
from calciscope.volume import Volume


class Classifier(Protocol):
    """Whoever says in which compartment hot spots lie."""

    def classify(
        self, scene: SpectScene, hot_spot_ids: Volume, ids: Sequence[int]
    ) -> NDArray[np.float32]:
        """Probabilities of each hot spot, shape (n, 11)."""


def judge_case(
    record: SpectCaseRecord,
    classifiers: Mapping[str, Classifier],
    conditions: Sequence[Condition],
    settings: SpectSettings = DEFAULT_SETTINGS,
) -> SpectCaseResult:
    """Judge the models on one case.

    Args:
        record: the case.
        classifiers: the judged model under "", the rule under `RULE`, which answers for the case
            as it is, others under the names that conditions give.
        conditions: ways to ask.
        settings: of detection.

    Raises:
        InputError: the case is broken.
    """
    start = perf_counter()
    scene = scene_of(record)
    ids = find_hot_spots(scene, settings).ids
    numbers = [int(n) for n in np.unique(ids.array) if n]
    foci, centers = _foci(record, settings.minimum_suv)
    distances = focus_distances(centers, ids, numbers)
    rows = _rows(record, scene, ids, numbers, distances, settings)
    answers = {RULE: _answer(classifiers[RULE], scene, ids, numbers)}
    for condition in conditions:
        changed, there = changed_scene(scene, ids, condition, record.case_id)
        classifier = classifiers[condition.model]
        answers[condition.key] = _answer(classifier, changed, there, numbers)
    shift = record.meta.get("misregistration", {}).get("shift_mm")
    return SpectCaseResult(
        case_id=record.case_id,
        settings=str(record.meta.get("settings", "")),
        body_part=str(record.meta.get("body_part", "")),
        tissues_by=tissues_by(record),
        misregistration_mm=None if shift is None else float(shift),
        counts=count_level(record.meta),
        hot_spots=rows,
        foci=focus_rows(foci, distances, [row.truth for row in rows]),
        answers=answers,
        seconds=perf_counter() - start,
    )


def count_level(meta: Mapping[str, Any]) -> float | None:
    """Counts of a simulated scan at one uptake, relative to the standard protocol; None unknown."""
    if "spect_protocol" not in meta:
        return None
    protocol, standard = SpectProtocol(**meta["spect_protocol"]), SpectProtocol()
    counted = protocol.counts_per_suv_ml * protocol.views
    return counted / (standard.counts_per_suv_ml * standard.views)


def _foci(
    record: SpectCaseRecord, least_suv: float
) -> tuple[list[Mapping[str, Any]], NDArray[np.float64]]:
    """Hot foci and their centers in the SPECT."""
    try:
        foci = hot_foci(record.meta, least_suv)
        return foci, focus_centers(foci, record.meta)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{record.folder} has no usable table of foci ({error}); make the case again"
        ) from error


def _answer(
    classifier: Classifier, scene: SpectScene, ids: Volume, numbers: Sequence[int]
) -> tuple[tuple[float, ...], ...]:
    if not numbers:
        return ()
    found = classifier.classify(scene, ids, numbers)
    return tuple(tuple(float(f"{p:.6g}") for p in row) for row in found)


def _rows(
    record: SpectCaseRecord,
    scene: SpectScene,
    ids: Volume,
    numbers: Sequence[int],
    distances: NDArray[np.float64],
    settings: SpectSettings,
) -> tuple[HotSpotRow, ...]:
    if not numbers:
        return ()
    # The arrays of a case lie on the disk; what is looked at several times is read once.
    activity = record.activity.with_array(np.asarray(record.activity.array, np.float32))
    highest = ndimage.maximum(activity.array.ravel(), ids_at_voxels(ids, activity), numbers)
    false = are_false(distances, np.asarray(highest, dtype=float), settings.minimum_suv)
    truths = hot_spot_truth(ids, activity, record.compartments, numbers)
    voxels = ndimage.sum_labels(np.ones(ids.shape), ids.array, numbers)
    maxima = ndimage.maximum(scene.uptake.array, ids.array, numbers)
    return tuple(
        HotSpotRow(
            number,
            truth.compartment if any(truth.shares) else None,
            round(truth.shares[truth.index], 4),
            truth.mixed,
            _runner_up(truth),
            bool(false[place]),
            round(float(voxels[place]) * ids.voxel_volume_mm3 / 1000.0, 3),
            round(float(maxima[place]), 3),
        )
        for place, (number, truth) in enumerate(zip(numbers, truths, strict=True))
    )


def _runner_up(truth: HotSpotTruth) -> Compartment | None:
    """The compartment with the second largest share; None where it has none."""
    has_any = truth.shares[truth.runner_up] > 0
    return HOT_SPOT_COMPARTMENTS[truth.runner_up] if has_any else None
