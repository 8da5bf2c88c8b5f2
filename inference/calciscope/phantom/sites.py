"""Where mineral can lie: distances and directions inside a tissue map."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import IGNORE, Label
from calciscope.phantom.shapes import Points
from calciscope.volume import Volume

HEAD = np.array([0.0, 0.0, 1.0])
"""Muscle fibers and vessels of a limb run roughly along it, that is, along z."""

FAR_MM = 1e3
"""Distance to what is not there at all."""

JOINT_GAP_MM = 9.0
"""Widest gap between two bones that counts as a joint space."""

Mask = NDArray[np.bool_]
Distances = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Site:
    """A place for a lesion.

    Attributes:
        point: LPS mm.
        room_mm: distance to the nearest voxel of another tissue.
        outward: unit vector to the nearest skin.
        fiber: unit vector along the limb.
        where: name of the place, as asked for.
        scale: factor on the size of large lesions, under 1 once full ones found no room.
    """

    point: Points
    room_mm: float
    outward: Points
    fiber: Points
    where: str = "muscle"
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class VesselPath:
    """An artery of the patient that is known.

    Attributes:
        points_mm: its middle line, LPS mm, shape (n, 3).
        radius_mm: of its lumen.
    """

    points_mm: Points
    radius_mm: float


@dataclass(frozen=True, eq=False)
class Field:
    """A distance on the coarse grid of a tissue map, interpolated linearly.

    Attributes:
        values: mm; tissues: the map, of twice the in-plane resolution.
    """

    values: Distances
    tissues: Volume

    def at(self, points: Points) -> Points:
        """Values (...) at points (..., 3); beyond the grid that of its border."""
        index = self.tissues.index(points.reshape(-1, 3)) / np.array([2, 2, 1])
        values = ndimage.map_coordinates(self.values, index.T, order=1, mode="nearest")
        return np.asarray(values, dtype=float).reshape(points.shape[:-1])


class TissueMap:
    """Label map of a limb with the distance fields that placement asks for.

    Args:
        tissues: canonical uint8 volume of `labels.Label` (255 is never a place for anything).
        vessels: arteries whose way is known; vascular kinds follow them. Without any they take a
            way through muscle close to bone and fascia, as neurovascular bundles do.
        prone: whether the patient lies on the belly, so that sediment sinks to the front.

    The fields are kept at half the in-plane resolution: placement needs no more, and the
    distance transforms are what placement spends its time on.
    """

    def __init__(
        self, tissues: Volume, vessels: Sequence[VesselPath] = (), prone: bool = False
    ) -> None:
        self.tissues = tissues
        self.vessels = tuple(vessels)
        self.prone = prone
        self._coarse = tissues.array[::2, ::2, :]
        spacing = tissues.spacing_mm
        self._spacing = np.array([2 * spacing[0], 2 * spacing[1], spacing[2]])
        self._cache: dict[tuple[str, float], NDArray[np.intp]] = {}

    def _edt(self, mask: Mask) -> Distances:
        """Distance to what is not `mask`; the border of the grid is a cut, not an end."""
        if mask.all():
            return np.full(mask.shape, FAR_MM, np.float32)
        return np.asarray(ndimage.distance_transform_edt(mask, self._spacing), dtype=np.float32)

    def _signed(self, mask: Mask) -> Field:
        """Distance inside `mask` (positive) and outside of it, smooth enough for a surface."""
        distance = np.clip(self._edt(mask) - self._edt(~mask), -FAR_MM, FAR_MM)
        return Field(ndimage.gaussian_filter(distance, (0.7, 0.7, 0.7)), self.tissues)

    @cached_property
    def skin_depth_mm(self) -> Distances:
        """Distance to the air, on the coarse grid; no cut end or side of the limb counts."""
        return self._edt(self._coarse != Label.BACKGROUND)

    @cached_property
    def skin(self) -> Field:
        """Depth under the skin, negative outside of the body."""
        return self._signed(self._coarse != Label.BACKGROUND)

    @cached_property
    def fascia(self) -> Field:
        """Depth under the fascia, negative in the subcutis."""
        return self._signed(~np.isin(self._coarse, (Label.BACKGROUND, Label.SUBCUTANEOUS)))

    @cached_property
    def off_bone(self) -> Field:
        """Distance from bone, metal and unknown, negative inside."""
        return self._signed(~self._hard)

    @cached_property
    def in_bone(self) -> Field:
        """Depth inside bone, negative outside."""
        return self._signed(self._coarse == Label.BONE)

    @cached_property
    def _hard(self) -> Mask:
        hard = (self._coarse == Label.BONE) | (self._coarse == Label.FOREIGN)
        return np.asarray(hard | (self._coarse == IGNORE))

    @cached_property
    def bone_distance_mm(self) -> Distances:
        """Distance to bone, metal or unknown; large where there is none."""
        return self._edt(~self._hard)

    @cached_property
    def room_mm(self) -> dict[Label, Distances]:
        """For each soft tissue and bone the distance to anything else."""
        return {
            label: self._edt(self._coarse == label)
            for label in (Label.MUSCLE, Label.SUBCUTANEOUS, Label.BONE)
        }

    @property
    def length_mm(self) -> float:
        """Extent of the map along the limb."""
        return float(self.tissues.shape[2] * self.tissues.spacing_mm[2])

    def _joint(self) -> Mask:
        """Soft tissue in narrow gaps between bones: what a closing of the bones fills."""
        bone: Mask = np.asarray(self._coarse == Label.BONE)
        if not bone.any():
            return bone
        half = 0.5 * JOINT_GAP_MM
        grown = self._edt(~bone) <= half
        closed = self._edt(grown) > half
        closed[:, :, [0, -1]] = False
        soft = np.isin(self._coarse, (Label.MUSCLE, Label.SUBCUTANEOUS))
        return np.asarray(closed & soft)

    def _mask(self, where: str, room_mm: float) -> Mask:
        muscle = self._coarse == Label.MUSCLE
        fat = self._coarse == Label.SUBCUTANEOUS
        distance = self.bone_distance_mm
        if where == "fascia":
            return np.asarray(muscle & ndimage.binary_dilation(fat) & (distance > 4))
        if where == "periosteal":
            return np.asarray((distance > 0.5) & (distance < 3.0) & muscle)
        if where == "joint":
            return self._joint()
        if where == "bundle":
            near = (distance < 22) | (self.room_mm[Label.MUSCLE] < 8)
            return np.asarray(muscle & near & (self.room_mm[Label.MUSCLE] > 3) & (distance > 4))
        if where == "outside":
            away = self._edt(self._coarse == Label.BACKGROUND)
            return np.asarray((away > 0) & (away <= max(room_mm, 3.0)))
        label = {"muscle": Label.MUSCLE, "bone": Label.BONE}.get(where, Label.SUBCUTANEOUS)
        field = self.room_mm[label]
        finite = min(float(field.max()), 100.0)
        return np.asarray(field >= max(min(room_mm, 0.7 * finite), 0.5))

    def draw(self, where: str, room_mm: float, rng: np.random.Generator) -> Site | None:
        """A random site.

        Args:
            where: muscle, subcutaneous, bone (their inside), fascia (border of the first two),
                periosteal (muscle near bone), joint (between two bones), bundle (muscle where
                vessels run) or outside (air near the skin).
            room_mm: wanted distance to other tissue; where the limb is too thin for it, 70 % of
                the largest there is. For outside: largest distance from the skin.

        Returns:
            None where the limb has no such place.
        """
        key = (where, round(room_mm * 2) / 2)
        if key not in self._cache:
            self._cache[key] = np.argwhere(self._mask(where, key[1]))
        candidates = self._cache[key]
        if len(candidates) == 0:
            return None
        index = candidates[rng.integers(len(candidates))]
        fiber = HEAD + rng.normal(0, 0.1, 3)
        position = np.array([2 * index[0], 2 * index[1], index[2]]) + rng.uniform(-0.5, 0.5, 3)
        room = self.room_mm[{"subcutaneous": Label.SUBCUTANEOUS, "bone": Label.BONE}.get(
            where, Label.MUSCLE)]  # fmt: skip
        return Site(
            self.tissues.lps_mm(position),
            float(room[tuple(index)]),
            self.outward_at(index),
            fiber / np.linalg.norm(fiber),
            where,
        )

    def outward_at(self, index: NDArray[np.intp]) -> Points:
        """Unit vector against the gradient of skin depth at an index of the coarse grid."""
        depth = self.skin.values
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
        index, inside = self.coarse_index(points)
        return np.where(inside, self.skin_depth_mm[tuple(np.moveaxis(index, -1, 0))], 0.0)

    def label_at(self, points: Points) -> NDArray[np.uint8]:
        """Labels at points (..., 3), 255 outside of the grid."""
        index, inside = self.coarse_index(points)
        labels = self._coarse[tuple(np.moveaxis(index, -1, 0))]
        return np.where(inside, labels, np.uint8(IGNORE))

    def coarse_index(self, points: Points) -> tuple[NDArray[np.intp], Mask]:
        """Nearest index on the coarse grid, and whether it lies inside; (..., 3) and (...)."""
        index = np.round(self.tissues.index(points) / np.array([2, 2, 1])).astype(np.intp)
        inside = ((index >= 0) & (index < np.array(self._coarse.shape))).all(axis=-1)
        return np.clip(index, 0, np.array(self._coarse.shape) - 1), inside
