"""DICOM Segmentation (SEG) of the hot spots, on the grid of the SPECT."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calciscope.errors import OutputError
from calciscope.findings import Findings
from calciscope.readers.spect_study import SpectStudy
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.dicom.equipment import NamedModel, ResultSeries, making
from calciscope.writers.dicom.hot_spot_segments import hot_spot_segments
from calciscope.writers.dicom.segmentation_file import (
    SegmentationKind,
    WrittenSegmentation,
    write_segments,
)
from calciscope.writers.dicom.source_images import spect_images

RULE = "calciscope hot spots"
"""Name of the rules that find hot spots and, where no model does, name their compartments."""

BY_HOT_SPOT = SegmentationKind(
    ResultSeries("SEG of hot spots", "Calciscope hot spots (research use, not a diagnosis)", 6000),
    label="HOT_SPOTS",
    found="Foci of uptake in bone SPECT. Research use, not a diagnosis",
    nothing="No focus of uptake found. Research use, not a diagnosis",
    rule=RULE,
)


@dataclass(frozen=True, eq=False)
class SpectOutputs:
    """The SPECT part of a run as DICOM objects need it; its figures are in the findings.

    Attributes:
        study: what was read.
        hot_spots: ids on the native grid of the SPECT, registered or not.
        model: what named the compartments; None for a rule.
    """

    study: SpectStudy
    hot_spots: Volume
    model: NamedModel | None = None

    def under(self, ct: CtStudy) -> SpectStudy | CtStudy:
        """The study that results of the SPECT belong to: its own, if it is DICOM."""
        return self.study if self.study.instances else ct


def write_hot_spot_segmentation(
    path: Path,
    ct: CtStudy,
    spect: SpectOutputs,
    findings: Findings,
    created: datetime | None = None,
) -> WrittenSegmentation:
    """Write one segment for each hot spot, whose number is its id.

    It refers to the frames of the SPECT. A SPECT that is not DICOM shares the world of the CT by
    the contract of its input: its hot spots then lie in the CT's study and frame of reference,
    still on their own grid, so that viewers can lay them over the CT; single frames refer to
    nothing, since they were not drawn on the CT. Where the SPECT was registered, the SEG still lies
    as the SPECT came; `SpectFindings.spect_to_ct` leads from there to the CT.

    Args:
        path: file to write.
        ct: the CT of the run, from DICOM.
        spect: hot spots and what they were found in.
        findings: their compartments.
        created: date and time of the content; now where not given.

    Raises:
        OutputError: neither study has DICOM instances, hot spots and findings do not agree, or
            there is no hot spot.
    """
    if findings.spect is None:
        raise OutputError(f"{path.name}: the findings have no SPECT part")
    if not spect.hot_spots.same_grid(spect.study.volume):
        raise OutputError(f"{path.name}: the hot-spot map is not on the grid of the SPECT")
    segments = hot_spot_segments(spect.hot_spots, findings.spect.hot_spots)
    version = findings.provenance.program_version
    with making(path, spect.under(ct)):
        images = spect_images(spect.study, ct)
        return write_segments(
            path, BY_HOT_SPOT, images, spect.hot_spots, segments, version, spect.model, created
        )
