"""The quick look at every DICOM file: a few elements of the header, no pixels."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom import Dataset, dcmread
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from calciscope.errors import UnreadableFileError
from calciscope.readers.deflated import refuse_deflated_bomb
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import MALFORMED, integer, quiet, text
from calciscope.readers.enhanced import ENHANCED_CLASSES, frames_of
from calciscope.readers.slices import SLICE_KEYWORDS, Slice, slice_of

CT_CLASSES = ENHANCED_CLASSES | {CTImageStorage}
"""SOP classes that may hold a CT volume."""

_KEYWORDS = (
    "SOPClassUID",
    "Modality",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    *SLICE_KEYWORDS,
)


@dataclass(frozen=True)
class Header:
    """What the choice of a series needs to know of one file.

    Attributes:
        slices: one for a CT image, one per frame for enhanced CT, none for anything else.
    """

    file: FoundFile
    sop_class_uid: str
    modality: str
    study_instance_uid: str
    series_instance_uid: str
    series_number: int | None
    series_description: str
    slices: tuple[Slice, ...]


def read_headers(files: Iterable[FoundFile]) -> list[Header]:
    """Scan files; what is DICOM but belongs to no series, such as a DICOMDIR, is passed over.

    Raises:
        UnreadableFileError: a file begins as DICOM and then cannot be understood.
    """
    with quiet():
        headers = [_read_header(file) for file in files]
    return [header for header in headers if header is not None]


def corrupt(name: str) -> UnreadableFileError:
    """The refusal of a DICOM file that ends too early or breaks off into nonsense."""
    return UnreadableFileError(f"{name} is truncated or corrupt; copy or export it again")


def read_dataset(file: FoundFile, *, pixels: bool) -> Dataset:
    """Read a data set with all its elements, with or without pixels; call under `quiet`.

    Raises:
        UnreadableFileError: the file cannot be parsed.
    """
    try:
        # By force, as files without preamble are read, too: looks_like_dicom has decided.
        return dcmread(file.path, force=True, stop_before_pixels=not pixels)
    except MALFORMED as error:
        raise corrupt(file.name) from error


def _scan(file: FoundFile) -> tuple[Dataset, bool]:
    """The elements that are looked at, and whether anything (pixels) follows the header."""
    try:
        with file.path.open("rb") as stream:
            refuse_deflated_bomb(stream, file)
            dataset = dcmread(
                stream, force=True, stop_before_pixels=True, specific_tags=list(_KEYWORDS)
            )
            deflated = dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
            return dataset, deflated or bool(stream.read(1))
    except MALFORMED as error:
        raise corrupt(file.name) from error


def _read_header(file: FoundFile) -> Header | None:
    dataset, reaches_pixels = _scan(file)
    declared = text(dataset.file_meta, "MediaStorageSOPClassUID")
    sop_class = text(dataset, "SOPClassUID") or declared
    if sop_class == MediaStorageDirectoryStorage:
        return None
    series = text(dataset, "SeriesInstanceUID")
    is_ct = sop_class in CT_CLASSES
    complete = series and integer(dataset, "Rows") and reaches_pixels
    if not sop_class or (is_ct and not complete):
        raise corrupt(file.name)
    if not series:
        return None
    slices: tuple[Slice, ...] = ()
    if sop_class in ENHANCED_CLASSES:
        slices = frames_of(read_dataset(file, pixels=False), file)
    elif is_ct:
        slices = (slice_of(dataset, file),)
    return Header(
        file=file,
        sop_class_uid=sop_class,
        modality=text(dataset, "Modality"),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        series_instance_uid=series,
        series_number=integer(dataset, "SeriesNumber"),
        series_description=text(dataset, "SeriesDescription"),
        slices=slices,
    )
