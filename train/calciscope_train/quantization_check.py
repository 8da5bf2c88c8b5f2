"""Does a quantized network say what the network says, and how much faster?"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.lesions import find_lesions
from calciscope.ct.segmentation import draw_mineral, label_model_grid
from calciscope.ct.settings import MeasurementSettings
from calciscope.evaluation.matching import match_lesions
from calciscope.labels import Label
from calciscope.models.engine import Engine
from calciscope.models.manifest import ModelManifest
from calciscope.volume import Array, Volume
from calciscope_train.cases import Case

REPEATS = 7
SETTINGS = MeasurementSettings()


@dataclass(frozen=True)
class Agreement:
    """Two engines on the same windows.

    Attributes:
        labels: share of voxels with the same likeliest label.
        calcification_dice: overlap of what both call calcification; 1 where neither does.
        windows: how many were compared.
    """

    labels: float
    calcification_dice: float
    windows: int


def label_agreement(
    reference: Engine, other: Engine, windows: Sequence[NDArray[np.float32]]
) -> Agreement:
    """Compare likeliest labels over windows (1, C, X, Y, Z)."""
    equal = voxels = both = either = 0
    for window in windows:
        # The first answer is only valid until the next call.
        first = reference.run(window).argmax(axis=1)
        second = other.run(window).argmax(axis=1)
        mineral = first == Label.CALCIFICATION, second == Label.CALCIFICATION
        equal += int((first == second).sum())
        voxels += first.size
        both += int((mineral[0] & mineral[1]).sum())
        either += int(mineral[0].sum()) + int(mineral[1].sum())
    return Agreement(equal / voxels, 2.0 * both / either if either else 1.0, len(windows))


def lesion_agreement(
    model: ModelManifest, reference: Engine, other: Engine, cases: Sequence[Case]
) -> float:
    """Share of the lesions of either that the other finds too; 1 where neither finds any."""
    found = total = 0
    for case in cases:
        ct = Volume.from_spacing(np.asarray(case.ct), case.meta["spacing_mm"])
        first, second = (_lesion_ids(ct, model, engine) for engine in (reference, other))
        for ids, mask in ((first, second > 0), (second, first > 0)):
            scores = match_lesions(ids, mask, ct.voxel_volume_mm3).lesions
            found += sum(score.found for score in scores)
            total += len(scores)
    return found / total if total else 1.0


def _lesion_ids(ct: Volume, model: ModelManifest, engine: Engine) -> Array:
    """Lesions as the runtime finds them in its default mode."""
    result, body = label_model_grid(ct, model, engine)
    drawn, _ = draw_mineral(
        ct, result.probability, result.tissue, body, model.calibration, model.mode()
    )
    return find_lesions(ct.with_array(drawn), SETTINGS, ct.array).ids.array


def speed_ratio(slower: Engine, faster: Engine, window: NDArray[np.float32]) -> float:
    """How many times faster one engine is, by the medians of runs taken in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS + 1):
        for engine, times in zip((slower, faster), seconds, strict=True):
            start = perf_counter()
            engine.run(window)
            times.append(perf_counter() - start)
    # The first run of each compiles or warms up.
    return float(np.median(seconds[0][1:]) / np.median(seconds[1][1:]))
