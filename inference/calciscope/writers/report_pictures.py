"""The pictures of a study's report, drawn once for every file that shows them."""

from dataclasses import dataclass

from calciscope.ct.neighborhood import SegmentedCt
from calciscope.findings import CtFindings
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.gallery import CloseUp, close_ups, largest_lesions
from calciscope.writers.projections import Projection, cast_views, draw_views
from calciscope.writers.spect.input import SpectPictureInput
from calciscope.writers.spect.pictures import SpectPictures, draw_spect


@dataclass(frozen=True)
class StudyPictures:
    """Projections of the body, close-ups of the largest lesions, and what a SPECT adds."""

    projections: tuple[Projection, ...]
    close_ups: tuple[CloseUp, ...]
    spect: SpectPictures | None = None


def draw_pictures(
    study: CtStudy,
    segmentation: SegmentedCt,
    lesions: Volume,
    ct: CtFindings,
    spect: SpectPictureInput | None = None,
) -> StudyPictures:
    """Draw them.

    Args:
        study: what was analyzed.
        segmentation: its body keeps the table out of the projections.
        lesions: lesion ids on the grid of the CT.
        ct: the lesions as measured; those with a close-up bear their number in the projections.
        spect: in the world of the CT; None without SPECT.
    """
    numbered = largest_lesions(ct.lesions)
    views = cast_views(study.volume, segmentation.body, lesions, ct.lesions, numbered)
    return StudyPictures(
        projections=draw_views(views),
        close_ups=close_ups(study, lesions, ct.lesions),
        spect=None
        if spect is None
        else draw_spect(study, segmentation.body, lesions, views, spect),
    )
