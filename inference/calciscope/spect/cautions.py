"""What the reader must know about a SPECT and what was made of it."""

from collections.abc import Sequence

import numpy as np

from calciscope.ct.masks import indices_of
from calciscope.findings import Lesion
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.spect.findings import SpectFindings
from calciscope.spect.hot_spots import HotSpots
from calciscope.spect.settings import SpectSettings
from calciscope.volume import Volume


def cautions_of(
    study: SpectStudy,
    findings: SpectFindings,
    found: HotSpots,
    lesions: Sequence[Lesion],
    lesion_ids: Volume,
    register: bool,
    settings: SpectSettings,
) -> tuple[str, ...]:
    """One sentence for each thing that makes the findings less certain."""
    cautions = []
    if study.units != SUVBW:
        reason = study.suv_refused or "the source gives none."
        cautions.append(
            f"The SPECT has no SUV ({reason.rstrip('.')}): hot spots are found and compared by "
            "ratios only."
        )
    cautions += _about_alignment(findings, register, settings)
    if not found.shares.covered.any():
        cautions.append(
            "The SPECT and the CT do not overlap: check that they are of the same study and "
            "frame of reference."
        )
    elif found.outside_ct:
        cautions.append(
            f"{_hot_spots(len(found.outside_ct))} beyond the CT: judged from the SPECT "
            "alone, without anatomy and without saying whether there is mineral."
        )
    unseen = _unseen(found.ids, lesion_ids) if lesions else 0
    if unseen:
        cautions.append(
            f"The SPECT does not show {unseen} of {len(lesions)} calcifications of the CT; "
            "nothing is said of their uptake."
        )
    return tuple(cautions)


def _about_alignment(findings: SpectFindings, register: bool, settings: SpectSettings) -> list[str]:
    shift = findings.misregistration_mm
    if shift is None:
        if register:
            return [
                "The SPECT could not be registered to the CT, as too little bone uptake is in "
                "view; it was analyzed as it lies."
            ]
        return []
    if findings.registered:
        return [
            f"The SPECT was moved onto the bones of the CT, by {shift:.0f} mm; the masks of its "
            "hot spots lie where it came from."
        ]
    if shift > settings.misregistration_mm:
        return [
            f"Bone uptake lies about {shift:.0f} mm off the bones of the CT: compartments "
            "and concordance may be wrong; --register moves the SPECT onto the CT."
        ]
    return []


def _hot_spots(count: int) -> str:
    return "1 hot spot lies" if count == 1 else f"{count} hot spots lie"


def _unseen(grid: Volume, lesion_ids: Volume) -> int:
    """How many lesions lie outside of the SPECT by more than half."""
    voxels = indices_of(lesion_ids.array > 0)
    ids = lesion_ids.array[tuple(voxels.T)]
    index = grid.index(lesion_ids.lps_mm(voxels))
    outside = ((index < -0.5) | (index > np.array(grid.shape) - 0.5)).any(axis=1)
    total, lost = np.bincount(ids), np.bincount(ids[outside], minlength=int(ids.max()) + 1)
    return int((2 * lost > total).sum())
