"""Where mineral can lie: distances and directions inside a tissue map."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.phantom.shapes import Points
from calciscope.volume import Volume

HEAD = np.array([0.0, 0.0, 1.0])
"""Muscle fibers and vessels of a limb run roughly along it, that is, along z."""


@dataclass(frozen=True, eq=False)
class Site:
    """A place for a lesion.

    Attributes:
        point: LPS mm.
        room_mm: distance to the nearest voxel of another tissue.
        outward: unit vector to the nearest skin.
        fiber: unit vector along the limb.
    """

    point: Points
    room_mm: float
    outward: Points
    fiber: Points


class TissueMap:
    """Label map of a limb with the distance fields that placement asks for.

    Args:
        tissues: canonical uint8 volume of `labels.Label` (255 is never a place for anything).

    The fields are kept at half the in-plane resolution: placement needs no more, and the
    distance transforms are what placement spends its time on.
    """

    def __init__(self, tissues: Volume) -> None:
        self.tissues = tissues
        self._coarse = tissues.array[::2, ::2, :]
        spacing = tissues.spacing_mm
        self._spacing = np.array([2 * spacing[0], 2 * spacing[1], spacing[2]])

    def _edt(self, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        return np.asarray(ndimage.distance_transform_edt(mask, self._spacing), dtype=np.float32)

    @cached_property
    def skin_depth_mm(self) -> NDArray[np.float32]:
        """Distance to the air, on the coarse grid; the cut ends of the limb do not count."""
        body = self._coarse != Label.BACKGROUND
        padded = np.pad(body, ((1, 1), (1, 1), (0, 0)))
        return self._edt(padded)[1:-1, 1:-1]

    @cached_property
    def bone_distance_mm(self) -> NDArray[np.float32]:
        """Distance to bone, metal or unknown; large where there is none."""
        bone = (self._coarse == Label.BONE) | (self._coarse == Label.FOREIGN)
        bone |= self._coarse == 255
        if not bone.any():
            return np.full(bone.shape, 1e3, np.float32)
        return self._edt(~bone)

    @cached_property
    def room_mm(self) -> dict[Label, NDArray[np.float32]]:
        """For each soft tissue the distance to anything else."""
        return {
            label: self._edt(self._coarse == label) for label in (Label.MUSCLE, Label.SUBCUTANEOUS)
        }

    @cached_property
    def _fascia(self) -> NDArray[np.intp]:
        muscle = self._coarse == Label.MUSCLE
        fat = self._coarse == Label.SUBCUTANEOUS
        border = muscle & ndimage.binary_dilation(fat) & (self.bone_distance_mm > 4)
        return np.argwhere(border)

    def _candidates(self, where: str, room_mm: float) -> NDArray[np.intp]:
        if where == "fascia":
            return self._fascia
        if where == "periosteal":
            distance = self.bone_distance_mm
            near = (distance > 0.5) & (distance < 3.0) & (self._coarse == Label.MUSCLE)
            return np.argwhere(near)
        label = Label.MUSCLE if where == "muscle" else Label.SUBCUTANEOUS
        field = self.room_mm[label]
        room = min(room_mm, float(field.max()) * 0.7)
        return np.argwhere(field >= max(room, 0.5))

    def draw(self, where: str, room_mm: float, rng: np.random.Generator) -> Site | None:
        """A random site.

        Args:
            where: muscle, subcutaneous, fascia (their border) or periosteal (muscle near bone).
            room_mm: wanted distance to other tissue; where the limb is too thin for it, 70 % of
                the largest there is.

        Returns:
            None where the limb has no such place.
        """
        key = (where, round(room_mm * 2) / 2)
        if key not in self._cache:
            self._cache[key] = self._candidates(where, key[1])
        candidates = self._cache[key]
        if len(candidates) == 0:
            return None
        index = candidates[rng.integers(len(candidates))]
        label = Label.SUBCUTANEOUS if where == "subcutaneous" else Label.MUSCLE
        tilt = rng.normal(0, 0.1, 3)
        fiber = HEAD + tilt
        position = np.array([2 * index[0], 2 * index[1], index[2]]) + rng.uniform(-0.5, 0.5, 3)
        return Site(
            self.tissues.lps_mm(position),
            float(self.room_mm[label][tuple(index)]),
            self._outward(index),
            fiber / np.linalg.norm(fiber),
        )

    @cached_property
    def _cache(self) -> dict[tuple[str, float], NDArray[np.intp]]:
        return {}

    def _outward(self, index: NDArray[np.intp]) -> Points:
        """Unit vector against the gradient of skin depth."""
        depth = self.skin_depth_mm
        gradient = np.zeros(3)
        for axis in range(2):
            low, high = index.copy(), index.copy()
            low[axis] = max(low[axis] - 2, 0)
            high[axis] = min(high[axis] + 2, depth.shape[axis] - 1)
            gradient[axis] = float(depth[tuple(high)] - depth[tuple(low)])
        norm = float(np.linalg.norm(gradient))
        return -gradient / norm if norm > 1e-3 else np.array([0.0, 1.0, 0.0])

    def depth_at(self, points: Points) -> Points:
        """Skin depth (mm) at points (..., 3), 0 outside of the grid."""
        index = np.round(self.tissues.index(points) / np.array([2, 2, 1])).astype(int)
        inside = ((index >= 0) & (index < np.array(self._coarse.shape))).all(axis=-1)
        index = np.clip(index, 0, np.array(self._coarse.shape) - 1)
        return np.where(inside, self.skin_depth_mm[tuple(np.moveaxis(index, -1, 0))], 0.0)
