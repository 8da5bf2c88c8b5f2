"""How far the uptake of bone lies from the bone of the CT: the patient moved between the scans.

What the CT leads to expect (bone takes up most, muscle less, fat least) is blurred like a SPECT
and moved rigidly until it correlates best with the SPECT (SimpleITK). Uptake is cut off well above
muscle, so that no focus outweighs the skeleton, and what surrounds mineral of soft tissue is left
out: its uptake is what is looked for, not where the skeleton is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.followup.rigid import Rigid
from calciscope.labels import Label
from calciscope.spect.hot_spots import FWHM_PER_SD
from calciscope.spect.on_grid import LabelShares
from calciscope.spect.uptake import values_at
from calciscope.volume import Array, Volume

EXPECTED = {
    Label.BONE: 1.0,
    Label.MUSCLE: 0.4,
    Label.CALCIFICATION: 0.4,
    Label.VASCULAR: 0.4,
    Label.SUBCUTANEOUS: 0.15,
}
"""Uptake relative to bone, about as in the tables of normal uptake."""

BLUR_MM = 10.0
CUT_TIMES_MUSCLE = 3.0
BLINDING_TIMES_MUSCLE = 12.0
"""What is hotter, such as a bladder, is left out with its halo."""

MINERAL_MM = 20.0
BODY_MM = 25.0
"""Air this near to the body takes part: the skin guides as well."""

LEAST_BONE_ML = 10.0
LEAST_CONTRAST = 1.3
"""Of bone over muscle, once they lie together; with less there is no bone uptake to go by."""

LEAST_CORRELATION = 0.5
MOST_MM = 40.0
"""A larger shift is no misregistration but a failure to find one."""

LEVELS_MM = (12.0, 0.0)
ITERATIONS = 60
POINTS = (10_000, 30_000)
"""Voxels that are compared at each level; more change nothing but the time."""


@dataclass(frozen=True, eq=False)
class Misregistration:
    """How a SPECT lies against the CT.

    Attributes:
        shift_mm: mean distance by which the bones are off.
        spect_to_ct: the rigid motion that takes a place in the SPECT to where the CT has it.
        correlation: of SPECT and expectation after that motion, 0 to 1.
    """

    shift_mm: float
    spect_to_ct: Rigid
    correlation: float


def moved(volume: Volume, motion: Rigid) -> Volume:
    """A volume moved as a whole: the same voxels elsewhere; nothing is resampled."""
    return Volume(volume.array, motion.matrix @ volume.affine)


def find_misregistration(uptake: Volume, shares: LabelShares) -> Misregistration | None:
    """Estimate how far the SPECT lies from the CT.

    Args:
        uptake: the SPECT.
        shares: of the CT's labels on its grid.

    Returns:
        None where that cannot be told: too little bone in view of both, or no uptake in it.

    Raises:
        InputError: the labels were not averaged on the grid of the SPECT.
    """
    if not uptake.same_grid(shares.grid):
        raise InputError("the shares of labels do not lie on the grid of the SPECT")
    bone = shares.share(Label.BONE)
    muscle = shares.share(Label.MUSCLE) >= 0.9
    if not muscle.any():
        return None
    level = float(np.median(uptake.array[muscle]))
    region = _region(uptake, shares, level)
    solid = (bone >= 0.5) & region
    if level <= 0 or solid.sum() * uptake.voxel_volume_mm3 < 1000.0 * LEAST_BONE_ML:
        return None
    expected = _expected(shares, uptake.spacing_mm)
    cut = np.minimum(uptake.array, np.float32(CUT_TIMES_MUSCLE * level)).astype(np.float32)
    center = uptake.lps_mm(np.argwhere(solid)).mean(axis=0)
    motion = _matched(uptake.with_array(cut), uptake.with_array(expected), region, center)
    bones_in_ct = uptake.lps_mm(np.argwhere(solid))
    bones = motion.inverse(bones_in_ct)
    shift_mm = float(np.linalg.norm(bones - bones_in_ct, axis=1).mean())
    there = values_at(uptake.with_array(expected), motion(uptake.lps_mm(np.argwhere(region))))
    correlation = float(np.corrcoef(there, cut[region])[0, 1])
    contrast = float(np.mean(values_at(uptake.with_array(cut), bones))) / level
    if contrast < LEAST_CONTRAST or shift_mm > MOST_MM or not correlation >= LEAST_CORRELATION:
        return None
    return Misregistration(shift_mm, motion, correlation)


def _expected(shares: LabelShares, spacing_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    expected = np.zeros(shares.counts.shape[:3], np.float32)
    for label, uptake in EXPECTED.items():
        expected += np.float32(uptake) * shares.share(label)
    return _blurred(expected, BLUR_MM, spacing_mm)


def _region(uptake: Volume, shares: LabelShares, level: float) -> NDArray[np.bool_]:
    """Voxels that are compared."""
    spacing = tuple(uptake.spacing_mm)

    def within(mask: Array, distance_mm: float) -> NDArray[np.bool_]:
        if not mask.any():
            return np.zeros(mask.shape, dtype=bool)
        return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing) <= distance_mm)

    body = shares.share(*EXPECTED) >= 0.5
    region = shares.covered & within(body, BODY_MM)
    region &= ~within(uptake.array > BLINDING_TIMES_MUSCLE * level, MINERAL_MM)
    # Beyond the end of the CT the expectation is empty, and what comes from there is not.
    if not shares.covered.all():
        region &= ~within(~shares.covered & within(body, BODY_MM), BLUR_MM)
    away = region & ~within(shares.share(Label.CALCIFICATION) > 0, MINERAL_MM)
    solid = shares.share(Label.BONE) >= 0.5
    return away if 4 * (away & solid).sum() >= (region & solid).sum() else region


def _matched(
    fixed: Volume, moving: Volume, region: NDArray[np.bool_], center: NDArray[np.float64]
) -> Rigid:
    """The motion from the fixed to the moving image that correlates best."""
    transform = sitk.Euler3DTransform()
    transform.SetCenter(tuple(center))
    for blur_mm, points in zip(LEVELS_MM, POINTS, strict=True):
        method = sitk.ImageRegistrationMethod()
        # One thread: sums in one order, so that the same input gives the same output.
        method.SetNumberOfThreads(1)
        method.SetMetricAsCorrelation()
        method.SetMetricFixedMask(_image(fixed.with_array(region.astype(np.uint8))))
        method.SetMetricSamplingStrategy(method.REGULAR)
        # The share is of the whole image, masked or not.
        method.SetMetricSamplingPercentage(min(1.0, points / max(int(region.sum()), 1)))
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=4.0 if blur_mm else 1.0,
            minStep=0.1 if blur_mm else 0.02,
            numberOfIterations=ITERATIONS,
            relaxationFactor=0.6,
            gradientMagnitudeTolerance=1e-8,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        images = [
            _image(each.with_array(_blurred(each.array, blur_mm, each.spacing_mm)))
            for each in (fixed, moving)
        ]
        try:
            method.Execute(*images)
        except RuntimeError:
            # ITK raises where no voxel of the one falls into the other.
            return Rigid.identity()
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    return Rigid.about(center, rotation, center + np.array(transform.GetTranslation()))


def _blurred(array: Array, fwhm_mm: float, spacing_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    values = np.asarray(array, dtype=np.float32)
    if fwhm_mm <= 0:
        return values
    return np.asarray(ndimage.gaussian_filter(values, fwhm_mm / FWHM_PER_SD / spacing_mm))


def _image(volume: Volume) -> Any:
    """A volume as ITK has it: LPS mm as well, arrays in the order z, y, x."""
    canonical = volume.canonical().volume
    result = sitk.GetImageFromArray(np.ascontiguousarray(canonical.array.T))
    result.SetOrigin(tuple(canonical.affine[:3, 3]))
    result.SetSpacing(tuple(canonical.spacing_mm))
    result.SetDirection(tuple(canonical.direction.ravel()))
    return result
