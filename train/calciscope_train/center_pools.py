"""Pools of voxels that crops may be centered on, one for each key of CENTERS."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calciscope_train.cases import LESIONS, Case
from calciscope_train.crop_mix import HARD, CropMix
from calciscope_train.lesion_table import LesionTable, lesion_table

Center = tuple[int, NDArray[np.int16]]
"""Number of the case, and a voxel of it."""


class Pool(Protocol):
    """Something that centers are drawn from."""

    def draw(self, generator: np.random.Generator) -> Center:
        """One center."""
        ...


@dataclass(frozen=True, eq=False)
class CasePool:
    """Draws a case by weight, then one of its voxels, each as likely as the next.

    Attributes:
        voxels: voxels of each case, shape (n, 3).
        share: probability of each case.
    """

    voxels: Sequence[NDArray[np.int16]]
    share: NDArray[np.float64]

    def draw(self, generator: np.random.Generator) -> Center:
        """One center."""
        position = int(generator.choice(len(self.share), p=self.share))
        voxels = self.voxels[position]
        return position, voxels[generator.integers(len(voxels))]


@dataclass(frozen=True, eq=False)
class LesionPool:
    """Draws a lesion by its own probability.

    Attributes:
        table: the lesions of all cases.
        share: probability of each lesion.
    """

    table: LesionTable
    share: NDArray[np.float64]

    def draw(self, generator: np.random.Generator) -> Center:
        """One center."""
        row = int(generator.choice(len(self.share), p=self.share))
        return int(self.table.case[row]), self.table.center[row]


def make_pools(cases: Sequence[Case], weights: Sequence[float], mix: CropMix) -> dict[str, Pool]:
    """The pools that are not empty, by key of CENTERS."""
    voxels: dict[str, list[NDArray[np.int16]]] = {
        key: [case.centers[key] for case in cases] for key in mix.weights()
    }
    for kind, key in enumerate(HARD):
        voxels[key] = [case.hard[case.hard[:, 3] == kind, :3] for case in cases]
    pools: dict[str, Pool] = {}
    for key, found in voxels.items():
        share = np.array([w * bool(len(v)) for v, w in zip(found, weights, strict=True)])
        if share.sum() > 0:
            pools[key] = CasePool(found, share / share.sum())
    if mix.lesions is not None and LESIONS in pools:
        table = lesion_table(cases)
        share = mix.lesions.probabilities(table, weights)
        del pools[LESIONS]
        if share.sum() > 0:
            pools[LESIONS] = LesionPool(table, share / share.sum())
    return pools
