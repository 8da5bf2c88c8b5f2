"""Rigid registration of one part of the skeleton: SimpleITK on signed distance maps.

Distance maps rather than HU: results of a run hold no CT, contrast and kernel do not matter, and
the gradient of a distance leads home from far away. Only voxels near the part's own surface count,
and only where the later scan shows something, so that fields of view may differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import bounding_box
from calciscope.followup.rigid import Rigid
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import MARGIN_MM, Part, Skeleton
from calciscope.followup.starts import best_starts, fit_cost
from calciscope.followup.surfaces import signed_distance, surface_points, values_at
from calciscope.volume import Array, Volume

STARTS = 3
MOST_MM = (15.0, 5.0)
"""Distances are cut at this, first to come from afar, then so that outliers weigh little."""

LEAST_STEPS_MM = (0.05, 0.002)
"""The optimizer stops where its steps become smaller."""

FITS_MM = 1.0
"""Where a start leads to such a fit, no other is tried."""

BAND_MM = 6.0
VOXELS = 4000
"""Voxels of the band that the distance maps are compared at; more change nothing but the time."""

ITERATIONS = 120
JOINT_MM = 0.1
"""A part that fits its own motion by no more than this better moves with its whole limb."""

OUTLIER_MM = 10.0
"""A surface point farther off counts as this far in the residual: one error is no misfit."""


NO_MOTION = Rigid.identity()


@dataclass(frozen=True, eq=False)
class RegisteredPart:
    """A part of the skeleton at both dates.

    Attributes:
        surface_mm: points of its earlier surface, LPS mm, shape (N, 3).
        earlier_to_later: its motion, LPS mm.
        residual_mm: mean distance of its earlier surface to the later one, where both are shown.
        overlap: share of that surface that the later scan shows; 0 where it was not found there.
    """

    part: Part
    surface_mm: NDArray[np.float64]
    earlier_to_later: Rigid = NO_MOTION
    residual_mm: float = math.inf
    overlap: float = 0.0

    @property
    def is_shown(self) -> bool:
        """Whether the later scan shows it."""
        return self.overlap > 0.0


def register_part(
    numbers: Sequence[int],
    earlier: Skeleton,
    later: Skeleton,
    settings: ComparisonSettings,
    joint: Rigid | None = None,
) -> RegisteredPart:
    """Register a part of the earlier skeleton to the later one, if that shows it.

    A part of one side is only ever looked for among the bones of that side and of the trunk.

    Args:
        numbers: its index in `earlier.parts`; several of one side to move them as one.
        earlier, later: of the two dates.
        settings: how much of it the later scan must show.
        joint: motion of all bones of its side together. It is taken where it fits as well: a shaft
            alone slides along itself, with its neighbors it does not.
    """
    part = earlier.parts[numbers[0]]
    labels = [number + 1 for number in numbers]
    bones = earlier.labels.with_array(earlier.beside(part.side))
    surface = surface_points(bones, np.isin(earlier.labels.array, labels))
    fixed = _cropped(bones)
    moving = _cropped(later.labels.with_array(later.beside(part.side)))
    if fixed is None or moving is None or not len(surface):
        return RegisteredPart(part, surface)
    own = np.isin(_values_on(earlier.labels, fixed), labels)
    target = moving.lps_mm(np.argwhere(moving.array)[::7])
    far = signed_distance(moving, MOST_MM[0])
    starts = best_starts(surface, target, far, settings.least_overlap, STARTS)
    if not starts:
        return RegisteredPart(part, surface)
    own_distance = signed_distance(fixed, MOST_MM[0])
    region = _near(fixed, own, own_distance)
    if not region.any():
        return RegisteredPart(part, surface)
    coarse = _Matcher(own_distance, far, region, LEAST_STEPS_MM[0])
    tried: list[tuple[float, Rigid]] = []
    for start in starts:
        motion = coarse.refine(start)
        tried.append((float(fit_cost(motion(surface), far, settings.least_overlap)), motion))
        if tried[-1][0] <= FITS_MM:
            break
    nearest = min(tried, key=lambda pair: pair[0])[1]
    cut, far_cut = (_cut(distance, MOST_MM[1]) for distance in (own_distance, far))
    best = _Matcher(cut, far_cut, region, LEAST_STEPS_MM[1]).refine(nearest)
    found = _judged(part, best, surface, far)
    if joint is None:
        return found
    together = _judged(part, joint, surface, far)
    as_well = together.residual_mm <= found.residual_mm + JOINT_MM
    return together if as_well and together.overlap >= settings.least_overlap else found


def _cropped(mask: Volume) -> Volume | None:
    """What holds the mask, with room around it as far as the scan goes."""
    box = bounding_box(mask.array)
    if box is None:
        return None
    margin = np.ceil(MARGIN_MM / mask.spacing_mm).astype(int)
    start = np.maximum([part.start for part in box] - margin, 0)
    return mask.crop(start, np.minimum([part.stop for part in box] + margin, mask.shape))


def _values_on(volume: Volume, crop: Volume) -> Array:
    """The part of a volume that a crop of the same grid covers."""
    start = np.round(volume.index(crop.lps_mm((0, 0, 0)))).astype(int)
    return volume.crop(start, start + crop.shape).array


def _cut(distance: Volume, most_mm: float) -> Volume:
    """A distance map cut at a smaller distance."""
    return distance.with_array(np.clip(distance.array, -most_mm, most_mm))


def _judged(
    part: Part, motion: Rigid, surface: NDArray[np.float64], distance: Volume
) -> RegisteredPart:
    """Measure how well a part lies on the later bone."""
    values = values_at(distance, motion(surface), np.nan)
    seen = np.isfinite(values)
    off = np.minimum(np.abs(values[seen]), OUTLIER_MM)
    residual = float(off.mean()) if len(off) else OUTLIER_MM
    return RegisteredPart(part, surface, motion, residual, float(seen.mean()))


def _near(fixed: Volume, own: NDArray[np.bool_], distance: Volume) -> NDArray[np.bool_]:
    """Voxels near the surface of a part, and nearer to it than to any other part."""
    spacing = tuple(fixed.spacing_mm)
    to_own = ndimage.distance_transform_edt(~own, sampling=spacing)
    near = np.abs(distance.array) <= BAND_MM
    other = fixed.array & ~own
    if other.any():
        near &= to_own < ndimage.distance_transform_edt(~other, sampling=spacing)
    index = np.flatnonzero(near & (to_own <= BAND_MM))
    thinned = np.zeros(near.size, dtype=bool)
    thinned[np.random.default_rng(0).permutation(index)[:VOXELS]] = True
    return thinned.reshape(near.shape)


class _Matcher:
    """Least squares of two distance maps over the voxels of a region."""

    def __init__(
        self, fixed: Volume, moving: Volume, region: NDArray[np.bool_], least_step_mm: float
    ) -> None:
        self._least_step_mm = least_step_mm
        box = ndimage.find_objects(region.astype(np.uint8))[0]
        start = np.array([part.start for part in box])
        stop = np.array([part.stop for part in box])
        self._fixed = _image(fixed.crop(start, stop))
        self._moving = _image(moving)
        self._mask = _image(fixed.with_array(region.astype(np.uint8)).crop(start, stop))
        self._center = fixed.lps_mm(np.argwhere(region).mean(axis=0))

    def refine(self, start: Rigid) -> Rigid:
        """Improve a motion; the start itself where nothing is shown of both."""
        transform = sitk.Euler3DTransform()
        transform.SetCenter(tuple(self._center))
        transform.SetMatrix(tuple(start.rotation.ravel()))
        transform.SetTranslation(tuple(start(self._center) - self._center))
        method = sitk.ImageRegistrationMethod()
        # One thread: sums in one order, so that the same input gives the same output.
        method.SetNumberOfThreads(1)
        method.SetMetricAsMeanSquares()
        method.SetMetricFixedMask(self._mask)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=2.0,
            minStep=self._least_step_mm,
            numberOfIterations=ITERATIONS,
            relaxationFactor=0.6,
            gradientMagnitudeTolerance=1e-6,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        try:
            method.Execute(self._fixed, self._moving)
        except RuntimeError:
            # ITK raises where no voxel of the one falls into the other.
            return start
        rotation = np.array(transform.GetMatrix()).reshape(3, 3)
        offset = self._center + np.array(transform.GetTranslation())
        return Rigid.about(self._center, rotation, offset)


def _image(volume: Volume) -> Any:
    """A volume as ITK has it: LPS mm as well, arrays in the order z, y, x."""
    result = sitk.GetImageFromArray(np.ascontiguousarray(volume.array.T))
    result.SetOrigin(tuple(volume.affine[:3, 3]))
    result.SetSpacing(tuple(volume.spacing_mm))
    result.SetDirection(tuple(volume.direction.ravel()))
    return result
