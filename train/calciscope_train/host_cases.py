"""One training case from a real limb: the host is labelled by rule and gets mineral inserted.

A case depends on its host, the number of its variant and the seed alone, so that any number of
processes makes the same cases.
"""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.placement import Placement, place_lesions
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.volume import Volume
from calciscope_train.cases import write_case
from calciscope_train.host_config import HostConfig
from calciscope_train.host_insertion import Imaging, insert_lesions
from calciscope_train.host_psf import measure_point_spread
from calciscope_train.host_tissues import label_host

SLOPE_SPREAD = (0.88, 1.14)
"""Range of the HA slope between scanners around its table value."""

STREAK_HU = (60.0, 400.0)
"""Depth of streaks around inserted metal."""

BORDER_MM = 25.0
"""Unknown tissue put around a crop before placement, so that its cut is not taken for skin."""


@dataclass(frozen=True, eq=False)
class PreparedHost:
    """A host on the model grid.

    Attributes:
        name: its id.
        ct: canonical, int16 HU.
        tissues: uint8 labels and 255.
        fwhm_mm: in-plane resolution.
        measured: whether that was measured in this host.
        noise_hu: standard deviation of the noise in muscle.
    """

    name: str
    ct: Volume
    tissues: Volume
    fwhm_mm: float
    measured: bool
    noise_hu: float


def read_host(path: Path) -> Volume:
    """Read a NIfTI CT in HU; raises InputError where it cannot be read."""
    try:
        image = nibabel.nifti1.Nifti1Image.from_filename(path)
        return Volume.from_ras(np.asarray(image.dataobj), np.asarray(image.affine))
    except (OSError, ValueError, nibabel.filebasedimages.ImageFileError) as error:
        raise InputError(f"{path} cannot be read as a NIfTI CT: {error}") from error


def prepare_host(config: HostConfig, name: str, spec: PreprocessingSpec) -> PreparedHost:
    """Label one host and measure its resolution and noise."""
    ct = preprocess(read_host(config.path(name)), spec).volume
    labelled = label_host(ct, config.hosts[name].rules)
    low, high = config.fwhm_limits_mm
    try:
        fwhm, measured = measure_point_spread(ct, labelled.body).fwhm_mm, True
    except InputError:
        fwhm, measured = config.fwhm_mm, False
    return PreparedHost(
        name,
        ct,
        labelled.tissues,
        float(np.clip(fwhm, low, high)),
        measured,
        noise_in_muscle(ct, labelled.tissues),
    )


def noise_in_muscle(ct: Volume, tissues: Volume) -> float:
    """Robust standard deviation (HU) of what a 5 x 5 mean leaves in muscle; 0 without muscle."""
    hu = ct.array.astype(np.float32)
    muscle = ndimage.binary_erosion(tissues.array == Label.MUSCLE, np.ones((5, 5, 1), dtype=bool))
    rest = (hu - ndimage.uniform_filter(hu, (5, 5, 1)))[muscle]
    if rest.size == 0:
        return 0.0
    return float(1.4826 * np.median(np.abs(rest - np.median(rest))))


def write_variant(
    host: PreparedHost, config: HostConfig, variant: int, seed: int, folder: Path
) -> Placement:
    """Make and write one case; returns the books of its placement.

    Raises:
        PhantomError: too many of the lesions asked for found no room.
    """
    rng = np.random.default_rng([seed, crc32(host.name.encode()), variant])
    imaging = Imaging(
        host.fwhm_mm,
        ha_slope_hu_per_mg_cc(config.kvp) * float(rng.uniform(*SLOPE_SPREAD)),
        max(config.minimum_contrast_hu, config.minimum_contrast_sigma * host.noise_hu),
        float(rng.uniform(*STREAK_HU)),
    )
    counts = {} if is_negative(variant, config) else draw_counts(host.tissues, config, rng)
    placement = place_lesions(bordered(host.tissues), counts, rng)
    placement.check(config.minimum_placed_share)
    ct, labels, lesions = insert_lesions(host.ct, host.tissues.array, placement.lesions, imaging)
    record = {
        "case_id": folder.name,
        "source": "host",
        "spacing_mm": [float(mm) for mm in host.ct.spacing_mm],
        "seed": seed,
        "variant": variant,
        "host": host.name,
        "acquisition": {
            "kvp": config.kvp,
            "slice_thickness_mm": config.slice_thickness_mm,
            "fwhm_mm": round(host.fwhm_mm, 3),
            "fwhm_measured": host.measured,
            "noise_hu": round(host.noise_hu, 2),
            "slope_hu_per_mg_cc": round(imaging.slope_hu_per_mg_cc, 4),
            "minimum_contrast_hu": round(imaging.minimum_contrast_hu, 1),
        },
        "requested": dict(placement.requested),
        "placed": dict(placement.placed),
        "lesions": lesions,
    }
    write_case(folder, ct, labels, record)
    return placement


def is_negative(variant: int, config: HostConfig) -> bool:
    """Whether a variant stays without lesions: every n-th one, for a share of 1 / n."""
    share = config.negative_share
    return int((variant + 1) * share) > int(variant * share)


def draw_counts(tissues: Volume, config: HostConfig, rng: np.random.Generator) -> dict[str, int]:
    """How many lesions of each kind: Poisson, rich and poor variants, more in larger limbs.

    The mean grows with the root of the soft tissue, so that a thigh is not crowded and a calf not
    empty.
    """
    soft = np.isin(tissues.array, (Label.MUSCLE, Label.SUBCUTANEOUS)).sum()
    liters = float(soft) * tissues.voxel_volume_mm3 / 1e6
    richness = float(rng.uniform(0.3, 1.7)) * (liters / config.soft_liters) ** 0.5
    return {kind: int(rng.poisson(mean * richness)) for kind, mean in config.counts.items()}


def bordered(tissues: Volume) -> Volume:
    """The label map with unknown tissue around: the cut of a crop is neither skin nor room."""
    width = [int(np.ceil(BORDER_MM / mm)) for mm in tissues.spacing_mm[:2]]
    # Even, as placement looks at every second voxel.
    pad = [(w + w % 2, w + w % 2) for w in width] + [(0, 0)]
    array: NDArray[np.uint8] = np.pad(tissues.array, pad, mode="edge")
    outside = np.ones(array.shape, dtype=bool)
    outside[pad[0][0] : -pad[0][0], pad[1][0] : -pad[1][0]] = False
    array[outside & (array != Label.BACKGROUND)] = IGNORE
    affine = tissues.affine.copy()
    affine[:3, 3] = tissues.lps_mm([-pad[0][0], -pad[1][0], 0])
    return Volume(array, affine)
