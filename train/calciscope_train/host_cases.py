"""One training case from a real limb: the host is labelled by rule and gets mineral inserted.

A case depends on its host, the number of its variant and the seed alone, so that any number of
processes makes the same cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.labels import IGNORE, Label
from calciscope.phantom.mineral import Lesion
from calciscope.phantom.placement import Placement, place_lesions
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.preprocessing import PreprocessingSpec, preprocess
from calciscope.volume import Volume
from calciscope_train.cases import write_case
from calciscope_train.generator import GENERATOR, host_settings
from calciscope_train.host_config import HostConfig
from calciscope_train.host_confounders import ALONG_VESSELS, draw_on_vessels, occupied_by
from calciscope_train.host_insertion import Imaging, insert_lesions
from calciscope_train.host_label_map import label_mapped_host, read_label_map
from calciscope_train.host_lumens import fill_lumens
from calciscope_train.host_psf import measure_point_spread
from calciscope_train.host_tissues import label_host
from calciscope_train.host_vessels import Vessel, find_vessels, vessel_from_points

SLOPE_SPREAD = (0.88, 1.14)
"""Range of the HA slope between scanners around its table value."""

STREAK_HU = (25.0, 160.0)
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
        lumens: bool, gas and bowel that contrast may be inserted in.
        vessels: found by rule or followed by eye.
    """

    name: str
    ct: Volume
    tissues: Volume
    fwhm_mm: float
    measured: bool
    noise_hu: float
    lumens: Volume
    vessels: tuple[Vessel, ...] = ()


def read_host(path: Path) -> Volume:
    """Read a NIfTI CT in HU; raises InputError where it cannot be read."""
    try:
        image = nibabel.nifti1.Nifti1Image.from_filename(path)
        return Volume.from_ras(np.asarray(image.dataobj), np.asarray(image.affine))
    except (OSError, ValueError, nibabel.filebasedimages.ImageFileError) as error:
        raise InputError(f"{path} cannot be read as a NIfTI CT: {error}") from error


def prepare_host(config: HostConfig, name: str, spec: PreprocessingSpec) -> PreparedHost:
    """Label one host and measure its resolution and noise."""
    host = config.hosts[name]
    native = read_host(config.path(name))
    ct = preprocess(native, spec).volume
    if host.label_map is None:
        labelled = label_host(ct, host.rules)
    else:
        classes = read_label_map(host.label_map, ct, native.shape)
        labelled = label_mapped_host(ct, classes, host.rules)
    fwhm, measured = _resolution(config, name, ct, labelled.body)
    drawn = [vessel_from_points(ct, points) for points in host.vessels]
    return PreparedHost(
        name,
        ct,
        labelled.tissues,
        fwhm,
        measured,
        noise_in_muscle(ct, labelled.tissues),
        labelled.lumens,
        (*drawn, *find_vessels(ct, labelled.tissues)),
    )


def _resolution(config: HostConfig, name: str, ct: Volume, body: Volume) -> tuple[float, bool]:
    """In-plane FWHM (mm), and whether it was measured."""
    known = config.hosts[name].fwhm_mm
    if known is not None:
        return known, False
    low, high = config.fwhm_limits_mm
    try:
        return float(np.clip(measure_point_spread(ct, body).fwhm_mm, low, high)), True
    except InputError:
        return float(np.clip(config.fwhm_mm, low, high)), False


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
        int(rng.integers(2**31)),
    )
    means = config.negative_counts if is_negative(variant, config) else config.counts
    counts = draw_counts(host.tissues, means, config.soft_liters, rng)
    on_vessels = draw_on_vessels(host.vessels, counts, rng)
    free = host.tissues.with_array(occupied_by(on_vessels, host.tissues))
    elsewhere = {kind: n for kind, n in counts.items() if kind not in ALONG_VESSELS}
    placement = place_lesions(bordered(free), elsewhere, rng)
    placement.check(config.minimum_placed_share)
    book(placement, on_vessels, counts)
    ct, labels, lesions = insert_lesions(host.ct, host.tissues.array, placement.lesions, imaging)
    if rng.uniform() < config.lumen_share and host.lumens.array.any():
        ct, labels, filled = fill_lumens(
            host.ct.with_array(ct), labels, host.lumens.array, rng, len(lesions) + 1
        )
        lesions += filled
    record = {
        "case_id": folder.name,
        "source": "host",
        "spacing_mm": [float(mm) for mm in host.ct.spacing_mm],
        "seed": seed,
        "variant": variant,
        "host": host.name,
        GENERATOR: host_settings(config, host.name),
        "patient_id": config.patient_of(host.name),
        "license": config.license_of(host.name),
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


def book(placement: Placement, on_vessels: list[Lesion], counts: Mapping[str, int]) -> None:
    """Add lesions drawn on vessels to a placement and its books.

    After `Placement.check`: a host may show fewer vessels than were asked for, which is no fault of
    the case. The books say so all the same, and the coverage of the set with them.

    Args:
        placement: of the lesions off the vessels.
        on_vessels: what `draw_on_vessels` gave.
        counts: requests by kind.
    """
    for kind in ALONG_VESSELS:
        if counts.get(kind, 0):
            placement.requested[kind] += counts[kind]
    for lesion in on_vessels:
        placement.placed[lesion.kind] += 1
        placement.lesions.append(lesion)


def draw_counts(
    tissues: Volume, means: Mapping[str, float], soft_liters: float, rng: np.random.Generator
) -> dict[str, int]:
    """How many lesions of each kind: Poisson, rich and poor variants, more in larger limbs.

    The mean grows with the root of the soft tissue, so that a thigh is not crowded and a calf not
    empty.

    Args:
        tissues: labels of the host.
        means: by kind, for `soft_liters` of soft tissue.
        soft_liters: see there.
        rng: source of every draw.
    """
    soft = np.isin(tissues.array, (Label.MUSCLE, Label.SUBCUTANEOUS)).sum()
    liters = float(soft) * tissues.voxel_volume_mm3 / 1e6
    richness = float(rng.uniform(0.3, 1.7)) * (liters / soft_liters) ** 0.5
    return {kind: int(rng.poisson(mean * richness)) for kind, mean in means.items()}


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
