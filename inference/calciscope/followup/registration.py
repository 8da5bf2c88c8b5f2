"""Rigid registration of one part of the skeleton: SimpleITK on signed distance maps.

Distance maps rather than HU: results of a run hold no CT, contrast and kernel do not matter, and
the gradient of a distance leads home from far away. Only voxels near the part's own surface count,
and only where the later scan shows something, so that fields of view may differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import bounding_box
from calciscope.followup.fit import Surfaces, long_axis
from calciscope.followup.rigid import Rigid
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import MARGIN_MM, Part, Skeleton
from calciscope.followup.starts import best_starts
from calciscope.followup.surfaces import signed_distance, surface_points
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

SLIDES = 4
"""How often a bone may be slid along itself to a place that fits better."""

JOINT_SHIFT_MM = 20.0
"""A part does not leave its limb: it lies no farther than this along it from where that takes it."""

NO_MOTION = Rigid.identity()


@dataclass(frozen=True, eq=False)
class RegisteredPart:
    """A part of the skeleton at both dates.

    Attributes:
        surface_mm: points of its earlier surface, LPS mm, shape (N, 3).
        earlier_to_later: its motion, LPS mm.
        residual_mm: mean distance between the surfaces of both dates, where both show them; the
            larger of both ways.
        overlap: share of its earlier surface that the later scan shows; 0 where it was not found.
        is_placed: whether its place is certain: both scans show enough of its limb, and the limb
            does not fit elsewhere along itself as well.
    """

    part: Part
    surface_mm: NDArray[np.float64]
    earlier_to_later: Rigid = NO_MOTION
    residual_mm: float = math.inf
    overlap: float = 0.0
    is_placed: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether the later scan shows it."""
        return self.overlap > 0.0


def register_limb(
    numbers: Sequence[int], earlier: Skeleton, later: Skeleton, settings: ComparisonSettings
) -> tuple[RegisteredPart, ...]:
    """Register the parts of one side, or those of the trunk: together, then each on its own.

    They are looked for among the bones of that side and of the trunk. A part alone may refine the
    motion of its limb, but not leave it: a shaft alone slides along itself, with its neighbors it
    does not. Where the later scan shows little of a part, it goes with its limb.

    Args:
        numbers: indices in `earlier.parts`, all of one side.
        earlier, later: of the two dates.
        settings: how much must be shown, and what fits.
    """
    limb = _Bones.of(numbers, earlier, later)
    bones = [limb if len(numbers) == 1 else _Bones.of([n], earlier, later) for n in numbers]
    joint = None if limb is None else limb.best()
    if limb is None or joint is None:
        return tuple(RegisteredPart(earlier.parts[n], _surface(earlier, [n])) for n in numbers)
    shared = limb.surfaces.fit(joint).shared
    placed = shared >= settings.least_overlap and not limb.surfaces.slides(joint)
    return tuple(
        RegisteredPart(earlier.parts[n], _surface(earlier, [n]))
        if own is None
        else _registered(earlier.parts[n], own, joint, placed, settings, alone=len(numbers) > 1)
        for n, own in zip(numbers, bones, strict=True)
    )


def _registered(
    part: Part,
    bones: "_Bones",
    joint: Rigid,
    placed: bool,
    settings: ComparisonSettings,
    alone: bool,
) -> RegisteredPart:
    """A part with the motion of its limb, or with its own where that fits better."""
    motion, fit = joint, bones.surfaces.fit(joint)
    if alone and fit.overlap >= settings.least_overlap:
        own = bones.best(joint)
        if own is not None and bones.stays(own, joint):
            refined = bones.surfaces.fit(own)
            if refined.residual_mm < fit.residual_mm - JOINT_MM:
                motion, fit = own, refined
    return RegisteredPart(
        part, bones.surfaces.earlier, motion, fit.residual_mm, fit.overlap, placed
    )


class _Bones:
    """A part, or all of a limb, among the bones of its side at both dates."""

    def __init__(
        self, surfaces: Surfaces, target: NDArray[np.float64], region: NDArray[np.bool_]
    ) -> None:
        self.surfaces = surfaces
        self._target = target
        self._region = region

    @classmethod
    def of(cls, numbers: Sequence[int], earlier: Skeleton, later: Skeleton) -> "_Bones | None":
        """The parts of these numbers; None where a date shows nothing to register."""
        side = earlier.parts[numbers[0]].side
        labels = [number + 1 for number in numbers]
        bones = earlier.labels.with_array(earlier.beside(side))
        fixed = _cropped(bones)
        moving = _cropped(later.labels.with_array(later.beside(side)))
        if fixed is None or moving is None:
            return None
        every = _values_on(earlier.labels, fixed)
        own = np.isin(every, labels)
        surface = _surface(earlier, numbers)
        to_earlier = signed_distance(fixed, MOST_MM[0])
        region = _near(fixed, own, to_earlier)
        if len(surface) == 0 or not region.any():
            return None
        same = [k + 1 for k, part in enumerate(later.parts) if part.side is side]
        surfaces = Surfaces(
            earlier=surface,
            later=surface_points(moving, np.isin(_values_on(later.labels, moving), same)),
            to_earlier=to_earlier,
            to_later=signed_distance(moving, MOST_MM[0]),
            others=surface_points(fixed, np.asarray(fixed.array) & ~own),
        )
        return cls(surfaces, moving.lps_mm(np.argwhere(moving.array)[::7]), region)

    def best(self, near: Rigid | None = None) -> Rigid | None:
        """The motion that fits best; None where no place is found.

        Args:
            near: motion of the whole limb, which a part does not leave.
        """
        allowed = None if near is None else partial(self.stays, joint=near)
        starts = best_starts(self.surfaces, self._target, STARTS, allowed)
        if near is not None:
            starts = [near, *starts]
        if not starts:
            return None
        far = self.surfaces.to_later
        coarse = _Matcher(self.surfaces.to_earlier, far, self._region, LEAST_STEPS_MM[0])
        tried: list[tuple[float, Rigid]] = []
        for start in starts:
            motion = coarse.refine(start)
            tried.append((float(self.surfaces.costs([motion])[0]), motion))
            if tried[-1][0] <= FITS_MM:
                break
        nearest = min(tried, key=lambda pair: pair[0])[1]
        cut, far_cut = (_cut(distance, MOST_MM[1]) for distance in (self.surfaces.to_earlier, far))
        fine = _Matcher(cut, far_cut, self._region, LEAST_STEPS_MM[1])
        motion = fine.refine(nearest)
        return motion if near is not None else self._slid_home(motion, fine)

    def _slid_home(self, motion: Rigid, fine: "_Matcher") -> Rigid:
        """Leave a place where a shaft came to rest beside the better one further along it."""
        for _ in range(SLIDES):
            better = min(self.surfaces.slid(motion), key=lambda pair: pair[0], default=None)
            square = self.surfaces.fit(motion, thin=True).square_mm2
            if better is None or better[0] >= square:
                return motion
            moved = fine.refine(better[1])
            if self.surfaces.fit(moved, thin=True).square_mm2 >= square:
                return motion
            motion = moved
        return motion

    def stays(self, motion: Rigid, joint: Rigid) -> bool:
        """Whether a motion leaves the part where its limb takes it, seen along the part."""
        center = self.surfaces.earlier.mean(axis=0)
        axis = joint.rotation @ long_axis(self.surfaces.earlier)
        return abs(float(axis @ (motion(center) - joint(center)))) <= JOINT_SHIFT_MM


def _surface(skeleton: Skeleton, numbers: Sequence[int]) -> NDArray[np.float64]:
    """Points of the surface of some parts of one side, LPS mm, shape (N, 3)."""
    bones = skeleton.labels.with_array(skeleton.beside(skeleton.parts[numbers[0]].side))
    return surface_points(bones, np.isin(skeleton.labels.array, [n + 1 for n in numbers]))


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
