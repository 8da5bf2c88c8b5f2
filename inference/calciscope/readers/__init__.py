"""Readers: files as they come from a scanner or archive, to a Volume in HU or a named refusal."""

import stat
import zipfile
from pathlib import Path

from calciscope.errors import InputError, UnreadableFileError
from calciscope.readers.archive import ArchiveLimits, unpacked
from calciscope.readers.ct import read_dicom
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
from calciscope.readers.nifti import read_nifti
from calciscope.readers.study import CtAcquisition, CtStudy, SeriesSummary

__all__ = ["ArchiveLimits", "CtAcquisition", "CtStudy", "SeriesSummary", "read_ct"]

DEFAULT_LIMITS = ArchiveLimits()


def read_ct(
    path: Path, limits: ArchiveLimits = DEFAULT_LIMITS, series_uid: str | None = None
) -> CtStudy:
    """Read a CT from a DICOM folder, a .zip of DICOM, a multi-frame DICOM file, or NIfTI.

    Files are known by their content; what is not DICOM in a folder is passed over.

    Args:
        path: what the user gave.
        limits: how far a .zip may expand.
        series_uid: Series Instance UID of the series to take; None for the rule of `choice`.

    Raises:
        InputError: one of its kinds, with a sentence that names the file and the cure.
    """
    path = Path(path)
    if _is_folder(path):
        return read_dicom(files_in_folder(path), path, series_uid)
    head = read_head(path)
    if looks_like_dicom(head):
        return read_dicom(FoundFiles((FoundFile(path, str(path)),)), path, series_uid)
    if is_nifti(path.name):
        if series_uid is not None:
            raise InputError(f"{path} is NIfTI, which holds no series; ask for none")
        return read_nifti(path)
    if zipfile.is_zipfile(path) or path.suffix.lower() == ".zip":
        with unpacked(path, limits) as found:
            return read_dicom(found, path, series_uid)
    if is_named_dicom(path.name):
        raise UnreadableFileError(
            f"{path} is named as DICOM but is not a DICOM file; give the folder of a CT series"
        )
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
