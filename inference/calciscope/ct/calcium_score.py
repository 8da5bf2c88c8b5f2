"""The extended Agatston score: the coronary rule carried over to soft tissue.

Agatston 1990 (JACC 15:827): area of each slice's lesion at 130 HU or more, weighted by its peak.
Definitions differ between vendors by tens of percent, so this one is spelled out here and in
`ct.definition`, and is fit for trends within one protocol only.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from calciscope.physics import DEFAULT_KVP, ha_slope_hu_per_mg_cc
from calciscope.volume import Array

WEIGHTS_FROM_HU = (130.0, 200.0, 300.0, 400.0)
"""Peak HU at 120 kVp from which a slice's lesion weighs 1 to 4; the first is the threshold."""

MINIMUM_AREA_MM2 = 1.0
REFERENCE_INCREMENT_MM = 3.0
_EIGHT_CONNECTED = np.ones((3, 3), dtype=int)


@dataclass(frozen=True)
class AgatstonRule:
    """Thresholds of the score at a tube voltage.

    Attributes:
        weights_from_hu: peak HU from which the weight is 1, 2, 3, 4.
    """

    weights_from_hu: tuple[float, ...]

    @classmethod
    def for_kvp(cls, kvp: float) -> "AgatstonRule":
        """Thresholds that mean the same hydroxyapatite concentration as at 120 kVp."""
        ratio = ha_slope_hu_per_mg_cc(kvp) / ha_slope_hu_per_mg_cc(DEFAULT_KVP)
        return cls(tuple(threshold * ratio for threshold in WEIGHTS_FROM_HU))

    @property
    def threshold_hu(self) -> float:
        """HU from which a voxel counts."""
        return self.weights_from_hu[0]

    def weight(self, peak_hu: float) -> int:
        """0 below the threshold, else 1 to 4."""
        return int(np.searchsorted(self.weights_from_hu, peak_hu, side="right"))


def agatston_score(
    hu: Array, territory: Array, pixel_area_mm2: float, increment_mm: float, rule: AgatstonRule
) -> float:
    """Score one lesion.

    Per slice, the voxels of the lesion and its rim at or above the threshold form 8-connected
    areas; each area of 1 mm2 or more counts with the weight of its own peak. The sum is scaled by
    slice increment / 3 mm.

    Args:
        hu: shape (a, b, c), slices along the last axis.
        territory: bool, same shape: the lesion and the voxels around it that count for it.
        pixel_area_mm2: area of a pixel in a slice.
        increment_mm: distance between slice centers.
        rule: thresholds.
    """
    total = 0.0
    counted = territory & (hu >= rule.threshold_hu)
    for k in np.flatnonzero(counted.any(axis=(0, 1))):
        areas, count = ndimage.label(counted[:, :, k], structure=_EIGHT_CONNECTED)
        numbers = np.arange(1, count + 1)
        sizes = ndimage.sum_labels(counted[:, :, k], areas, numbers) * pixel_area_mm2
        peaks = ndimage.maximum(hu[:, :, k], areas, numbers)
        for size, peak in zip(sizes, peaks, strict=True):
            if size >= MINIMUM_AREA_MM2:
                total += float(size) * rule.weight(float(peak))
    return total * increment_mm / REFERENCE_INCREMENT_MM
