"""DICOM Segmentation (SEG) of the calcifications: by compartment, and lesion by lesion.

BINARY or LABELMAP (PS3.3 A.51, C.8.20). What the source says about patient and study is copied as
it is, faults included: mending it would part the result from its study.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID

from calciscope.errors import OutputError
from calciscope.findings import Findings
from calciscope.models.manifest import ModelManifest
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.dicom.equipment import (
    ResultSeries,
    common_arguments,
    making,
    run_identity,
    save,
    settle,
)
from calciscope.writers.dicom.identifiers import content_digest, stable_uid
from calciscope.writers.dicom.segment_description import segment_description, tracking_uid
from calciscope.writers.dicom.segments import Segment, lesion_segments, segment_map
from calciscope.writers.dicom.source import bare_headers, frame_of_reference_of

CONTENT_DESCRIPTION = "Soft-tissue calcification. Research use, not a diagnosis"
CONTENT_EMPTY = "No soft-tissue calcification found. Research, not a diagnosis"
"""LO: at most 64 characters each (PS3.5 6.2)."""

BINARY = hd.seg.SegmentationTypeValues.BINARY
LABELMAP = hd.seg.SegmentationTypeValues.LABELMAP

BY_COMPARTMENT = ResultSeries(
    "SEG", "Calciscope calcification (research use, not a diagnosis)", 1000
)
BY_LESION = ResultSeries(
    "SEG of lesions", "Calciscope lesions (research use, not a diagnosis)", 2000
)


@dataclass(frozen=True)
class WrittenSegmentation:
    """What others need to refer to a SEG.

    Attributes:
        segments: in order of their numbers.
        tracking_uids: of the segments.
    """

    segments: tuple[Segment, ...]
    tracking_uids: tuple[UID, ...]
    sop_class_uid: UID
    sop_instance_uid: UID
    series_instance_uid: UID


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
    return _write(
        path, study, lesions.with_array(marked), segments, findings, model, created,
        kind, BY_COMPARTMENT,
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
    return _write(
        path, study, lesions.crop(*_box(lesions)), segments, findings, model, created,
        BINARY, BY_LESION,
    )  # fmt: skip


def _refuse_other_grid(path: Path, study: CtStudy, lesions: Volume) -> None:
    if not lesions.same_grid(study.volume):
        raise OutputError(f"{path.name}: the lesion map is not on the grid of the CT")


def _box(lesions: Volume) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one past the last index of all lesions."""
    profiles = [(lesions.array > 0).any(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
    ends = np.array([np.flatnonzero(profile)[[0, -1]] for profile in profiles])
    return ends[:, 0], ends[:, 1] + 1


def _write(
    path: Path,
    study: CtStudy,
    marked: Volume,
    segments: tuple[Segment, ...],
    findings: Findings,
    model: ModelManifest | None,
    created: datetime | None,
    segmentation_type: hd.seg.SegmentationTypeValues,
    series: ResultSeries,
) -> WrittenSegmentation:
    """Write segment numbers on a grid that is that of the study or a part of it."""
    # Two encodings of one mask are two objects; BINARY keeps the UIDs it always had.
    if segmentation_type is not BINARY:
        series = replace(series, name=f"{series.name} {segmentation_type.value}")
    texts = ",".join(segment.text for segment in segments)
    digest = content_digest(marked.array)
    found = bool(marked.array.any())
    version = findings.provenance.program_version
    moment = created or datetime.now()
    with making(path, study):
        source = study.instances[0]
        identity = (*run_identity(study, model), digest, texts)
        is_multi_frame = "NumberOfFrames" in source
        frame_of_reference = frame_of_reference_of(study.instances)
        headers = bare_headers(study.instances, frame_of_reference)
        segmentation = hd.seg.Segmentation(
            source_images=headers[:1] if is_multi_frame else headers,
            further_source_images=headers[1:] if is_multi_frame else None,
            pixel_array=_frames(marked, frame_of_reference),
            segmentation_type=segmentation_type,
            segment_descriptions=[
                segment_description(s, model, version, identity) for s in segments
            ],
            content_label="CALCIFICATION",
            content_description=CONTENT_DESCRIPTION if found else CONTENT_EMPTY,
            omit_empty_frames=found,
            content_qualification="RESEARCH",
            **common_arguments(series, source, identity, model, version, moment),
        )
        # Type 2 in the edition of 2020, now type 3: empty is right in both. No person made it.
        segmentation.ContentCreatorName = ""
        settle(segmentation, source, moment)
        _settle_dimensions(segmentation, identity)
        save(segmentation, path)
    return WrittenSegmentation(
        segments,
        tuple(tracking_uid(segment, identity) for segment in segments),
        UID(segmentation.SOPClassUID),
        UID(segmentation.SOPInstanceUID),
        UID(segmentation.SeriesInstanceUID),
    )


def _frames(marked: Volume, frame_of_reference: UID) -> hd.Volume:
    """Segment numbers as frames (K, rows J, columns I) in the patient.

    highdicom then finds by position which source image each frame belongs to, so that a grid of
    its own (tilt, unequal spacing) gets positions of its own.
    """
    affine = marked.affine[:, [2, 1, 0, 3]]
    frames = marked.array.transpose(2, 1, 0)
    if not frames.any():
        middle = frames.shape[0] // 2
        frames = frames[middle : middle + 1]
        affine[:3, 3] += middle * affine[:3, 0]
    return hd.Volume(
        frames,
        affine,
        coordinate_system=hd.CoordinateSystemNames.PATIENT,
        frame_of_reference_uid=frame_of_reference,
    )


def _settle_dimensions(segmentation: hd.seg.Segmentation, identity: tuple[str, ...]) -> None:
    """Replace what highdicom takes from chance."""
    organization = stable_uid("dimensions", *identity)
    segmentation.DimensionOrganizationSequence[0].DimensionOrganizationUID = organization
    for index in segmentation.DimensionIndexSequence:
        index.DimensionOrganizationUID = organization
