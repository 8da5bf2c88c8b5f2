"""DICOM Segmentation (SEG) of the calcifications: by compartment, and lesion by lesion.

BINARY or LABELMAP (PS3.3 A.51, C.8.20). What the source says about patient and study is copied as
it is, faults included: mending it would part the result from its study.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom as hd
import numpy as np
from numpy.typing import NDArray

from calciscope.errors import OutputError
from calciscope.findings import Findings
from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.dicom.equipment import ResultSeries, making
from calciscope.writers.dicom.segment_description import THRESHOLD
from calciscope.writers.dicom.segmentation_file import (
    BINARY,
    SegmentationKind,
    WrittenSegmentation,
    write_segments,
)
from calciscope.writers.dicom.segments import lesion_segments, segment_map
from calciscope.writers.dicom.source_images import ct_images

BY_COMPARTMENT = SegmentationKind(
    ResultSeries("SEG", "Calciscope calcification (research use, not a diagnosis)", 1000),
    label="CALCIFICATION",
    found="Soft-tissue calcification. Research use, not a diagnosis",
    nothing="No soft-tissue calcification found. Research, not a diagnosis",
    rule=THRESHOLD,
)
BY_LESION = replace(
    BY_COMPARTMENT,
    series=ResultSeries(
        "SEG of lesions", "Calciscope lesions (research use, not a diagnosis)", 2000
    ),
)


def write_segmentation(
    path: Path,
    study: CtStudy,
    lesions: Volume,
    findings: Findings,
    model: ModelManifest | None = None,
    tissues: Volume | None = None,
    created: datetime | None = None,
    kind: hd.seg.SegmentationTypeValues = BINARY,
) -> WrittenSegmentation:
    """Write the calcification of a study read from DICOM, one segment for each compartment.

    UIDs depend on the source series, the model and the mask: repeating an analysis gives the same
    object. Where nothing was found, one segment with a single empty frame says so.

    Args:
        path: file to write.
        study: what was analyzed; it must come from DICOM.
        lesions: lesion ids on the grid of `study.volume`.
        findings: their compartments.
        model: what segmented them; None for a rule.
        tissues: values of `labels.Label` on the same grid; adds vascular calcification.
        created: date and time of the content; now where not given.
        kind: BINARY, which every reader knows, or LABELMAP (one frame a slice).

    Raises:
        OutputError: the study has no DICOM instances, or lesions and findings do not agree.
    """
    _refuse_other_grid(path, study, lesions)
    compartments = {lesion.id: lesion.compartment for lesion in findings.ct.lesions}
    marked, segments = segment_map(lesions, compartments, tissues)
    version = findings.provenance.program_version
    with making(path, study):
        return write_segments(
            path, BY_COMPARTMENT, ct_images(study), lesions.with_array(marked), segments,
            version, model, created, kind,
        )  # fmt: skip


def write_lesion_segmentation(
    path: Path,
    study: CtStudy,
    lesions: Volume,
    findings: Findings,
    model: ModelManifest | None = None,
    created: datetime | None = None,
) -> WrittenSegmentation:
    """Write one segment for each lesion, whose number is the lesion's id.

    It is what the measurement groups of the SR refer to. Frames are cropped to the box that holds
    all lesions: a frame for each slice of each lesion at full size takes hundreds of megabytes.

    Raises:
        OutputError: as `write_segmentation`, or there is no lesion.
    """
    _refuse_other_grid(path, study, lesions)
    segments = lesion_segments(lesions, findings.ct.lesions)
    version = findings.provenance.program_version
    with making(path, study):
        return write_segments(
            path, BY_LESION, ct_images(study), lesions.crop(*_box(lesions)), segments,
            version, model, created,
        )  # fmt: skip


def _refuse_other_grid(path: Path, study: CtStudy, lesions: Volume) -> None:
    if not lesions.same_grid(study.volume):
        raise OutputError(f"{path.name}: the lesion map is not on the grid of the CT")


def _box(lesions: Volume) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one past the last index of all lesions."""
    profiles = [(lesions.array > 0).any(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
    ends = np.array([np.flatnonzero(profile)[[0, -1]] for profile in profiles])
    return ends[:, 0], ends[:, 1] + 1
