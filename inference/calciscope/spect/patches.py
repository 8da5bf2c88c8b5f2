"""What surrounds a hot spot in SPECT and CT, sampled along the patient axes.

A `RawPatch` holds physical values; `patch_inputs.network_inputs` turns it into what the network
sees. Training samples, changes and converts raw patches with these same functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import InputError
from calciscope.labels import Label
from calciscope.resampling import block_affine
from calciscope.spect.patch_facts import HotSpotFacts, PlaneOutline, hot_spot_facts, muscle_uptake
from calciscope.spect.patch_sampling import (
    block_factors,
    block_mean,
    blocks_around,
    sample_linear,
    sample_nearest,
)
from calciscope.spect.patch_spec import PatchSpec
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

TISSUES = (Label.SUBCUTANEOUS, Label.MUSCLE, Label.BONE, Label.VASCULAR, Label.FOREIGN)
"""Labels whose share of each voxel is sampled; the probability of calcification follows them."""

Channels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PatchFrame:
    """How a patch lies; training turns and shifts it, the runtime never.

    Attributes:
        rotation: (3, 3), patch axes to L, P, S.
        ct_rotation, ct_shift_mm: a further turn and shift (along the patch axes) of the CT alone.
        ct_margin: further CT voxels at each face.
    """

    rotation: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    ct_rotation: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    ct_shift_mm: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    ct_margin: int = 0


@dataclass(frozen=True, eq=False)
class RawPatch:
    """Surroundings of one hot spot, X, Y, Z along L, P, S; NaN where an image does not reach.

    Attributes:
        uptake: (X, Y, Z) in the units of the scene.
        hot_spot: bool, (X, Y, Z).
        ct: HU, (X, Y, Z), with the margin that was asked for.
        tissues: shares 0 to 1 of `TISSUES`, then calcification and body; (7, X, Y, Z) as `ct`.
        coarse: uptake, HU, shares of body and bone; (4, X, Y, Z) of the coarse patch.
        facts: figures of the hot spot and the scan.
    """

    uptake: Channels
    hot_spot: NDArray[np.bool_]
    ct: Channels
    tissues: Channels
    coarse: Channels
    facts: HotSpotFacts


@dataclass(frozen=True, eq=False)
class PatchSource:
    """A scene, made ready for sampling patches; work that its hot spots share is done once.

    Attributes:
        scene: SPECT and CT.
        hot_spot_ids: 0 or the id of a hot spot, on the grid of the uptake.
        spec: of the patches.
        muscle_uptake: reference of the scan, see `patch_facts.muscle_uptake`.
        coarse_uptake: averaged to blocks of about half a coarse voxel.
        coarse_ct: HU, shares of body and bone, by name, on one grid of such blocks.
    """

    scene: SpectScene
    hot_spot_ids: Volume
    spec: PatchSpec
    muscle_uptake: float
    coarse_uptake: Volume
    coarse_ct: Mapping[str, Volume]


def patch_source(scene: SpectScene, hot_spot_ids: Volume, spec: PatchSpec) -> PatchSource:
    """Prepare a scene.

    Raises:
        InputError: the hot spots do not lie on the grid of the uptake.
    """
    if not hot_spot_ids.same_grid(scene.uptake):
        raise InputError("the hot spots do not lie on the grid of the SPECT; find them again")
    factors = block_factors(scene.uptake, spec.coarse_mm / 2)
    factors = _at_most(factors, scene.uptake.shape)
    uptake = block_mean(scene.uptake.array, factors)
    # A third of the voxels of a block is enough for its mean.
    skips = _at_most(block_factors(scene.ct, spec.coarse_mm / 4), scene.ct.shape)
    maps = {
        "ct": _thinned(scene.ct, skips),
        "body": _thinned(scene.body, skips),
        "bone": _thinned(scene.tissues, skips),
    }
    maps["bone"] = maps["bone"].with_array(maps["bone"].array == Label.BONE)
    return PatchSource(
        scene,
        hot_spot_ids,
        spec,
        muscle_uptake(scene),
        Volume(uptake, block_affine(scene.uptake, factors)),
        {name: _averaged(thin, spec.coarse_mm / 2) for name, thin in maps.items()},
    )


def extract(source: PatchSource, hot_spot: int, frame: PatchFrame | None = None) -> RawPatch:
    """Sample the surroundings of a hot spot.

    Raises:
        InputError: there is no hot spot of this id.
    """
    frame = frame or PatchFrame()
    spec, scene = source.spec, source.scene
    facts = hot_spot_facts(
        scene, source.hot_spot_ids, hot_spot, source.muscle_uptake, _outlines(source)
    )
    center = np.array(facts.centroid_mm)
    fine = _offsets(spec.fine_size, spec.fine_mm)
    places = center + fine @ frame.rotation.T
    uptake, seen = sample_linear(scene.uptake.array[..., None], scene.uptake, places)
    uptake[~seen] = np.nan
    mask = sample_nearest(source.hot_spot_ids, places) == hot_spot
    ct_size = spec.fine_size + 2 * frame.ct_margin
    moved = _offsets(ct_size, spec.fine_mm) @ frame.ct_rotation.T + frame.ct_shift_mm
    ct, tissues = _sample_ct(source, center, center + moved @ frame.rotation.T)
    coarse = center + _offsets(spec.coarse_size, spec.coarse_mm) @ frame.rotation.T
    shape, ct_shape = (spec.fine_size,) * 3, (ct_size,) * 3
    return RawPatch(
        uptake.reshape(shape),
        mask.reshape(shape),
        ct.reshape(ct_shape),
        tissues.T.reshape(-1, *ct_shape),
        _sample_coarse(source, coarse).T.reshape(-1, *(spec.coarse_size,) * 3),
        facts,
    )


def _sample_ct(
    source: PatchSource, center_mm: NDArray[np.float64], places: NDArray[np.float64]
) -> tuple[Channels, Channels]:
    """HU (N,) and tissues (N, 7) at places (N, 3), averaged to about a fine voxel first."""
    scene, spec = source.scene, source.spec
    factors = _at_most(block_factors(scene.ct, spec.fine_mm), scene.ct.shape)
    reach = float(np.abs(places - center_mm).max(axis=0).max())
    box = blocks_around(scene.ct, factors, center_mm, reach)
    if box is None:
        count = len(places)
        return np.full(count, np.nan, np.float32), np.zeros((count, len(TISSUES) + 2), np.float32)
    ct, labels = scene.ct.crop(*box), scene.tissues.crop(*box).array
    calcification = scene.calcification.crop(*box).array
    maps = [block_mean(ct.array, factors)]
    maps += [block_mean(labels == label, factors) for label in TISSUES]
    maps += [block_mean(calcification, factors) / np.float32(255.0)]
    maps += [block_mean(scene.body.crop(*box).array > 0, factors)]
    grid = Volume(maps[0], block_affine(ct, factors))
    values, seen = sample_linear(np.stack(maps, axis=-1), grid, places)
    values[~seen] = 0.0
    hu = np.where(seen, values[:, 0], np.float32(np.nan))
    return hu, values[:, 1:]


def _sample_coarse(source: PatchSource, places: NDArray[np.float64]) -> Channels:
    """Uptake, HU, body and bone at places (N, 3); shape (N, 4)."""
    uptake, seen = sample_linear(
        source.coarse_uptake.array[..., None], source.coarse_uptake, places
    )
    uptake[~seen] = np.nan
    grid = source.coarse_ct["ct"]
    maps = [source.coarse_ct[name].array for name in ("ct", "body", "bone")]
    values, covered = sample_linear(np.stack(maps, axis=-1), grid, places)
    values[~covered] = (np.nan, 0.0, 0.0)
    return np.concatenate([uptake, values], axis=1)


def _outlines(source: PatchSource) -> PlaneOutline:
    return PlaneOutline(source.coarse_ct["body"])


def _offsets(size: int, spacing_mm: float) -> NDArray[np.float64]:
    """Voxel centers of a cube around its middle; shape (size^3, 3), X slowest."""
    axis = (np.arange(size) - (size - 1) / 2) * spacing_mm
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)


def _at_most(factors: tuple[int, int, int], shape: tuple[int, int, int]) -> tuple[int, int, int]:
    i, j, k = (min(pair) for pair in zip(factors, shape, strict=True))
    return i, j, k


def _thinned(volume: Volume, skips: tuple[int, int, int]) -> Volume:
    """Every so-manieth voxel."""
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, :3] * np.array(skips)
    return Volume(volume.array[tuple(slice(None, None, skip) for skip in skips)], affine)


def _averaged(volume: Volume, spacing_mm: float) -> Volume:
    factors = _at_most(block_factors(volume, spacing_mm), volume.shape)
    return Volume(block_mean(volume.array, factors), block_affine(volume, factors))
