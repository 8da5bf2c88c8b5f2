"""From a CT on its native grid to tissues, calcification and body on the same grid."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.body import body_mask
from calciscope.ct.bone_vote import bones_by_vote
from calciscope.ct.boundaries import drawn_at_half_contrast
from calciscope.ct.lesion_probability import probable_lesions
from calciscope.labels import Label
from calciscope.models.engine import Engine
from calciscope.models.manifest import ModelManifest
from calciscope.models.operating_point import BALANCED, Calibration, OperatingMode
from calciscope.models.sliding_window import WindowedResult, run_windows
from calciscope.preprocessing import preprocess, restore_labels, restore_probability
from calciscope.volume import Volume

HALF = 128
"""Smallest answer of the network, of 255, that is calcification to the vote on bone: 0.5."""


@dataclass(frozen=True, eq=False)
class CtSegmentation:
    """What each voxel of a CT is; all volumes on its native grid.

    Attributes:
        tissues: uint8, values of `labels.Label`; background outside of the body.
        tissue_beneath: uint8, the same with calcification replaced by the likeliest other label.
        probability: uint8, probability of calcification times 255; 0 outside of the body.
        body: bool, from the skin inwards.
        timings: seconds per stage.
        windows: how many windows the network was run on.
        network_voxels: voxels that the network worked on.
        lesion_probability: uint8, probability of a voxel's lesion times 255, 0 outside of lesions;
            None where the model was never calibrated.
    """

    tissues: Volume
    tissue_beneath: Volume
    probability: Volume
    body: Volume
    timings: dict[str, float]
    windows: int
    network_voxels: int
    lesion_probability: Volume | None = None


def label_model_grid(
    ct: Volume,
    model: ModelManifest,
    engine: Engine,
    progress: Callable[[float], None] | None = None,
    clock: "Clock | None" = None,
) -> tuple[WindowedResult, NDArray[np.bool_]]:
    """Label a CT that lies on the model grid.

    Returns:
        Tissue and probability of calcification, calibrated where the model is, both 0 outside of
        the body and the probability 0 in what is bone by vote; and the body.
    """
    lap = (clock or Clock()).lap
    body = body_mask(ct)
    lap("body")
    result = run_windows(ct.array, body, model, engine, progress)
    lap("network")
    result.tissue[~body] = Label.BACKGROUND
    result.probability[~body] = 0
    # The vote counts the network's own labels; calibration comes after it.
    result.probability[bones_by_vote(ct, result.tissue, result.probability >= HALF)] = 0
    if model.calibration is not None:
        result.probability[:] = model.calibration.table()[result.probability]
    lap("bone_vote")
    return result, body


def draw_mineral(
    ct: Volume,
    probability: NDArray[np.uint8],
    beneath: NDArray[np.uint8],
    body: NDArray[np.bool_],
    calibration: Calibration | None,
    mode: OperatingMode,
) -> tuple[NDArray[np.bool_], NDArray[np.uint8] | None]:
    """Outline what a mode takes for calcification.

    Args:
        ct: HU, shape (I, J, K), any axes.
        probability: of calcification, 0..255, same shape; 0 outside of the body.
        beneath: `labels.Label` without calcification, same shape.
        body: the patient, same shape.
        calibration: of the model.
        mode: the operating point.

    Returns:
        The mask, and the probability (1..255) of each of its voxels' lesions, 0 elsewhere; None
        where the model was never calibrated.
    """
    drawn = drawn_at_half_contrast(ct, probability >= mode.least, beneath) & body
    if calibration is None:
        return drawn, None
    lesions = probable_lesions(
        ct, drawn, beneath, probability, body, calibration.lesion, mode.lesion_probability
    )
    return lesions > 0, lesions


class CtSegmenter:
    """A CT model, loaded once and used for many CTs.

    Args:
        model: a verified model.
        engine: what runs it.
        mode: name of its operating point.

    Raises:
        ModelError: the model has no such mode.
    """

    def __init__(self, model: ModelManifest, engine: Engine, mode: str = BALANCED) -> None:
        self.model = model
        self.engine = engine
        self.mode = model.mode(mode)

    def segment(
        self, volume: Volume, progress: Callable[[float], None] | None = None
    ) -> CtSegmentation:
        """Segment a CT.

        Calcification lies where the linearly restored probability is as high as the mode wants
        (0.5 without a bias), drawn again at half of its contrast, in lesions as probable as it
        wants; every other label is the nearest one of the model grid.

        Args:
            volume: HU on any axes.
            progress: called with the share of windows done, 0 to 1.
        """
        clock = Clock()
        grid = preprocess(volume, self.model.preprocessing)
        clock.lap("preprocess")
        result, body = label_model_grid(grid.volume, self.model, self.engine, progress, clock)
        native_body: NDArray[np.bool_] = restore_labels(body, grid)
        beneath = restore_labels(result.tissue, grid)
        probability = restore_probability(result.probability, grid)
        probability *= native_body
        clock.lap("restore")
        drawn, lesions = draw_mineral(
            volume, probability, beneath, native_body, self.model.calibration, self.mode
        )
        tissues = beneath.copy(order="K")
        tissues[drawn] = Label.CALCIFICATION
        clock.lap("boundaries")
        return CtSegmentation(
            volume.with_array(tissues),
            volume.with_array(beneath),
            volume.with_array(probability),
            volume.with_array(native_body),
            clock.seconds,
            result.windows,
            result.voxels,
            None if lesions is None else volume.with_array(lesions),
        )


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        """Note the time since the last lap."""
        now = perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
