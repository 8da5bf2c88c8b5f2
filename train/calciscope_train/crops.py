"""Crops of prepared cases: where they are taken, and how they are read.

A crop is a function of one number: the same (seed, number) gives the same voxels whatever the
worker, so that a run can be repeated with any number of workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from calciscope.labels import IGNORE
from calciscope.preprocessing import PreprocessingSpec, network_input
from calciscope_train.augmentation import Augmentation
from calciscope_train.cases import Case
from calciscope_train.center_pools import Pool, make_pools
from calciscope_train.crop_mix import CENTERS, CropMix

AIR_HU = -1024
"""Fills what a crop asks beyond the case; labeled 255 there."""

Index = tuple[int, int, int]


class Draw(NamedTuple):
    """One crop: where it is, and why.

    Attributes:
        case: the case.
        start: first voxel; may lie outside.
        generator: decides all else about the crop.
        position: number of the case in its plan.
        centered_on: number of the key in CENTERS.
    """

    case: Case
    start: Index
    generator: np.random.Generator
    position: int
    centered_on: int


@dataclass(frozen=True)
class CropPlan:
    """The cases of one split and how they are drawn.

    Attributes:
        cases: the cases.
        weights: relative weight of each case.
        mix: what crops are centered on.
        patch_size: voxels of a crop along X, Y, Z.
        seed: of every draw.
    """

    cases: Sequence[Case]
    weights: Sequence[float]
    mix: CropMix
    patch_size: Index
    seed: int = 0
    _pools: Mapping[str, Pool] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pools", make_pools(self.cases, self.weights, self.mix))

    def draw(self, number: int) -> Draw:
        """Case, first voxel and reason of crop `number`."""
        generator = np.random.default_rng((self.seed, number))
        position, center, key = self._center(generator)
        case = self.cases[position]
        start = self._start(case, center, generator)
        return Draw(case, start, generator, position, list(CENTERS).index(key))

    def _center(self, generator: np.random.Generator) -> tuple[int, NDArray[np.int16], str]:
        hard = {k: w for k, w in self.mix.hard_weights().items() if k in self._pools and w > 0}
        if hard and generator.random() < self.mix.hard_share:
            weights = hard
        else:
            # A kind that no case has gives its share to the others.
            given = self.mix.weights()
            weights = {k: w for k, w in given.items() if k in self._pools and w > 0}
        share = np.array(list(weights.values()))
        key = list(weights)[generator.choice(len(share), p=share / share.sum())]
        position, center = self._pools[key].draw(generator)
        return position, center, key

    def _start(
        self, case: Case, center: NDArray[np.int16], generator: np.random.Generator
    ) -> Index:
        """First voxel of a patch that holds the center anywhere in its inner two thirds."""
        starts = []
        for at, size, length in zip(center, self.patch_size, case.ct.shape, strict=True):
            margin = size // 6
            start = int(at) - int(generator.integers(margin, size - margin))
            starts.append(min(max(start, min(0, length - size)), max(0, length - size)))
        return starts[0], starts[1], starts[2]


def read_crop(case: Case, start: Index, size: Index) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Read a box of HU and labels; beyond the case there is air, labeled 255."""
    inside = tuple(
        slice(max(s, 0), min(s + n, length))
        for s, n, length in zip(start, size, case.ct.shape, strict=True)
    )
    placed = tuple(slice(i.start - s, i.stop - s) for i, s in zip(inside, start, strict=True))
    ct = np.full(size, AIR_HU, dtype=np.int16)
    labels = np.full(size, IGNORE, dtype=np.uint8)
    ct[placed] = case.ct[inside]
    labels[placed] = case.labels[inside]
    return ct, labels


class CropDataset(Dataset[dict[str, Tensor]]):
    """Random crops, ready for the network.

    Item `number` is {"ct": float32 (C, X, Y, Z), "labels": uint8 (X, Y, Z), "case": int64 (),
    "voxel_volume_mm3": float32 (), "centered_on": int64 ()}, where case counts the plan's cases and
    centered_on the keys of CENTERS. Any number >= 0 is valid.
    """

    def __init__(
        self, plan: CropPlan, spec: PreprocessingSpec, augmentation: Augmentation | None = None
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.augmentation = augmentation

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        case, start, generator, position, centered_on = self.plan.draw(number)
        size = self.plan.patch_size
        if self.augmentation is None:
            ct, labels = read_crop(case, start, size)
            hu = ct.astype(np.float32)
        else:
            margin = self.augmentation.margin
            first = tuple(s - m for s, m in zip(start, margin, strict=True))
            ct, labels = read_crop(
                case,
                (first[0], first[1], first[2]),
                (size[0] + 2 * margin[0], size[1] + 2 * margin[1], size[2] + 2 * margin[2]),
            )
            hu, labels = self.augmentation(ct, labels, size, generator)
        return {
            "ct": torch.from_numpy(network_input(hu, self.spec)),
            "labels": torch.from_numpy(labels),
            "case": torch.tensor(position),
            "voxel_volume_mm3": torch.tensor(case.voxel_volume_mm3),
            "centered_on": torch.tensor(centered_on),
        }
