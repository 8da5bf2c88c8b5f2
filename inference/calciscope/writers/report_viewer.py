"""What the page needs for its 3D viewer: the viewer itself, two volumes, and where lesions are."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calciscope.ct.neighborhood import SegmentedCt
from calciscope.findings import Lesion
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume, ras_mm
from calciscope.writers import niivue
from calciscope.writers.nifti import volume_bytes
from calciscope.writers.pictures import compartment_color
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.viewer import TOP, uptake_volume, viewer_colors
from calciscope.writers.viewer_volumes import LAST_LABEL, TONE, viewer_volumes
from calciscope.writers.wording import compartment_text, volume_text


@dataclass(frozen=True)
class ReportViewer:
    """Text that the page carries until somebody starts the viewer.

    Attributes:
        bundle: NiiVue, gzip, base64.
        ct, lesions: NIfTI-1, gzip, base64.
        spect: the same of the uptake; "" without SPECT.
        scene: what the script reads, as JSON can hold it.
        spacing_mm: of both volumes.
    """

    bundle: str
    ct: str
    lesions: str
    spect: str
    scene: dict[str, Any]
    spacing_mm: tuple[float, float, float]
    licenses: str
    credit: str = niivue.CREDIT


def report_viewer(
    study: CtStudy,
    segmentation: SegmentedCt,
    lesions: Volume,
    measured: Sequence[Lesion],
    spect: SpectPictureInput | None = None,
) -> ReportViewer | None:
    """Prepare the viewer; None where nothing was found, since there is nothing to look for.

    Args:
        study: with the CT.
        segmentation: its body hides the table.
        lesions: lesion ids on the grid of the CT.
        measured: the lesions.
        spect: shown over the CT; None without SPECT.
    """
    if not measured:
        return None
    volumes = viewer_volumes(study.volume, segmentation.body, lesions)
    i, j, k = (float(spacing) for spacing in volumes.ct.spacing_mm)
    return ReportViewer(
        bundle=_text(niivue.compressed_bundle()),
        ct=_text(volume_bytes(volumes.ct)),
        lesions=_text(volume_bytes(volumes.lesions)),
        spect="" if spect is None else _text(volume_bytes(uptake_volume(spect, volumes.ct))),
        scene={
            "tone": list(TONE),
            "lastLabel": LAST_LABEL,
            "uptake": None
            if spect is None
            else {"top": TOP, "flat": viewer_colors(False), "solid": viewer_colors(True)},
            "lesions": [_scene_lesion(lesion) for lesion in measured],
        },
        spacing_mm=(i, j, k),
        licenses=niivue.license_texts(),
    )


def _scene_lesion(lesion: Lesion) -> dict[str, Any]:
    """A lesion as the script knows it; `at` is its centroid in RAS mm, the world of NIfTI."""
    return {
        "id": lesion.id,
        "at": [round(float(x), 2) for x in ras_mm(lesion.centroid_lps_mm)],
        "color": compartment_color(lesion.compartment),
        "text": (
            f"Lesion {lesion.id}: {compartment_text(lesion.compartment)}, "
            f"{lesion.laterality.value}, {volume_text(lesion.volume_mm3)}"
        ),
    }


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
