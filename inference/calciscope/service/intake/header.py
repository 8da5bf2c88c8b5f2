"""The header of an arriving instance, read without trusting it.

Nothing here becomes a path. What is read is bounded: bytes, elements, and letters of each value.
"""

import zlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from calciscope.readers.dicom_files import HEAD_BYTES, looks_like_dicom
from calciscope.readers.elements import MALFORMED, integer, numbers, printable, text, texts
from calciscope.readers.headers import CT_CLASSES
from calciscope.service.intake.wholeness import is_cut_off
from calciscope.service.journal.records import SlicePlace

HEADER_BYTES = 16 << 20
"""What is looked for lies before the pixels, long before this."""

MOST_ELEMENTS = 10_000
"""Elements of a header; real ones have a few hundred."""

MOST_LETTERS = 256
"""Of a value that is written down."""

MOST_INSTANCES = 1_000_000
"""A larger number of expected instances is a fault."""

ATTRIBUTES = frozenset(
    {
        "BodyPartExamined", "ConvolutionKernel", "ImageType", "KVP", "Laterality", "Manufacturer",
        "ManufacturerModelName", "Modality", "ProtocolName", "SOPClassUID", "SeriesDescription",
        "SeriesNumber", "SliceThickness", "StudyDescription",
    }
)  # fmt: skip
"""What is written down of every series; rules may name more."""

_NEEDED = (
    "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientName", "PatientID",
    "NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances", "ImagePositionPatient",
    "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "AcquisitionNumber",
)  # fmt: skip


class RefusedInstanceError(Exception):
    """A file is no instance that can be taken; `code` says why, by one of a fixed set of names."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Header:
    """What is written down of an instance; see `NewInstance`.

    Attributes:
        data_set_at: byte where the data set begins; 0 where the file does not say it.
    """

    data_set_at: int
    transfer_syntax_uid: str
    sop_class_uid: str
    sop_uid: str
    series_uid: str
    study_uid: str
    attributes: dict[str, str] = field(default_factory=dict)
    place: SlicePlace | None = None
    expected_in_study: int | None = None
    expected_in_series: int | None = None
    patient_name: str = ""
    patient_id: str = ""
    description: str = ""


def read_header(stream: BinaryIO, size: int, keywords: frozenset[str] = ATTRIBUTES) -> Header:
    """Read the header of a file; call under `elements.quiet`.

    Args:
        stream: the file, at its beginning.
        size: of the file, in bytes.
        keywords: of the attributes to note.

    Raises:
        RefusedInstanceError: with one of the codes not_dicom, dicomdir, bad_header, bad_uid,
            truncated.
    """
    head = stream.read(HEADER_BYTES)
    if not looks_like_dicom(head[:HEAD_BYTES]):
        raise RefusedInstanceError("not_dicom")
    try:
        dataset, stopped_at = _dataset(head, keywords)
        found = _header(dataset, keywords, _data_set_at(head))
        is_ct = found.sop_class_uid in CT_CLASSES
        cut_off = stopped_at is not None and is_cut_off(stream, stopped_at, size, dataset, is_ct)
    except (*MALFORMED, RecursionError, MemoryError) as error:
        # Deep nesting and huge lengths raise the last two.
        raise RefusedInstanceError("bad_header") from error
    if cut_off:
        raise RefusedInstanceError("truncated")
    return found


def is_uid(value: str) -> bool:
    """Whether a text can stand for a UID (PS3.5 9.1); leading zeros are forbidden but common."""
    return 0 < len(value) <= 64 and value.isascii() and value.replace(".", "").isdigit()


def _dataset(head: bytes, keywords: frozenset[str]) -> tuple[Dataset, int | None]:
    """The elements that are looked at, and where reading stopped; None in a deflated file."""
    wanted = sorted({*_NEEDED, *keywords})
    tags = [tag for tag in map(tag_for_keyword, wanted) if tag is not None]
    last, count = max(tags), 0

    def enough(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS:
            raise ValueError
        return bool(tag > last)

    def behind_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return bool(tag.group != 2)

    stream = BytesIO(head)
    if str(DeflatedExplicitVRLittleEndian).encode() in head[:4096]:
        # Only as much is expanded as is read (PS3.5 A.5).
        meta = read_partial(stream, stop_when=behind_meta, force=True)
        if meta.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            inflated = BytesIO(inflate.decompress(head[_end_of_meta(head) :], HEADER_BYTES))
            dataset = read_dataset(
                inflated, False, True, stop_when=enough, specific_tags=list(tags)
            )
            dataset.file_meta = FileMetaDataset(meta.file_meta)
            return dataset, None
        stream.seek(0)
    found = read_partial(stream, stop_when=enough, force=True, specific_tags=list(tags))
    return found, stream.tell()


def _end_of_meta(head: bytes) -> int:
    """Where the data set begins, by the length of group 2 (PS3.10 7.1)."""
    if head[128:138] != b"DICM\x02\x00\x00\x00UL":
        raise ValueError
    return 144 + int.from_bytes(head[140:144], "little")


def _data_set_at(head: bytes) -> int:
    try:
        found = _end_of_meta(head)
    except ValueError:
        return 0
    return found if found < len(head) else 0


def _header(dataset: Dataset, keywords: frozenset[str], data_set_at: int) -> Header:
    meta = getattr(dataset, "file_meta", Dataset())
    sop_class = text(dataset, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID")
    if MediaStorageDirectoryStorage in (sop_class, text(meta, "MediaStorageSOPClassUID")):
        raise RefusedInstanceError("dicomdir")
    uids = [
        _value(dataset, keyword)
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
    ]
    if not all(uids) or not sop_class:
        raise RefusedInstanceError("bad_header")
    if not all(map(is_uid, (*uids, sop_class))):
        raise RefusedInstanceError("bad_uid")
    # Asking a data set for what it does not hold is slow.
    present = set(dataset.keys())
    values = {
        keyword: _value(dataset, keyword)
        for keyword in sorted(keywords)
        if tag_for_keyword(keyword) in present
    }
    attributes = {keyword: value for keyword, value in values.items() if value}
    return Header(
        data_set_at=data_set_at,
        transfer_syntax_uid=text(meta, "TransferSyntaxUID"),
        sop_class_uid=sop_class,
        sop_uid=uids[0],
        series_uid=uids[1],
        study_uid=uids[2],
        attributes=attributes | {"SOPClassUID": sop_class},
        place=_place(dataset, sop_class),
        expected_in_study=_count(dataset, "NumberOfStudyRelatedInstances"),
        expected_in_series=_count(dataset, "NumberOfSeriesRelatedInstances"),
        patient_name=_value(dataset, "PatientName"),
        patient_id=_value(dataset, "PatientID"),
        description=_value(dataset, "StudyDescription"),
    )


def _value(dataset: Dataset, keyword: str) -> str:
    """An element as text, its values parted by backslashes as in DICOM."""
    if dictionary_VR(keyword) == "PN":
        value = dataset.get(keyword)
        return printable("" if value is None else str(value)).strip()[:MOST_LETTERS]
    return "\\".join(texts(dataset, keyword))[:MOST_LETTERS]


def _count(dataset: Dataset, keyword: str) -> int | None:
    found = integer(dataset, keyword)
    return found if found is not None and 0 < found <= MOST_INSTANCES else None


def _place(dataset: Dataset, sop_class: str) -> SlicePlace | None:
    """Where a CT slice lies along its normal (PS3.3 C.7.6.2); None for everything else."""
    position = numbers(dataset, "ImagePositionPatient", 3)
    orientation = numbers(dataset, "ImageOrientationPatient", 6)
    if sop_class != CTImageStorage or position is None or orientation is None:
        return None
    if any(value.upper() == "LOCALIZER" for value in texts(dataset, "ImageType")):
        return None
    (a, b, c), (d, e, f) = orientation[:3], orientation[3:]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    offset = sum(along * step for along, step in zip(position, normal, strict=True))
    # Two decimals: what scanners write differs in the fourth from slice to slice.
    parts = [f"{value + 0.0:.2f}" for value in orientation]
    parts += [f"{value:.3f}" for value in numbers(dataset, "PixelSpacing", 2) or ()]
    parts += [str(integer(dataset, key)) for key in ("Rows", "Columns", "AcquisitionNumber")]
    return SlicePlace(stack=" ".join(parts), offset_mm=round(offset, 3))
