"""The rules a network has to beat: dense voxels inside the body and outside bone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import component_voxels, without_specks
from calciscope.volume import Volume

_BONE_HU = 130.0
_BONE_CORE_HU = 300.0
_BONE_MM3 = 2000.0
_GAP_MM = 4.0
_RIM_MM = 3.0
_SMOOTHING_MM = 1.1


@dataclass(frozen=True)
class ThresholdBaseline:
    """HU at or above a threshold, inside the body, outside bone.

    Attributes:
        threshold_hu: least HU; 130 is the coronary rule.
        smoothed: whether the CT is smoothed first (Gaussian of 1.1 mm within slices).
        minimum_mm3: smaller components are dropped.
    """

    threshold_hu: float
    smoothed: bool = True
    minimum_mm3: float = 10.0

    @property
    def name(self) -> str:
        """For tables."""
        return f"{'smoothed ' if self.smoothed else ''}HU >= {self.threshold_hu:g} outside bone"

    def find(
        self, ct: Volume, body: NDArray[np.bool_], bone: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Find what the rule calls calcification.

        Args:
            ct: HU.
            body: bool, the patient.
            bone: bool, from `bone_by_rule` or a reference.

        Returns:
            bool, shape of the CT.
        """
        hu = smoothed_hu(ct) if self.smoothed else ct.array
        dense = (hu >= self.threshold_hu) & body & ~bone
        return np.asarray(without_specks(dense, ct.voxel_volume_mm3, self.minimum_mm3))


BASELINES = (
    ThresholdBaseline(130.0, smoothed=False),
    ThresholdBaseline(200.0, smoothed=False),
    ThresholdBaseline(130.0),
    ThresholdBaseline(200.0),
)
"""The rules whose figures stand beside a network's."""

REAL_LIMB_RULES = (
    ThresholdBaseline(130.0),
    ThresholdBaseline(130.0, smoothed=False, minimum_mm3=0.0),
)
"""The rule to beat on real limbs (>= 10 mm3), and the raw threshold without a smallest size."""


def smoothed_hu(ct: Volume) -> NDArray[np.float32]:
    """The CT, smoothed within its slices (last axis)."""
    sigma = (*(_SMOOTHING_MM / ct.spacing_mm[:2]), 0.0)
    smooth = ndimage.gaussian_filter(ct.array.astype(np.float32), sigma, mode="nearest")
    return np.asarray(smooth, dtype=np.float32)


def bone_by_rule(ct: Volume) -> NDArray[np.bool_]:
    """Bone without a network: large dense components with their marrow and a rim.

    Smoothed HU >= 130 in components of 2 mL or more that have a core of 300 HU; gaps of up to
    8 mm are closed and holes filled slice by slice, then 3 mm of rim added. Calcified masses of
    that size are lost to it, and small sesamoids are not bone to it.

    Args:
        ct: HU, slices along the last axis.
    """
    hu = smoothed_hu(ct)
    dense = without_specks(hu >= _BONE_HU, ct.voxel_volume_mm3, _BONE_MM3)
    bone = np.zeros_like(dense)
    for voxels in component_voxels(dense):
        where = tuple(voxels.T)
        if float(hu[where].max()) >= _BONE_CORE_HU:
            bone[where] = True
    spacing = ct.spacing_mm[:2]
    for k in np.flatnonzero(bone.any(axis=(0, 1))):
        bone[:, :, k] = _filled_with_rim(bone[:, :, k], spacing)
    return bone


def _filled_with_rim(
    plane: NDArray[np.bool_], spacing_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """A slice of bone with small gaps closed, its marrow filled and a rim around it."""
    width = int(np.ceil(_GAP_MM / float(spacing_mm.min()))) + 1
    # A crop cuts through bone: it goes on beyond the border.
    wide = np.pad(plane, width, mode="edge")
    near = ndimage.distance_transform_edt(~wide, sampling=spacing_mm) <= _GAP_MM
    closed = wide | near
    if not near.all():
        closed = wide | (ndimage.distance_transform_edt(near, sampling=spacing_mm) > _GAP_MM)
    filled = ndimage.binary_fill_holes(closed)
    if filled.all():
        return np.ones_like(plane)
    rim = ndimage.distance_transform_edt(~filled, sampling=spacing_mm) <= _RIM_MM
    return np.asarray(rim[width:-width, width:-width])
