"""Crops of prepared cases: where they are taken, and how they are read.

A crop is a function of one number: the same (seed, number) gives the same voxels whatever the
worker, so that a run can be repeated with any number of workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from calciscope.labels import IGNORE, Label
from calciscope.preprocessing import PreprocessingSpec, network_input
from calciscope_train.augmentation import Augmentation
from calciscope_train.cases import LESIONS, Case

AIR_HU = -1024
"""Fills what a crop asks beyond the case; labeled 255 there."""

Index = tuple[int, int, int]


@dataclass(frozen=True)
class CropMix:
    """What crops are centered on, as relative weights.

    Attributes:
        calcification: a lesion, each of a case as likely as the next, however small.
        vascular: a voxel of vascular calcification.
        foreign: a voxel of metal, foreign body or contrast.
        bone: a voxel of bone.
        soft: a voxel of subcutis or muscle.
        background: a voxel of air, table or anything without a name.
    """

    calcification: float = 0.5
    vascular: float = 0.1
    foreign: float = 0.1
    bone: float = 0.12
    soft: float = 0.1
    background: float = 0.08

    def weights(self) -> dict[str, float]:
        """Weight of each key of centers.npz."""
        return {
            LESIONS: self.calcification,
            _key(Label.VASCULAR): self.vascular,
            _key(Label.FOREIGN): self.foreign,
            _key(Label.BONE): self.bone,
            _key(Label.SUBCUTANEOUS): self.soft / 2,
            _key(Label.MUSCLE): self.soft / 2,
            _key(Label.BACKGROUND): self.background,
        }


def _key(label: Label) -> str:
    return str(int(label))


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
    _able: Mapping[str, NDArray[np.float64]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        able = {}
        for key in self.mix.weights():
            weight = np.array(
                [
                    w * bool(len(c.centers[key]))
                    for c, w in zip(self.cases, self.weights, strict=True)
                ]
            )
            if weight.sum() > 0:
                able[key] = weight / weight.sum()
        object.__setattr__(self, "_able", able)

    def draw(self, number: int) -> tuple[Case, Index, np.random.Generator]:
        """Case and first voxel of crop `number`, and the generator for what follows."""
        generator = np.random.default_rng((self.seed, number))
        # A kind that no case has gives its share to the others.
        weights = {k: w for k, w in self.mix.weights().items() if k in self._able and w > 0}
        share = np.array(list(weights.values()))
        key = list(weights)[generator.choice(len(share), p=share / share.sum())]
        case = self.cases[int(generator.choice(len(self.cases), p=self._able[key]))]
        center = case.centers[key][generator.integers(len(case.centers[key]))]
        return case, self._start(case, center, generator), generator

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
    "voxel_volume_mm3": float32 ()}, where case counts the plan's cases. Any number >= 0 is valid.
    """

    def __init__(
        self, plan: CropPlan, spec: PreprocessingSpec, augmentation: Augmentation | None = None
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.augmentation = augmentation
        self._position = {id(case): n for n, case in enumerate(plan.cases)}

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        case, start, generator = self.plan.draw(number)
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
            "case": torch.tensor(self._position[id(case)]),
            "voxel_volume_mm3": torch.tensor(case.voxel_volume_mm3),
        }
