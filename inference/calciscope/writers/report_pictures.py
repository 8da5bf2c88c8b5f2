"""The pictures of a study's report, drawn once for every file that shows them."""

from dataclasses import dataclass

from calciscope.ct.neighborhood import SegmentedCt
from calciscope.findings import CtFindings
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.gallery import CloseUp, close_ups, largest_lesions
from calciscope.writers.projections import Projection, project


@dataclass(frozen=True)
class StudyPictures:
    """Projections of the body, and close-ups of the largest lesions."""

    projections: tuple[Projection, ...]
    close_ups: tuple[CloseUp, ...]


def draw_pictures(
    study: CtStudy, segmentation: SegmentedCt, lesions: Volume, ct: CtFindings
) -> StudyPictures:
    """Draw them.

    Args:
        study: what was analyzed.
        segmentation: its body keeps the table out of the projections.
        lesions: lesion ids on the grid of the CT.
        ct: the lesions as measured; those with a close-up bear their number in the projections.
    """
    numbered = largest_lesions(ct.lesions)
    projections = project(study.volume, segmentation.body, lesions, ct.lesions, numbered)
    return StudyPictures(projections, close_ups(study, lesions, ct.lesions))
