"""One SEG from segment numbers on a grid (PS3.3 A.51, C.8.20), whatever they were drawn on.

What the source says about patient and study is copied as it is, faults included: mending it would
part the result from its study.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import highdicom as hd
from pydicom import Dataset
from pydicom.uid import UID

from calciscope.volume import Volume
from calciscope.writers.dicom.equipment import (
    NamedModel,
    ResultSeries,
    common_arguments,
    run_identity,
    save,
    settle,
)
from calciscope.writers.dicom.identifiers import content_digest, stable_uid
from calciscope.writers.dicom.segment_description import segment_description, tracking_uid
from calciscope.writers.dicom.segments import Segment
from calciscope.writers.dicom.source_images import SourceImages

BINARY = hd.seg.SegmentationTypeValues.BINARY
LABELMAP = hd.seg.SegmentationTypeValues.LABELMAP


@dataclass(frozen=True)
class SegmentationKind:
    """What tells one SEG of a run from another.

    Attributes:
        series: that it is in.
        label: Content Label, CS.
        found, nothing: Content Description where something is marked and where nothing is; LO, at
            most 64 characters each (PS3.5 6.2).
        rule: name of the algorithm where no model took part.
    """

    series: ResultSeries
    label: str
    found: str
    nothing: str
    rule: str


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
    study_instance_uid: UID


def write_segments(
    path: Path,
    kind: SegmentationKind,
    images: SourceImages,
    marked: Volume,
    segments: Sequence[Segment],
    version: str,
    model: NamedModel | None = None,
    created: datetime | None = None,
    encoding: hd.seg.SegmentationTypeValues = BINARY,
) -> WrittenSegmentation:
    """Write segment numbers; call under `equipment.making`.

    UIDs depend on the source series, the model, the mask and the segments' names.

    Args:
        path: file to write.
        kind: which SEG of a run it is.
        images: what the segments were drawn on.
        marked: segment numbers, on a grid that is that of the images or has a place of its own.
        segments: in order of their numbers.
        version: of the program.
        model: what made the segments; None for a rule.
        created: date and time of the content; now where not given.
        encoding: BINARY or LABELMAP.
    """
    # Two encodings of one mask are two objects; BINARY keeps the UIDs it always had.
    series = kind.series
    if encoding is not BINARY:
        series = replace(series, name=f"{series.name} {encoding.value}")
    texts = ",".join(segment.text for segment in segments)
    identity = (
        *run_identity(images.source, model, images.content_key),
        content_digest(marked.array),
        texts,
    )
    found = bool(marked.array.any())
    moment = created or datetime.now()
    segmentation = hd.seg.Segmentation(
        source_images=images.headers,
        further_source_images=images.further or None,
        pixel_array=_frames(marked, images.frame_of_reference),
        segmentation_type=encoding,
        segment_descriptions=[
            segment_description(s, model, kind.rule, version, identity) for s in segments
        ],
        content_label=kind.label,
        content_description=kind.found if found else kind.nothing,
        omit_empty_frames=found,
        content_qualification="RESEARCH",
        **common_arguments(series, images.source, identity, model, version, moment),
    )
    # Type 2 in the edition of 2020, now type 3: empty is right in both. No person made it.
    segmentation.ContentCreatorName = ""
    settle(segmentation, images.source, moment)
    _settle_dimensions(segmentation, identity)
    images.settle_references(segmentation)
    save(segmentation, path)
    return WrittenSegmentation(
        tuple(segments),
        tuple(tracking_uid(segment, identity) for segment in segments),
        UID(segmentation.SOPClassUID),
        UID(segmentation.SOPInstanceUID),
        UID(segmentation.SeriesInstanceUID),
        UID(segmentation.StudyInstanceUID),
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


def _settle_dimensions(segmentation: Dataset, identity: tuple[str, ...]) -> None:
    """Replace what highdicom takes from chance."""
    organization = stable_uid("dimensions", *identity)
    segmentation.DimensionOrganizationSequence[0].DimensionOrganizationUID = organization
    for index in segmentation.DimensionIndexSequence:
        index.DimensionOrganizationUID = organization
