"""From a CT to the network's input and back: one spec, stored inside each model file.

The network sees canonical axes (L, P, S) and Hounsfield units at a spacing it was trained on.
Training and inference both call the functions of this file, so that they cannot differ.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.errors import ModelError
from calciscope.resampling import nearest_indices, resampled_affine
from calciscope.slabs import refine_sparse, resample_rounded
from calciscope.volume import Array, CanonicalView, Volume

VERSION = 1
"""Version of the preprocessing chain; a change of its arithmetic must raise it."""


@dataclass(frozen=True)
class PreprocessingSpec:
    """What a model expects of its input.

    Attributes:
        spacing_mm: voxel size along L, P, S that the network was trained at.
        spacing_band: a native axis whose spacing / spacing_mm lies inside is left as it is.
        windows_hu: one input channel per (low, high) window, scaled to [-1, 1].
        patch_size: size of the training patches, in voxels along L, P, S.
        version: version of the chain.

    Raises:
        ModelError: a size or window is not positive, or the version is not one known here.
    """

    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 2.5)
    spacing_band: tuple[float, float] = (0.75, 1.35)
    windows_hu: tuple[tuple[float, float], ...] = ((-200.0, 300.0), (100.0, 1500.0))
    patch_size: tuple[int, int, int] = (96, 96, 32)
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ModelError(
                f"the model wants preprocessing version {self.version}, this program has {VERSION};"
                " install a matching version of calciscope"
            )
        positive = min(*self.spacing_mm, *self.patch_size, self.spacing_band[0]) > 0
        rising = all(low < high for low, high in (*self.windows_hu, self.spacing_band))
        if not (positive and rising and self.windows_hu):
            raise ModelError(f"the preprocessing is not usable, export the model again: {self}")

    def to_json(self) -> str:
        """The spec as one line of JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "PreprocessingSpec":
        """Read what `dataclasses.asdict` gave; raises ModelError where a key or type is wrong."""
        try:
            x, y, z = record["spacing_mm"]
            low, high = record["spacing_band"]
            i, j, k = record["patch_size"]
            return cls(
                (float(x), float(y), float(z)),
                (float(low), float(high)),
                tuple((float(a), float(b)) for a, b in record["windows_hu"]),
                (int(i), int(j), int(k)),
                int(record["version"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(
                f"the preprocessing record is malformed ({error!r}); export the model again"
            ) from error

    @classmethod
    def from_json(cls, text: str) -> "PreprocessingSpec":
        """Read what `to_json` wrote; raises ModelError where it is malformed."""
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelError(
                f"the preprocessing record is not JSON ({error}); export the model again"
            ) from error
        return cls.from_dict(record)


@dataclass(frozen=True, eq=False)
class ModelGrid:
    """A CT on the network's grid, and the way back.

    Attributes:
        volume: canonical axes, int16 HU, C-contiguous.
        view: the native volume seen with canonical axes.
    """

    volume: Volume
    view: CanonicalView


def network_input(hu: Array, spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Scale Hounsfield units to the network's channels.

    Args:
        hu: shape (X, Y, Z) or (N, X, Y, Z).
        spec: gives one window per channel.

    Returns:
        float32 in [-1, 1], shape (C, X, Y, Z) or (N, C, X, Y, Z).
    """
    shape = (*hu.shape[:-3], len(spec.windows_hu), *hu.shape[-3:])
    result = np.empty(shape, dtype=np.float32)
    for channel, (low, high) in enumerate(spec.windows_hu):
        out = result[..., channel, :, :, :]
        np.subtract(hu, np.float32((low + high) / 2), out=out, dtype=np.float32)
        out *= np.float32(2 / (high - low))
        np.clip(out, -1.0, 1.0, out=out)
    return result


def model_shape(volume: Volume, spec: PreprocessingSpec) -> tuple[int, int, int]:
    """Number of voxels on the network's grid of a canonical volume."""
    low, high = spec.spacing_band
    counts = [
        count if low <= native / wanted <= high else max(1, round(count * float(native) / wanted))
        for count, native, wanted in zip(
            volume.shape, volume.spacing_mm, spec.spacing_mm, strict=True
        )
    ]
    return counts[0], counts[1], counts[2]


def preprocess(volume: Volume, spec: PreprocessingSpec) -> ModelGrid:
    """Bring a CT to the network's grid.

    Args:
        volume: HU on any axes.
        spec: the model's preprocessing.
    """
    view = volume.canonical()
    canonical = view.volume
    shape = model_shape(canonical, spec)
    hu = resample_rounded(canonical.array, shape, np.dtype(np.int16))
    return ModelGrid(Volume(hu, resampled_affine(canonical, shape)), view)


def restore_labels(labels: Array, grid: ModelGrid) -> Array:
    """Bring labels from the network's grid to the native axes and voxels, by nearest neighbor."""
    for axis, count in enumerate(grid.view.volume.shape):
        if labels.shape[axis] != count:
            labels = labels.take(nearest_indices(labels.shape[axis], count), axis=axis)
    return grid.view.to_native(labels)


def restore_probability(probability: NDArray[np.uint8], grid: ModelGrid) -> NDArray[np.uint8]:
    """Bring a map of 0..255 from the network's grid to the native voxels, linearly."""
    shape = grid.view.volume.shape
    if probability.shape[:2] != shape[:2]:
        restored = resample_rounded(probability, shape, np.dtype(np.uint8))
        return grid.view.to_native(restored)
    return grid.view.to_native(refine_sparse(probability, shape[2]))
