"""DICOM Segmentation (SEG) of the calcifications, on the grid of the analyzed series.

BINARY, one segment per compartment (PS3.3 A.51, C.8.20). What the source says about patient and
study is copied as it is, faults included: mending it would part the result from its study.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom.uid import UID
from pydicom.valuerep import DA, DT, TM

from calciscope.errors import OutputError
from calciscope.findings import Findings
from calciscope.models.manifest import ModelManifest
from calciscope.readers.elements import MALFORMED, quiet
from calciscope.readers.study import CtStudy
from calciscope.volume import Volume
from calciscope.writers.dicom_source import (
    adopt_identity,
    bare_headers,
    frame_of_reference_of,
)
from calciscope.writers.identifiers import content_digest, stable_uid
from calciscope.writers.segment_description import segment_description
from calciscope.writers.segments import Segment, segment_map

_FAULTS = tuple(kind for kind in MALFORMED if kind is not OSError)

SERIES_DESCRIPTION = "Calciscope calcification (research use, not a diagnosis)"
CONTENT_DESCRIPTION = "Soft-tissue calcification. Research use, not a diagnosis"
CONTENT_EMPTY = "No soft-tissue calcification found. Research, not a diagnosis"
"""LO: at most 64 characters each (PS3.5 6.2)."""

SERIES_NUMBER_OFFSET = 1000
"""Added to the number of the source series."""


def write_segmentation(
    path: Path,
    study: CtStudy,
    lesions: Volume,
    findings: Findings,
    model: ModelManifest | None = None,
    tissues: Volume | None = None,
    created: datetime | None = None,
) -> tuple[Segment, ...]:
    """Write the lesions of a study read from DICOM as a DICOM SEG file.

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

    Returns:
        The segments written, in order of their numbers.

    Raises:
        OutputError: the study has no DICOM instances, or lesions and findings do not agree.
    """
    if not study.instances:
        raise OutputError(f"{study.source} is not DICOM, so {path.name} cannot refer to it")
    if not lesions.same_grid(study.volume):
        raise OutputError(f"{path.name}: the lesion map is not on the grid of the CT")
    compartments = {lesion.id: lesion.compartment for lesion in findings.ct.lesions}
    marked, segments = segment_map(lesions, compartments, tissues)
    source = study.instances[0]
    identity = (
        str(source.SeriesInstanceUID),
        model.sha256 if model else "",
        content_digest(marked),
        ",".join(segment.text for segment in segments),
    )
    version = findings.provenance.program_version
    moment = created or datetime.now()
    path.parent.mkdir(parents=True, exist_ok=True)
    is_multi_frame = "NumberOfFrames" in source
    written = BytesIO()
    # The source's own faults, such as too long a Study ID, are no news here.
    with _faults_named(path, study), quiet(), config.disable_value_validation():
        frame_of_reference = frame_of_reference_of(study.instances)
        headers = bare_headers(study.instances, frame_of_reference)
        segmentation = hd.seg.Segmentation(
            source_images=headers[:1] if is_multi_frame else headers,
            further_source_images=headers[1:] if is_multi_frame else None,
            pixel_array=_frames(marked, study.volume, frame_of_reference),
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[
                segment_description(s, model, version, identity) for s in segments
            ],
            series_instance_uid=stable_uid("SEG series", *identity),
            series_number=SERIES_NUMBER_OFFSET + max(int(source.get("SeriesNumber") or 0), 0),
            sop_instance_uid=stable_uid("SEG instance", *identity),
            instance_number=1,
            manufacturer="Calciscope",
            manufacturer_model_name="Calciscope",
            software_versions=version,
            device_serial_number=model.sha256[:16] if model else "none",
            content_label="CALCIFICATION",
            content_description=CONTENT_DESCRIPTION if marked.any() else CONTENT_EMPTY,
            series_description=SERIES_DESCRIPTION,
            omit_empty_frames=bool(marked.any()),
            content_date=moment.date(),
            content_time=moment.time(),
            content_qualification="RESEARCH",
        )
        adopt_identity(segmentation, source)
        _settle(segmentation, moment, identity)
        # Not to the file itself: pydicom would hide that a disk is full behind its own words.
        segmentation.save_as(written)
    path.write_bytes(written.getbuffer())
    return segments


@contextmanager
def _faults_named(path: Path, study: CtStudy) -> Iterator[None]:
    """Turn what breaks on faulty headers into a refusal, which quotes none of their values."""
    try:
        yield
    except _FAULTS as error:
        raise OutputError(
            f"{path.name} cannot refer to {study.source}, as its headers break the DICOM standard "
            f"({type(error).__name__}); export the original series"
        ) from error


def _frames(marked: NDArray[np.uint8], grid: Volume, frame_of_reference: UID) -> hd.Volume:
    """Segment numbers as frames (K, rows J, columns I) in the patient.

    highdicom then finds by position which source image each frame belongs to, so that a grid of
    its own (tilt, unequal spacing) gets positions of its own.
    """
    affine = grid.affine[:, [2, 1, 0, 3]]
    frames = marked.transpose(2, 1, 0)
    if not marked.any():
        middle = frames.shape[0] // 2
        frames = frames[middle : middle + 1]
        affine[:3, 3] += middle * affine[:3, 0]
    return hd.Volume(
        frames,
        affine,
        coordinate_system=hd.CoordinateSystemNames.PATIENT,
        frame_of_reference_uid=frame_of_reference,
    )


def _settle(
    segmentation: hd.seg.Segmentation, created: datetime, identity: tuple[str, ...]
) -> None:
    """Replace what highdicom takes from clock and chance."""
    segmentation.InstanceCreationDate = DA(created.date())
    segmentation.InstanceCreationTime = TM(created.time())
    for equipment in segmentation.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = DT(created)
    organization = stable_uid("dimensions", *identity)
    segmentation.DimensionOrganizationSequence[0].DimensionOrganizationUID = organization
    for index in segmentation.DimensionIndexSequence:
        index.DimensionOrganizationUID = organization
