"""Items of a SEG's Segment Sequence (PS3.3 C.8.20.4) from our segments."""

import highdicom as hd
from pydicom.sr.coding import Code as DicomCode
from pydicom.uid import UID

from calciscope.labels import Code
from calciscope.writers.dicom.equipment import NamedModel
from calciscope.writers.dicom.identifiers import stable_uid
from calciscope.writers.dicom.segments import Segment

ARTIFICIAL_INTELLIGENCE = DicomCode("123110", "DCM", "Artificial Intelligence")
"""Algorithm family, CID 7162."""

THRESHOLD = "calciscope threshold"
"""Name of the rule that marks calcification where no model does."""


def segment_description(
    segment: Segment, model: NamedModel | None, rule: str, version: str, identity: tuple[str, ...]
) -> hd.seg.SegmentDescription:
    """Describe a segment.

    Args:
        segment: number, text, codes and color.
        model: what segmented it; None for a rule.
        rule: name of the rule.
        version: of the program, which stands for that of a rule.
        identity: what the tracking UID follows from, besides the segment's text.
    """
    red, green, blue = (int(segment.color[i : i + 2], 16) for i in (1, 3, 5))
    algorithm = hd.AlgorithmIdentificationSequence(
        name=model.name if model else rule,
        family=ARTIFICIAL_INTELLIGENCE,
        version=model.version if model else version,
        source="Calciscope",
        parameters={"sha256": model.sha256} if model else None,
    )
    return hd.seg.SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.text,
        segmented_property_category=dicom_code(segment.category),
        segmented_property_type=dicom_code(segment.property_type),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        tracking_id=segment.text,
        tracking_uid=tracking_uid(segment, identity),
        anatomic_regions=[dicom_code(segment.anatomy)],
        display_color=hd.color.CIELabColor.from_rgb(red, green, blue),
    )


def tracking_uid(segment: Segment, identity: tuple[str, ...]) -> UID:
    """What a segment is followed by in other objects, such as the SR."""
    return stable_uid("segment", segment.text, *identity)


def dicom_code(code: Code) -> DicomCode:
    """A code of ours as highdicom takes it."""
    return DicomCode(code.value, code.scheme, code.meaning)
