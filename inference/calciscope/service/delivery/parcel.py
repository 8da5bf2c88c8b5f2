"""The results of one job, ready to be sent."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from calciscope.service.settings.destinations import ObjectKind

_KINDS: dict[str, ObjectKind] = {
    "segmentation": "segmentation",
    "lesions": "lesions",
    "measurements": "measurements",
    "report": "report",
    "picture": "pictures",
}
"""By the part of the file name before the number; see `RESULT_NAMES` of the writers."""


@dataclass(frozen=True)
class ResultObject:
    """A DICOM result file.

    Attributes:
        kind: as settings name it.
        path: of the file.
        sop_class_uid, sop_uid, transfer_syntax_uid: from its header.
        size: bytes.
    """

    kind: ObjectKind
    path: Path
    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str
    size: int


@dataclass(frozen=True)
class Parcel:
    """The results of one job.

    Attributes:
        job_id: of the journal.
        study_uid: Study Instance UID of the source; results of de-identified studies have another.
        revision: of the study.
        folder: all results.
        objects: the DICOM results in it, in order of their names.
    """

    job_id: int
    study_uid: str
    revision: int
    folder: Path
    objects: tuple[ResultObject, ...]

    def wanted(self, kinds: Collection[ObjectKind]) -> tuple[ResultObject, ...]:
        """The objects of these kinds."""
        return tuple(each for each in self.objects if each.kind in kinds)


def read_parcel(job_id: int, study_uid: str, revision: int, folder: Path) -> Parcel:
    """Look at the result folder of a job.

    Raises:
        OSError: it is gone or cannot be read.
        ValueError: a DICOM result in it is damaged.
    """
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    files = sorted((folder / "dicom").glob("*.dcm"))
    objects = tuple(_result_object(path) for path in files)
    return Parcel(job_id, study_uid, revision, folder, objects)


def _result_object(path: Path) -> ResultObject:
    kind = _KINDS.get(path.stem.rstrip("0123456789").rstrip("_"))
    try:
        header = pydicom.dcmread(
            path, stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID"]
        )
        if kind is None:
            raise ValueError(f"{path.name} is none of the results that Calciscope makes")
        return ResultObject(
            kind,
            path,
            str(header.SOPClassUID),
            str(header.SOPInstanceUID),
            str(header.file_meta.TransferSyntaxUID),
            path.stat().st_size,
        )
    except (InvalidDicomError, AttributeError) as error:
        raise ValueError(f"{path.name} is no DICOM file") from error
