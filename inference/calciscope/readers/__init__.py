"""Readers: files as they come from a scanner or archive, to a Volume in HU or a named refusal."""

from pathlib import Path

from calciscope.errors import InputError
from calciscope.readers.archive import ArchiveLimits
from calciscope.readers.ct import read_dicom
from calciscope.readers.nifti import read_nifti
from calciscope.readers.sources import DEFAULT_LIMITS, opened
from calciscope.readers.study import CtAcquisition, CtStudy, SeriesSummary

__all__ = ["ArchiveLimits", "CtAcquisition", "CtStudy", "SeriesSummary", "read_ct"]


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
    with opened(path, limits) as found:
        if found is not None:
            return read_dicom(found, path, series_uid)
    if series_uid is not None:
        raise InputError(f"{path} is NIfTI, which holds no series; ask for none")
    return read_nifti(path)
