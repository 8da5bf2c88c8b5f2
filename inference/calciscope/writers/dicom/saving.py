"""Saving DICOM results so that faults of the source, or of the disk, are told as what they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from pydicom import Dataset

from calciscope.errors import OutputError
from calciscope.readers.elements import MALFORMED, quiet
from calciscope.readers.study import CtStudy

_FAULTS = tuple(kind for kind in MALFORMED if kind is not OSError)


@contextmanager
def faults_of(study: CtStudy) -> Iterator[None]:
    """Refuse what breaks on faulty headers, and keep pydicom's warnings of them quiet.

    The readers mend what results are made of; this is for what they did not think of. The
    sentence quotes no value of a header, as it may name the patient.

    Raises:
        OutputError: instead of what pydicom and highdicom raise.
    """
    try:
        with quiet():
            yield
    except _FAULTS as error:
        raise OutputError(
            f"DICOM results cannot refer to {study.source}, as its headers break the standard "
            f"({type(error).__name__}); export the original series"
        ) from error


def save(result: Dataset, path: Path) -> None:
    """Write a file; not by pydicom, which hides that a disk is full behind words of its own."""
    content = BytesIO()
    result.save_as(content)
    path.write_bytes(content.getbuffer())
