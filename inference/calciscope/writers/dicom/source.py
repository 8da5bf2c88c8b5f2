"""What a DICOM result takes over from the series it was made of.

Patient and study go into the result as they are, faults included: mending them would part the
result from its study. highdicom refuses or mends odd values, so it is given headers without them.
"""

from collections.abc import Sequence
from copy import deepcopy

from pydicom import Dataset
from pydicom.uid import UID

from calciscope.writers.dicom.identifiers import stable_uid

IDENTITY = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""Attributes of patient and study that go into a result untouched, valid or not."""

ANONYMITY = (
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
)
"""Attributes that say that the source was de-identified, of which a result is too."""


def frame_of_reference_of(instances: Sequence[Dataset]) -> UID:
    """The source's frame of reference; where it has none, one that follows from its series."""
    source = instances[0]
    return UID(
        source.get("FrameOfReferenceUID")
        or stable_uid("frame of reference", str(source.SeriesInstanceUID))
    )


def bare_headers(instances: Sequence[Dataset], frame_of_reference: UID) -> list[Dataset]:
    """Copies of the source's headers, the first one with an empty identity."""
    headers = [Dataset() for _ in instances]
    for header, instance in zip(headers, instances, strict=True):
        header.update(instance)
        if not header.get("FrameOfReferenceUID"):
            header.pop("FrameOfReferenceUID", None)
            header.FrameOfReferenceUID = frame_of_reference
    for keyword in IDENTITY:
        # Taken out first: setting would change the element, which the source shares.
        headers[0].pop(keyword, None)
        if keyword != "SpecificCharacterSet":
            setattr(headers[0], keyword, None)
    return headers


def adopt_identity(result: Dataset, source: Dataset) -> None:
    """Give `result` the patient and study of `source`, without a look at their values."""
    for keyword in (*IDENTITY, *ANONYMITY):
        if keyword in source:
            result[keyword] = deepcopy(source[keyword])
