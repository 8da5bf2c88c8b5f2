"""What a model is asked besides the case as it is: with less, moved, or noisier input.

Detection and truth are always those of the case as it is; only what the classifier sees changes, so
that every hot spot is asked again and answers pair up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.evaluation.spect.rows import ANSWER
from calciscope.labels import Label
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

SHIFTS_MM = (3.0, 6.0, 9.0, 12.0, 15.0)
NOISES = (0.1, 0.2, 0.4)
NOISE_FWHM_MM = 10.0
"""Grain of the added noise, about the resolution of the reconstruction."""

MUSCLE_HU, AIR_HU = 40, -1000
"""What a CT shows of which nothing but the outline of the body is known."""


class Family(StrEnum):
    """What a condition is for."""

    ITSELF = "itself"
    ABLATION = "ablation"
    SHIFT = "misregistration"
    NOISE = "noise"


@dataclass(frozen=True)
class Condition:
    """One way to ask.

    Attributes:
        key: unique; under it the answers are kept.
        value: mm of shift, or noise / mean of the uptake; 0 where it does not apply.
        model: which of several models answers; "" for the one that is judged.
    """

    key: str
    family: Family
    value: float = 0.0
    model: str = ""


ITSELF = Condition(ANSWER, Family.ITSELF)
SPECT_ONLY = Condition("SPECT only", Family.ABLATION)
CT_ONLY = Condition("CT only", Family.ABLATION)


def standard_conditions(models: Sequence[str] = ()) -> tuple[Condition, ...]:
    """All ways to ask.

    Args:
        models: names of further models, trained on less or otherwise; each answers once.
    """
    return (
        ITSELF,
        SPECT_ONLY,
        CT_ONLY,
        *(Condition(name, Family.ABLATION, model=name) for name in models),
        *(Condition(f"shift {mm:g} mm", Family.SHIFT, mm) for mm in SHIFTS_MM),
        *(Condition(f"noise {100 * share:g} %", Family.NOISE, share) for share in NOISES),
    )


def changed_scene(
    scene: SpectScene, hot_spot_ids: Volume, condition: Condition, case_id: str
) -> tuple[SpectScene, Volume]:
    """What the classifier sees under a condition: the scene and the hot spots in it.

    Args:
        scene: as the case is.
        hot_spot_ids: on the grid of its uptake.
        condition: how to change it.
        case_id: seeds direction and noise, so that every run does the same.
    """
    if condition.key == SPECT_ONLY.key:
        return without_ct(scene), hot_spot_ids
    if condition.key == CT_ONLY.key:
        return without_uptake(scene, hot_spot_ids), hot_spot_ids
    if condition.family is Family.SHIFT:
        vector = condition.value * shift_direction(case_id)
        moved = moved_by(scene.uptake, vector)
        return replace(scene, uptake=moved), moved_by(hot_spot_ids, vector)
    if condition.family is Family.NOISE:
        return replace(scene, uptake=noisier(scene.uptake, condition.value, case_id)), hot_spot_ids
    return scene, hot_spot_ids


def without_ct(scene: SpectScene) -> SpectScene:
    """Of the CT only the outline of the body, which the SPECT shows too: all of it is muscle.

    A CT that is missing as a whole would ask more than what it is worth: no case is like that.
    """
    body = scene.body.array > 0
    hu = np.where(body, MUSCLE_HU, AIR_HU).astype(scene.ct.array.dtype)
    tissues = np.where(body, np.uint8(Label.MUSCLE), np.uint8(Label.BACKGROUND))
    return replace(
        scene,
        ct=scene.ct.with_array(hu),
        tissues=scene.tissues.with_array(tissues),
        calcification=scene.calcification.with_array(np.zeros_like(tissues)),
    )


def without_uptake(scene: SpectScene, hot_spot_ids: Volume) -> SpectScene:
    """Uptake that says no more than where the hot spots are: 5 inside, 1 outside."""
    flat = np.where(hot_spot_ids.array > 0, np.float32(5), np.float32(1))
    return replace(scene, uptake=scene.uptake.with_array(flat))


def moved_by(volume: Volume, vector_mm: NDArray[np.float64]) -> Volume:
    """The same voxels elsewhere in the world; nothing is resampled."""
    affine = volume.affine.copy()
    affine[:3, 3] += vector_mm
    return Volume(volume.array, affine)


def shift_direction(case_id: str) -> NDArray[np.float64]:
    """A direction drawn evenly from the sphere, always the same for a case; shape (3,)."""
    vector = _generator(case_id, "shift").normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def noisier(uptake: Volume, share: float, case_id: str) -> Volume:
    """Add grainy noise as strong as `share` of the mean positive uptake where uptake is average.

    Its SD grows with the root of the uptake, as counts have it; below 0 it is cut off.
    """
    white = _generator(case_id, "noise").normal(size=uptake.shape)
    grain = ndimage.gaussian_filter(white, NOISE_FWHM_MM / 2.3548 / uptake.spacing_mm)
    grain /= grain.std()
    known = np.maximum(np.nan_to_num(uptake.array.astype(np.float64)), 0.0)
    mean = known[known > 0].mean() if (known > 0).any() else 1.0
    noisy = known + share * grain * np.sqrt(known * mean)
    return uptake.with_array(np.maximum(noisy, 0.0).astype(np.float32))


def _generator(case_id: str, purpose: str) -> np.random.Generator:
    digest = sha256(f"{case_id}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
