"""Random changes of raw patches: what differs between cameras, scanners and CT networks."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.spect.patch_facts import HotSpotFacts
from calciscope.spect.patches import TISSUES, RawPatch

CALCIFICATION = len(TISSUES)
MUSCLE = TISSUES.index(Label.MUSCLE)


@dataclass(frozen=True)
class PatchAugmentation:
    """How much patches are changed.

    Attributes:
        shift_mm: standard deviation of the CT's shift along each axis; the margin limits it.
        tissue_shift_probability: that tissues are shifted by a voxel against the CT.
        flip_probability: of left and right.
        gain_deviation: of the logarithm of SUV's scale.
        no_suv_probability: that the units are unknown.
        noise_probability, noise: of smooth noise relative to the uptake, and its largest size.
        blur_probability, blur_voxels: of a blur of the uptake, and its largest sigma.
        hu_noise, hu_shift: largest standard deviation of CT noise, and largest shift.
        lost_calcification_probability: that the CT network has missed all calcification.
        no_tissues_probability, no_ct_probability: that these are missing.
    """

    shift_mm: float = 2.0
    tissue_shift_probability: float = 0.3
    flip_probability: float = 0.5
    gain_deviation: float = 0.15
    no_suv_probability: float = 0.15
    noise_probability: float = 0.5
    noise: float = 0.25
    blur_probability: float = 0.3
    blur_voxels: float = 1.2
    hu_noise: float = 25.0
    hu_shift: float = 12.0
    lost_calcification_probability: float = 0.1
    no_tissues_probability: float = 0.03
    no_ct_probability: float = 0.02


def augmented(
    patch: RawPatch,
    margin: int,
    spacing_mm: float,
    settings: PatchAugmentation,
    rng: np.random.Generator,
) -> RawPatch:
    """Change a patch and take away the margin of its CT."""
    offset = np.rint(rng.normal(0.0, settings.shift_mm / spacing_mm, 3)).astype(int)
    extra = np.zeros(3, dtype=int)
    if rng.random() < settings.tissue_shift_probability:
        extra = rng.integers(-1, 2, 3)
    patch = replace(
        patch,
        uptake=_changed_uptake(patch.uptake, settings, rng),
        ct=_changed_ct(_window(patch.ct, margin, offset), settings, rng),
        tissues=_changed_tissues(_window(patch.tissues, margin, offset + extra), settings, rng),
        facts=_changed_facts(patch.facts, settings, rng),
    )
    if rng.random() < settings.no_ct_probability:
        patch = without_ct(patch)
    return flipped(patch) if rng.random() < settings.flip_probability else patch


def cropped(patch: RawPatch, margin: int) -> RawPatch:
    """The patch without the margin of its CT."""
    still = np.zeros(3, dtype=int)
    return replace(
        patch, ct=_window(patch.ct, margin, still), tissues=_window(patch.tissues, margin, still)
    )


def flipped(patch: RawPatch) -> RawPatch:
    """The patch of the patient mirrored left to right."""
    facts = patch.facts
    right, left, front, back = facts.outline_mm
    x, y, z = facts.axis
    return RawPatch(
        patch.uptake[::-1],
        patch.hot_spot[::-1],
        patch.ct[::-1],
        patch.tissues[:, ::-1],
        patch.coarse[:, ::-1],
        replace(facts, outline_mm=(-left, -right, front, back), axis=(-x, y, z)),
    )


def without_ct(patch: RawPatch) -> RawPatch:
    """The patch of a hot spot that the CT does not show."""
    coarse = patch.coarse.copy()
    coarse[1], coarse[2:] = np.nan, 0.0
    facts = replace(patch.facts, outline_mm=(0.0, 0.0, 0.0, 0.0), body_cm2=0.0)
    ct, tissues = np.full_like(patch.ct, np.nan), np.zeros_like(patch.tissues)
    return replace(patch, ct=ct, tissues=tissues, coarse=coarse, facts=facts)


def _window(
    array: NDArray[np.float32], margin: int, offset: NDArray[np.int_]
) -> NDArray[np.float32]:
    """The inner part of the last three axes, moved by at most the margin."""
    size = array.shape[-1] - 2 * margin
    starts = margin + np.clip(offset, -margin, margin)
    x, y, z = (slice(start, start + size) for start in starts)
    return array[..., x, y, z]


def _changed_uptake(
    uptake: NDArray[np.float32], settings: PatchAugmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    if rng.random() < settings.blur_probability:
        known = np.nan_to_num(uptake)
        smooth = ndimage.gaussian_filter(known, rng.uniform(0.3, settings.blur_voxels), truncate=2)
        uptake = np.where(np.isfinite(uptake), smooth, uptake)
    if rng.random() < settings.noise_probability:
        coarse = rng.normal(0.0, rng.uniform(0.0, settings.noise), (uptake.shape[0] // 2,) * 3)
        grown = coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2).astype(np.float32)
        uptake = uptake * np.maximum(np.float32(1.0) + grown, np.float32(0.0))
    return uptake


def _changed_ct(
    ct: NDArray[np.float32], settings: PatchAugmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    noise = rng.standard_normal(ct.shape, dtype=np.float32) * rng.uniform(0.0, settings.hu_noise)
    shift = rng.uniform(-settings.hu_shift, settings.hu_shift)
    return np.asarray(ct + noise + shift, dtype=np.float32)


def _changed_tissues(
    tissues: NDArray[np.float32], settings: PatchAugmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    if rng.random() < settings.no_tissues_probability:
        tissues = tissues.copy()
        tissues[:-1] = 0.0
    elif rng.random() < settings.lost_calcification_probability:
        tissues = tissues.copy()
        tissues[CALCIFICATION] = 0.0
    return tissues


def _changed_facts(
    facts: HotSpotFacts, settings: PatchAugmentation, rng: np.random.Generator
) -> HotSpotFacts:
    """Another scale moves muscle and hot spot alike; it shows in the SUV alone."""
    muscle = facts.muscle_uptake * float(np.exp(rng.normal(0.0, settings.gain_deviation)))
    known = facts.is_suv and rng.random() >= settings.no_suv_probability
    return replace(facts, muscle_uptake=muscle, is_suv=known)
