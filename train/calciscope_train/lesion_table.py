"""The lesions of a set of cases in one table: case, size, contrast and kind of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope_train.cases import LESIONS, Case

MARGIN_VOXELS = 3
"""How far around a lesion its surroundings reach, along every axis."""

SURROUNDINGS = (Label.BACKGROUND, Label.SUBCUTANEOUS, Label.MUSCLE)
"""What a lesion is contrasted with."""

AIR_HU = -300
"""Below this background is air rather than tissue without a name."""


@dataclass(frozen=True, eq=False)
class LesionTable:
    """n lesions; each row is one connected calcification of one case.

    Attributes:
        case: number of its case, shape (n,).
        center: a voxel of it, shape (n, 3).
        volume_mm3: its volume, shape (n,).
        contrast_hu: its mean above the median of its surroundings, shape (n,).
        kind: number of its kind, the same in every case, shape (n,).
    """

    case: NDArray[np.int64]
    center: NDArray[np.int16]
    volume_mm3: NDArray[np.float64]
    contrast_hu: NDArray[np.float64]
    kind: NDArray[np.int64]


def lesion_table(cases: Sequence[Case]) -> LesionTable:
    """Measure the lesions of every case; takes some 20 to 80 ms a case, once."""
    parts = [measure_lesions(case) for case in cases]
    names = sorted({kind for _, _, kinds in parts for kind in kinds})
    numbers = {name: number for number, name in enumerate(names)}
    counts = [len(volumes) for volumes, _, _ in parts]
    return LesionTable(
        np.repeat(np.arange(len(cases)), counts),
        np.concatenate([np.empty((0, 3), np.int16), *(case.centers[LESIONS] for case in cases)]),
        np.concatenate([np.empty(0), *(volumes for volumes, _, _ in parts)]),
        np.concatenate([np.empty(0), *(contrasts for _, contrasts, _ in parts)]),
        np.array([numbers[kind] for _, _, kinds in parts for kind in kinds], dtype=np.int64),
    )


def measure_lesions(
    case: Case,
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Volume (mm3), contrast (HU) and kind of each lesion that centers.npz of a case names.

    The kind is that of the generator's lesion whose center lies in the same connected
    calcification, or empty.
    """
    centers = case.centers[LESIONS]
    labels = np.asarray(case.labels)
    components = np.asarray(cc3d.connected_components(labels == Label.CALCIFICATION))
    ids = components[tuple(centers.T.astype(np.int64))]
    voxels = np.bincount(components.ravel(), minlength=1)[ids]
    boxes = ndimage.find_objects(components)
    contrasts = [_contrast(case, components, int(number), boxes[number - 1]) for number in ids]
    kinds = _kinds(components, case.meta)
    return (
        voxels * case.voxel_volume_mm3,
        np.array(contrasts, dtype=np.float64),
        [kinds.get(int(number), "") for number in ids],
    )


def _contrast(
    case: Case, components: NDArray[Any], number: int, box: tuple[slice, slice, slice]
) -> float:
    """Mean HU of one component above the median of the soft tissue around it."""
    wide = tuple(slice(max(s.start - MARGIN_VOXELS, 0), s.stop + MARGIN_VOXELS) for s in box)
    hu = np.asarray(case.ct[wide], dtype=np.float64)
    inside = components[wide] == number
    around = np.isin(case.labels[wide], SURROUNDINGS) & (hu > AIR_HU)
    surroundings = np.median(hu[around]) if around.any() else 0.0
    return float(hu[inside].mean() - surroundings)


def _kinds(components: NDArray[Any], meta: Mapping[str, Any]) -> dict[int, str]:
    """Kind of each component that holds the center of a lesion of the generator."""
    kinds: dict[int, str] = {}
    for row in meta.get("lesions", ()):
        center = row.get("center_index")
        if center is None or not all(
            0 <= c < n for c, n in zip(center, components.shape, strict=True)
        ):
            continue
        number = int(components[tuple(center)])
        if number:
            kinds[number] = str(row.get("kind", ""))
    return kinds
