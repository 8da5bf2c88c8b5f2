"""What a user gives: a folder, a .zip, one DICOM file or one NIfTI file, known by its content."""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calciscope.errors import InputError, UnreadableFileError
from calciscope.readers.archive import ArchiveLimits, unpacked
from calciscope.readers.dicom_files import (
    FoundFile,
    FoundFiles,
    cannot_be_opened,
    files_in_folder,
    is_named_dicom,
    is_nifti,
    looks_like_dicom,
    read_head,
)

DEFAULT_LIMITS = ArchiveLimits()


@contextmanager
def opened(path: Path, limits: ArchiveLimits = DEFAULT_LIMITS) -> Iterator[FoundFiles | None]:
    """The DICOM files that a path holds or is; None where it is one NIfTI file.

    Args:
        path: what the user gave.
        limits: how far a .zip may expand; what it holds goes with the context.

    Raises:
        InputError: one of its kinds, with a sentence that names the file and the cure.
    """
    if _is_folder(path):
        yield files_in_folder(path)
    elif looks_like_dicom(read_head(path)):
        yield FoundFiles((FoundFile(path, str(path)),))
    elif is_nifti(path.name):
        yield None
    elif zipfile.is_zipfile(path) or path.suffix.lower() == ".zip":
        with unpacked(path, limits) as found:
            yield found
    elif is_named_dicom(path.name):
        raise UnreadableFileError(
            f"{path} is named as DICOM but is not a DICOM file; give the folder of a series"
        )
    else:
        raise UnreadableFileError(
            f"{path} is of no known kind; give a DICOM folder, .zip, .nii or .nii.gz"
        )


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder; raises InputError where it is neither folder nor file."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        # Python raises ValueError for a name with a null character.
        raise InputError(
            f"{path} does not exist; give a DICOM folder, .zip, .nii or .nii.gz"
        ) from error
    except OSError as error:
        raise cannot_be_opened(path, error) from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        # Opening a pipe would wait for its other end.
        raise InputError(f"{path} is neither a folder nor a file; give a folder, .zip or .nii.gz")
    return stat.S_ISDIR(mode)
