"""What is true of the lesions of a reference: kind, compartment, contrast, mass, position."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import box_around
from calciscope.evaluation.matching import voxels_by_id
from calciscope.evaluation.reference_cases import ReferenceCase
from calciscope.labels import Label
from calciscope.physics import ha_slope_hu_per_mg_cc
from calciscope.volume import Array, Volume

MINERAL_KINDS = "CH"
"""First letters of the kinds that are soft-tissue calcification: calcinosis and ossification."""

SHELL_MM = (3.0, 6.0)
"""Distances from a lesion between which its background is taken, as the runtime takes it."""


@dataclass(frozen=True)
class LesionTruth:
    """One reference lesion; None where the reference does not say.

    Attributes:
        contrast_hu: from the metadata, else its 95th percentile over the median around it.
        center_lps_mm: its voxel nearest its centroid.
        center: index of that voxel.
    """

    kind: str | None
    compartment: str | None
    contrast_hu: float | None
    ha_mass_mg: float | None
    center_lps_mm: tuple[float, float, float]
    center: tuple[int, int, int]


def lesion_truths(case: ReferenceCase, ids: Array) -> dict[int, LesionTruth]:
    """What is true of each reference lesion, by its id.

    Args:
        case: the case.
        ids: its reference lesions, 0 outside; same grid.
    """
    rows = _rows_by_id(case, ids)
    truths = {}
    for number, voxels in voxels_by_id(ids).items():
        row = rows.get(number, {})
        center = central_voxel(voxels)
        contrast = row.get("peak_contrast_hu")
        if contrast is None and case.ct is not None:
            contrast = contrast_hu(case.ct, voxels, case.labels.array == Label.CALCIFICATION)
        x, y, z = (float(value) for value in case.labels.lps_mm(center))
        truths[number] = LesionTruth(
            row.get("kind"),
            row.get("compartment"),
            None if contrast is None else float(contrast),
            None if row.get("ha_mass_mg") is None else float(row["ha_mass_mg"]),
            (x, y, z),
            center,
        )
    return truths


def central_voxel(voxels: NDArray[np.intp]) -> tuple[int, int, int]:
    """The voxel of a component that is nearest its centroid."""
    nearest = np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))
    i, j, k = (int(value) for value in voxels[nearest])
    return i, j, k


def is_mineral(row: Mapping[str, Any]) -> bool:
    """Whether a row of a case's metadata is soft-tissue calcification, and visible in the CT."""
    kind = str(row.get("kind", "C"))
    return kind[:1] in MINERAL_KINDS and bool(row.get("visible", True))


def reference_mass_mg(case: ReferenceCase) -> float | None:
    """HA mass of all visible mineral; None where the reference does not give it."""
    rows = case.meta.get("lesions")
    if rows is None:
        return None
    masses = [row.get("ha_mass_mg") for row in rows if is_mineral(row)]
    return None if None in masses else float(sum(masses))


def slope_factor(case: ReferenceCase) -> float:
    """The HA slope that a synthetic case was made with, over that of the physics table; else 1.

    A scanner's own slope is known from its calibration; that error is not the model's.
    """
    how = case.meta.get("acquisition", {})
    if "slope_factor" in how:
        return float(how["slope_factor"])
    if "slope_hu_per_mg_cc" in how and case.strata.kvp is not None:
        return float(how["slope_hu_per_mg_cc"]) / ha_slope_hu_per_mg_cc(case.strata.kvp)
    return 1.0


def _rows_by_id(case: ReferenceCase, ids: Array) -> dict[int, Mapping[str, Any]]:
    """The metadata of each lesion: that of the largest one placed into its component."""
    result: dict[int, Mapping[str, Any]] = {}
    rows = [row for row in case.meta.get("lesions", ()) if is_mineral(row)]
    for row in sorted(rows, key=lambda row: float(row.get("volume_mm3", 0.0))):
        index = _index_of(row, case.labels)
        if index is not None and int(ids[index]) > 0:
            result[int(ids[index])] = row
    return result


def _index_of(row: Mapping[str, Any], grid: Volume) -> tuple[int, ...] | None:
    """The voxel that a row names, None where it names none or one outside."""
    if row.get("center_index") is not None:
        index = np.asarray(row["center_index"], dtype=int)
    elif row.get("center_lps_mm") is not None:
        index = np.rint(grid.index(row["center_lps_mm"])).astype(int)
    else:
        return None
    inside = len(index) == 3 and (index >= 0).all() and (index < grid.shape).all()
    return tuple(int(value) for value in index) if inside else None


def contrast_hu(ct: Volume, voxels: NDArray[np.intp], mineral: NDArray[np.bool_]) -> float | None:
    """A lesion's 95th percentile HU over the median of the tissue 3 to 6 mm around it.

    Args:
        ct: HU.
        voxels: of the lesion, shape (N, 3).
        mineral: bool, shape of the CT: what is left out of the background.
    """
    margin = np.ceil(SHELL_MM[1] / ct.spacing_mm).astype(int) + 1
    low, high = box_around(voxels, margin, ct.shape)
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    own = np.zeros(tuple(high - low), bool)
    own[tuple((voxels - low).T)] = True
    away = ndimage.distance_transform_edt(~own, sampling=ct.spacing_mm)
    shell = (away >= SHELL_MM[0]) & (away <= SHELL_MM[1]) & ~mineral[box]
    if not shell.any():
        return None
    hu = ct.array[box]
    return float(np.percentile(hu[own], 95)) - float(np.median(hu[shell]))
