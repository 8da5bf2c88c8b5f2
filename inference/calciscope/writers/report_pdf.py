"""The report of a study on paper: two to four A4 pages, up to six with a SPECT."""

from datetime import UTC, datetime
from pathlib import Path

from calciscope.ct.neighborhood import SegmentedCt
from calciscope.findings import Findings
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.report_layout import StudyLayout
from calciscope.writers.report_paper import Limits
from calciscope.writers.report_pictures import StudyPictures, draw_pictures
from calciscope.writers.spect.input import SpectPictureInput

MOST_PAGES = 4
SPECT_PAGES = 2
"""More than that where there is a SPECT."""

LIMITS = (
    Limits(warnings=8, chains=12, lesions=20, close_ups=8, series=5),
    Limits(warnings=6, chains=8, lesions=12, close_ups=4, series=3, hot_spots=12, slices=4),
    Limits(
        warnings=4, chains=4, lesions=6, close_ups=4, series=1, hot_spots=8, slices=4, upright=False
    ),
    Limits(
        warnings=2, chains=0, lesions=4, close_ups=0, series=0, hot_spots=4, slices=0, upright=False
    ),
)
"""From what is wanted down to what fits whatever the study."""


def write_pdf_report(
    path: Path,
    study: CtStudy,
    segmentation: SegmentedCt,
    lesions: Volume,
    findings: Findings,
    pictures: StudyPictures | None = None,
    created: datetime | None = None,
    spect: SpectPictureInput | None = None,
) -> None:
    """Write the report of one study for paper.

    The same findings, pictures and date give the same bytes.

    Args:
        path: file to write.
        study: what was analyzed.
        segmentation: its body keeps the table out of the projections.
        lesions: lesion ids on the grid of the CT.
        findings: everything that is said in words and figures.
        pictures: drawn here where they are not given.
        created: the date that the report bears, with its time zone; now where not given.
        spect: in the world of the CT, for the pictures; None without SPECT.
    """
    pictures = pictures or draw_pictures(study, segmentation, lesions, findings.ct, spect)
    most_pages = MOST_PAGES + (0 if findings.spect is None else SPECT_PAGES)
    created = created or datetime.now(UTC)
    for limits in LIMITS:
        pdf = StudyLayout(study, findings, pictures, created, limits).pdf
        if pdf.page_no() <= most_pages or limits is LIMITS[-1]:
            pdf.output(str(path))
            return
        pdf.discard()
