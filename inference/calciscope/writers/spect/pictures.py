"""All SPECT pictures of a report, drawn once for every file that shows them."""

from dataclasses import dataclass

from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.projections import Projection, Views, body_box
from calciscope.writers.spect.fused_projection import fused_projection
from calciscope.writers.spect.fused_slices import FusedDrawing, FusedSlice
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.planar import planar_views
from calciscope.writers.spect.scale import uptake_scale


@dataclass(frozen=True)
class SpectPictures:
    """What a report shows of the SPECT.

    Attributes:
        fused: coronal projection of CT and SPECT.
        planar: anterior and posterior view.
        axial: slices through the most active hot spots.
        upright: coronal and sagittal slices through the hottest.
    """

    fused: Projection
    planar: tuple[Projection, ...]
    axial: tuple[FusedSlice, ...]
    upright: tuple[FusedSlice, ...]


def draw_spect(
    study: CtStudy, body: Volume, lesions: Volume, views: Views, spect: SpectPictureInput
) -> SpectPictures:
    """Draw them.

    Args:
        study: with the CT.
        body: True inside the patient, on its grid.
        lesions: lesion ids on its grid.
        views: rays through it, cast for the projections of the CT.
        spect: uptake and hot spots.
    """
    scale = uptake_scale(spect.findings, spect.aligned.array)
    hu, inside, ids = (v.canonical().volume for v in (study.volume, body, lesions))
    drawing = FusedDrawing(study, hu, ids, body_box(inside), spect, scale)
    return SpectPictures(
        fused=fused_projection(views.views[0], views.box, spect, scale),
        planar=planar_views(spect, scale),
        axial=drawing.axial(),
        upright=drawing.upright(),
    )
