"""Headers that later stages can rely on, whatever the source wrote.

A CT can be read though its headers break the standard; what refers to it, such as a DICOM SEG, is
made of the same headers. What the readers have understood is written back in place of what only
they could understand. Patient and study stay as they are.
"""

from collections.abc import Sequence

from pydicom import Dataset
from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR
from pydicom.uid import UID

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.elements import integer, text, texts
from calciscope.readers.geometry import Stack
from calciscope.readers.slices import Slice

_UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_INTEGERS = ("SeriesNumber", "InstanceNumber", "AcquisitionNumber")
_LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
_MOST = 64
"""Characters of a UID (PS3.5 9.1)."""


def make_sound(headers: Sequence[Dataset], stack: Stack) -> bool:
    """Mend the headers of a stack in place; call under `quiet`.

    Args:
        headers: of its files, in the order of their first slices.
        stack: what was understood of them.

    Returns:
        Whether all slices name one frame of reference, or none.

    Raises:
        UnreadableFileError: a slice has no UID that another object could refer to.
    """
    firsts: dict[FoundFile, Slice] = {}
    for each in stack.slices:
        firsts.setdefault(each.file, each)
    frames = {text(header, "FrameOfReferenceUID") for header in headers}
    frame = text(headers[0], "FrameOfReferenceUID")
    for header, each in zip(headers, firsts.values(), strict=True):
        _mend(header, each, stack, frame if _is_uid(frame) else "")
    return len(frames) == 1


def _mend(header: Dataset, each: Slice, stack: Stack, frame_of_reference: str) -> None:
    for keyword in _UIDS:
        uid = text(header, keyword)
        if not _is_uid(uid):
            raise UnreadableFileError(
                f"{each.file.name} has no valid {keyword}; export the original series"
            )
        _write(header, keyword, UID(uid))
    sop_class = text(header, "SOPClassUID") or text(header.file_meta, "MediaStorageSOPClassUID")
    _write(header, "SOPClassUID", UID(sop_class))
    _write(header, "FrameOfReferenceUID", UID(frame_of_reference) if frame_of_reference else None)
    for keyword in _INTEGERS:
        if keyword in header:
            _write(header, keyword, integer(header, keyword))
    if text(header, "LossyImageCompression") not in ("00", "01"):
        for keyword in _LOSSY:
            _write(header, keyword, None)
    if any(term not in python_encoding for term in texts(header, "SpecificCharacterSet")):
        # An unknown character set was read as Latin-1, which holds any byte.
        _write(header, "SpecificCharacterSet", "ISO_IR 100")
    _write(header, "Rows", each.rows)
    _write(header, "Columns", each.columns)
    if each.frame is None:
        _write(header, "NumberOfFrames", None)
        _write(header, "ImagePositionPatient", list(each.position or ()))
        _write(header, "ImageOrientationPatient", list(each.orientation or ()))
        _write(header, "PixelSpacing", list(each.pixel_spacing or ()))
        _write(header, "SliceThickness", each.thickness or stack.spacing_mm)


def _write(header: Dataset, keyword: str, value: object) -> None:
    """Set an element to a value in the value representation it should have; None removes it."""
    if keyword in header:
        element = header[keyword]
        if value is not None and dictionary_VR(keyword) == element.VR and element.value == value:
            return
        # Otherwise pydicom would keep the value representation of the source.
        delattr(header, keyword)
    if value is not None:
        setattr(header, keyword, value)


def _is_uid(uid: str) -> bool:
    """Whether a text can stand for a UID; leading zeros are forbidden but common."""
    return 0 < len(uid) <= _MOST and uid.isascii() and uid.replace(".", "").isdigit()
