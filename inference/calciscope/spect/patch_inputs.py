"""From a raw patch to the numbers that the hot-spot network reads.

All three parts go into one row, fine patch first, then coarse patch, then features, so that any
engine can run a batch of rows (N, L).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calciscope.preprocessing import PreprocessingSpec, network_input
from calciscope.spect.patch_spec import COARSE_CHANNELS, FINE_CHANNELS, PatchSpec
from calciscope.spect.patches import TISSUES, RawPatch

AIR_HU = -1000.0

NEAR_MM = 60.0
"""Distances beyond this are all far."""

SHARES = (*(label.name.lower() for label in TISSUES), "calcification")
"""Tissues whose share of the uptake is a feature."""

FEATURES = (
    "log_volume",
    "log_maximum_of_muscle",
    "log_mean_of_muscle",
    "is_suv",
    "suv",
    "linearity",
    "upright",
    "lateral",
    "lateral_distance",
    "depth",
    "body_width",
    "body_depth",
    "body_area",
    "mirrored",
    *(f"core_{name}" for name in (*SHARES, "outside")),
    *(f"peak_{name}" for name in (*SHARES, "outside")),
    "core_hu",
    "peak_hu",
    "largest_hu",
    "air_near",
    "skin_distance",
    "bone_distance",
    "calcification_distance",
    "muscle_distance",
    "fat_distance",
)
"""Features, in order."""

PEAK_FRACTION = 0.75
"""Share of its maximum from which a voxel of a hot spot counts as its peak."""


def input_length(spec: PatchSpec) -> int:
    """Numbers in a row."""
    fine = len(FINE_CHANNELS) * spec.fine_size**3
    return fine + len(COARSE_CHANNELS) * spec.coarse_size**3 + len(FEATURES)


def network_inputs(patch: RawPatch, spec: PatchSpec) -> NDArray[np.float32]:
    """One row of the network's input, float32 (L,); the CT must have no margin left."""
    patch = _blanked(patch, spec.modality)
    fine = _fine(patch, spec)
    coarse = _coarse(patch, spec)
    return np.concatenate([fine.ravel(), coarse.ravel(), _features(patch, spec)])


def _blanked(patch: RawPatch, modality: str) -> RawPatch:
    """The patch without what a network of this modality must not see."""
    uptake, coarse, facts = patch.uptake, patch.coarse.copy(), patch.facts
    if modality == "spect":
        coarse[1], coarse[2:] = np.nan, 0.0
        none = (0.0, 0.0, 0.0, 0.0)
        facts = replace(
            facts, outline_mm=none, body_cm2=0.0, mirrored=0.0, muscle_uptake=facts.mean
        )
        ct, tissues = np.full_like(patch.ct, np.nan), np.zeros_like(patch.tissues)
        return replace(patch, ct=ct, tissues=tissues, coarse=coarse, facts=facts)
    if modality == "ct":
        coarse[0] = np.nan
        uptake = np.where(patch.hot_spot, np.float32(1.0), np.float32(np.nan))
        facts = replace(facts, maximum=1.0, mean=1.0, muscle_uptake=1.0, is_suv=False, mirrored=0.0)
        return replace(patch, uptake=uptake, coarse=coarse, facts=facts)
    return patch


def _fine(patch: RawPatch, spec: PatchSpec) -> NDArray[np.float32]:
    """The fine patch, (C, X, Y, Z)."""
    seen = np.isfinite(patch.uptake)
    uptake = np.where(seen, np.maximum(patch.uptake, 0.0), 0.0)
    ct_seen = np.isfinite(patch.ct)
    suv = np.log1p(uptake) / 3.0 if patch.facts.is_suv else np.zeros_like(uptake)
    ct = np.where(ct_seen, patch.ct, AIR_HU)
    channels = [
        np.minimum(uptake / patch.facts.maximum, 2.0),
        _of_muscle(uptake, patch.facts.muscle_uptake),
        suv,
        *_windowed(ct, spec),
        *patch.tissues,
        patch.hot_spot,
        ct_seen,
        seen,
    ]
    return np.stack(channels).astype(np.float32, copy=False)


def _coarse(patch: RawPatch, spec: PatchSpec) -> NDArray[np.float32]:
    """The coarse patch, (C, X, Y, Z)."""
    uptake, ct, body, bone = patch.coarse
    seen, ct_seen = np.isfinite(uptake), np.isfinite(ct)
    known = np.where(seen, np.maximum(uptake, 0.0), 0.0)
    channels = [
        _of_muscle(known, patch.facts.muscle_uptake),
        *_windowed(np.where(ct_seen, ct, AIR_HU), spec),
        body,
        bone,
        ct_seen,
        seen,
    ]
    return np.stack(channels).astype(np.float32, copy=False)


def _of_muscle(uptake: NDArray[np.float32], muscle: float) -> NDArray[np.float32]:
    """Logarithm of uptake / muscle, about -0.5 to 1.5."""
    return np.asarray(np.log2(uptake / np.float32(muscle) + np.float32(0.25)) / np.float32(4.0))


def _windowed(ct: NDArray[np.float32], spec: PatchSpec) -> NDArray[np.float32]:
    windows = PreprocessingSpec(windows_hu=(spec.soft_hu, spec.wide_hu))
    return network_input(ct, windows)


def _features(patch: RawPatch, spec: PatchSpec) -> NDArray[np.float32]:
    facts = patch.facts
    right, left, front, back = facts.outline_mm
    width, depth = max(left - right, 1.0), max(back - front, 1.0)
    muscle = facts.muscle_uptake
    outside = 1.0 - patch.tissues[-1]
    shares = np.concatenate([patch.tissues[:-1], outside[None]])
    uptake = np.where(patch.hot_spot & np.isfinite(patch.uptake), patch.uptake, 0.0)
    highest = max(float(uptake.max()), 1e-6)
    core = np.where(uptake >= spec.core_fraction * highest, uptake, 0.0)
    peak = np.where(uptake >= PEAK_FRACTION * highest, uptake, 0.0)
    ct = np.where(np.isfinite(patch.ct), patch.ct, AIR_HU)
    within = patch.hot_spot & (core > 0)
    tissues = patch.tissues
    body = tissues[-1] > 0.5
    figures = [
        np.log10(max(facts.volume_ml, 0.1)),
        np.log2(facts.maximum / muscle + 0.25) / 4.0,
        np.log2(facts.mean / muscle + 0.25) / 4.0,
        float(facts.is_suv),
        np.log1p(facts.maximum) / 3.0 if facts.is_suv else 0.0,
        facts.linearity,
        abs(facts.axis[2]),
        -(right + left) / width,
        abs(right + left) / width,
        -(front + back) / depth,
        width / 400.0,
        depth / 250.0,
        facts.body_cm2 / 600.0,
        np.log2(max(facts.mirrored, 0.0) + 0.1) / 3.0,
        *_weighted(shares, core),
        *_weighted(shares, peak),
        _weighted(ct[None], core)[0] / 500.0,
        _weighted(ct[None], peak)[0] / 500.0,
        float(ct[within].max()) / 1000.0 if within.any() else 0.0,
        float((body & (ct < -400.0)).mean()),
        *_distances((~body, *(tissues[n] > 0.5 for n in (2, 5, 1, 0))), spec),
    ]
    return np.nan_to_num(np.array(figures, dtype=np.float32))


def _weighted(maps: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Weighted mean of each map (C, X, Y, Z); 0 without weight."""
    total = float(weights.sum())
    if total <= 0:
        return np.zeros(len(maps))
    return np.asarray(maps.reshape(len(maps), -1) @ weights.ravel() / total, dtype=np.float64)


def _distances(masks: tuple[NDArray[np.bool_], ...], spec: PatchSpec) -> list[float]:
    """From the center to the nearest voxel of each mask, as a share of NEAR_MM, at most 1."""
    axis = (np.arange(spec.fine_size) - (spec.fine_size - 1) / 2) * spec.fine_mm
    squares = axis**2
    radius = np.sqrt(squares[:, None, None] + squares[:, None] + squares).astype(np.float32)
    return [min(float(radius[mask].min()) / NEAR_MM, 1.0) if mask.any() else 1.0 for mask in masks]
