"""Mineral of a lesion: its background, its volume aware of partial volume, its hydroxyapatite mass.

With d the excess of each voxel over its background and v the voxel volume, summed over the lesion
and its margin:

- V_pv = sum(d) v / (HU_core - HU_background)
- mass = sum(d) k v, with k in mg/cm3 per HU (McCollough 2007, Radiology 243:527)

Blur moves the excess around without changing its sum, so both are nearly independent of the
scanner's sharpness, while the volume of a thresholded mask is not. Voxels darker than noise
explains (air, fat between muscles) count as empty. Clipping every negative d instead would sum
the noise of the margin: at a noise of 70 HU it adds 10 to 70 % to the mass of a 3 mm lesion.

What noise does to a mass is in `mass_uncertainty.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtri

from calciscope.ct.mass_uncertainty import sum_noise
from calciscope.ct.neighborhood import Neighborhood
from calciscope.ct.settings import MeasurementSettings
from calciscope.labels import Label
from calciscope.physics import tissue_hu

_MINIMUM_SAMPLE = 20
"""Fewer voxels than this give no median worth using."""

_DARKER_THAN_NOISE = 3.0
"""Voxels darker than their background by more than this many SD of the noise hold no mineral."""

_FALLBACK_NOISE_HU = 20.0
"""Noise where there is no background to measure it in."""


@dataclass(frozen=True)
class Mineral:
    """Mineral content of a lesion.

    Attributes:
        volume_pv_mm3: volume of pure mineral with the lesion's core HU.
        ha_mass_mg: mass of hydroxyapatite.
        background_hu: median HU of the tissue around, as a mean over the summed voxels.
        noise_mg: SD of the mass from the noise of the image and of the background.
    """

    volume_pv_mm3: float
    ha_mass_mg: float
    background_hu: float
    noise_mg: float


@dataclass(frozen=True, eq=False)
class Background:
    """What a lesion is compared with; arrays in the neighborhood's shape.

    Attributes:
        hu: that each voxel would have without the mineral.
        noise_hu: SD around it.
        sample: bool, the voxels it was taken from.
    """

    hu: NDArray[np.float64]
    noise_hu: float
    sample: NDArray[np.bool_]


def measure_mineral(
    near: Neighborhood, around: Background, ha_mg_cc_per_hu: float, settings: MeasurementSettings
) -> Mineral:
    """Measure the mineral of one lesion.

    Args:
        near: the lesion and at least the far end of the background shell around it.
        around: its background.
        ha_mg_cc_per_hu: calibration factor k.
        settings: core rule.
    """
    hu = near.ct.array.astype(np.float64)
    background, noise = around.hu, around.noise_hu
    residual = hu - background
    excess = residual[near.territory]
    total = float(excess[excess >= -_DARKER_THAN_NOISE * noise].sum())
    total_mm3 = max(total, 0.0) * near.ct.voxel_volume_mm3
    mean_background = float(background[near.territory].mean())
    core = _core_hu(hu[near.lesion], noise, settings)
    random = sum_noise(residual, around.sample, near.territory, noise, near.ct.spacing_mm)
    mg_per_hu = near.ct.voxel_volume_mm3 / 1000.0 * ha_mg_cc_per_hu
    return Mineral(
        volume_pv_mm3=total_mm3 / max(core - mean_background, 1.0),
        ha_mass_mg=total_mm3 / 1000.0 * ha_mg_cc_per_hu,
        background_hu=mean_background,
        noise_mg=random.mass_mg(len(excess), mg_per_hu),
    )


def _core_hu(inside: NDArray[np.float64], noise: float, settings: MeasurementSettings) -> float:
    """HU of a lesion's pure mineral: a high percentile, less what noise alone adds to it."""
    percentile = settings.core_percentile
    core = float(np.percentile(inside, percentile)) - float(ndtri(percentile / 100)) * noise
    core = max(core, float(inside.mean()))
    if len(inside) <= settings.core_minimum_voxels:
        core = max(core, settings.core_fallback_hu)
    return core


def background_hu(near: Neighborhood, kvp: float, settings: MeasurementSettings) -> Background:
    """HU that each voxel would have without the mineral, and the noise around it (SD in HU).

    The median of the shell, taken for muscle and for subcutis apart: each voxel gets that of its
    own tissue. A plaque in thin fat would otherwise be compared with the muscle below it. Bone,
    other lesions and their margins, vessel walls, metal and air are left out.

    Args:
        near: the lesion and at least the far end of the background shell around it.
        kvp: tube voltage, for the textbook background where none can be sampled.
        settings: the background shell.
    """
    closest, farthest = settings.background_shell_mm
    excluded = ndimage.binary_dilation(near.dense) | near.other | near.territory | ~near.body
    shell = (near.distance_mm >= closest) & (near.distance_mm <= farthest) & ~excluded
    if shell.sum() < _MINIMUM_SAMPLE:
        shell = (near.distance_mm > 0) & ~excluded
    hu = near.ct.array
    overall = float(np.median(hu[shell])) if shell.any() else tissue_hu("muscle", kvp)
    result = np.full(hu.shape, overall)
    sample = shell.copy()
    tissue = _soft_tissue(near)
    for label in (Label.SUBCUTANEOUS, Label.MUSCLE):
        same = near.tissue == label
        if (shell & same).sum() >= _MINIMUM_SAMPLE:
            # What lies deep in a tissue is pure; its borders hold some of the neighbor.
            deep = shell & same
            if not same.all():
                depth = ndimage.distance_transform_edt(same, sampling=tuple(near.ct.spacing_mm))
                deep &= depth >= np.median(depth[deep])
            result[tissue == label] = float(np.median(hu[deep]))
            sample &= deep | ~same
    residuals = np.abs(hu - result)[shell]
    # 1.4826 times the median absolute deviation is the SD of a normal distribution.
    noise = 1.4826 * float(np.median(residuals)) if len(residuals) else _FALLBACK_NOISE_HU
    return Background(result, noise, sample)


def _soft_tissue(near: Neighborhood) -> NDArray[np.uint8]:
    """Muscle or subcutis for each voxel: its own label, or that of the nearest voxel with one.

    What is blurred between mineral and fat looks like muscle. So labels within lesions do not
    count, and muscle in a lesion's margin is muscle only where there is some beyond it as well.
    """
    soft = np.isin(near.tissue, (Label.MUSCLE, Label.SUBCUTANEOUS))
    margin = near.territory | near.other
    result = _nearest(near, soft & ~near.inside)
    if not ((result == Label.MUSCLE) & margin).any() or not (result == Label.SUBCUTANEOUS).any():
        return result
    beyond = _nearest(near, soft & ~near.inside & ~margin)
    doubtful = margin & (result == Label.MUSCLE) & (beyond == Label.SUBCUTANEOUS)
    return np.where(doubtful, beyond, result)


def _nearest(near: Neighborhood, known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The label of the nearest known voxel; all labels as they are where none is known."""
    if not known.any():
        return near.tissue
    _, indices = ndimage.distance_transform_edt(
        ~known, sampling=tuple(near.ct.spacing_mm), return_indices=True
    )
    return np.asarray(near.tissue[tuple(indices)], dtype=np.uint8)
