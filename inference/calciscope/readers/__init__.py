"""Readers: files as they come from a scanner or archive, to a Volume in HU or a named refusal."""

import zipfile
from pathlib import Path

from calciscope.errors import InputError, UnreadableFileError
from calciscope.readers.archive import ArchiveLimits, unpacked
from calciscope.readers.ct import read_dicom
from calciscope.readers.dicom_files import (
    FoundFile,
    FoundFiles,
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


def read_ct(path: Path, limits: ArchiveLimits = DEFAULT_LIMITS) -> CtStudy:
    """Read a CT from a DICOM folder, a .zip of DICOM, a multi-frame DICOM file, or NIfTI.

    Files are known by their content; what is not DICOM in a folder is passed over.

    Args:
        path: what the user gave.
        limits: how far a .zip may expand.

    Raises:
        InputError: one of its kinds, with a sentence that names the file and the cure.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; give a DICOM folder, .zip, .nii or .nii.gz")
    if path.is_dir():
        return read_dicom(files_in_folder(path), path)
    head = read_head(path)
    if looks_like_dicom(head):
        return read_dicom(FoundFiles((FoundFile(path, str(path)),)), path)
    if is_nifti(path.name):
        return read_nifti(path)
    if zipfile.is_zipfile(path) or path.suffix.lower() == ".zip":
        with unpacked(path, limits) as found:
            return read_dicom(found, path)
    if is_named_dicom(path.name):
        raise UnreadableFileError(
            f"{path} is named as DICOM but is not a DICOM file; give the folder of a CT series"
        )
    raise UnreadableFileError(
        f"{path} is of no known kind; give a DICOM folder, .zip, .nii or .nii.gz"
    )
