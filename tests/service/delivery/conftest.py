"""Results of a job, small and quick to make, and a journal that has them on their way."""

import gc
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SegmentationStorage,
)

from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.parcel import Parcel, read_parcel
from calciscope.service.journal.journal import Journal

STUDY = "1.2.826.0.1.3680043.8.498.7"
KINDS = {
    "segmentation": SegmentationStorage,
    "lesions": SegmentationStorage,
    "measurements": EnhancedSRStorage,
    "report": EncapsulatedPDFStorage,
    "picture_01": MultiFrameTrueColorSecondaryCaptureImageStorage,
}
MODALITIES = {"segmentation": "SEG", "lesions": "SEG", "measurements": "SR", "report": "DOC"}


def write_object(path: Path, study: str, number: int) -> str:
    """Write a DICOM file with the header of a result and little else; gives its UID."""
    sop_class = KINDS[path.stem]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = f"{study}.{number}.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = f"{study}.{number}"
    dataset.Modality = MODALITIES.get(path.stem, "OT")
    dataset.PatientName = "Somebody^Secret"
    dataset.PatientID = "4711"
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = ""
    dataset.SeriesNumber = dataset.InstanceNumber = number
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return str(dataset.SOPInstanceUID)


def write_result(folder: Path, study: str = STUDY) -> list[str]:
    """Fill a result folder; gives the UIDs of its objects in order of file names."""
    folder.mkdir(parents=True)
    (folder / "findings.json").write_text("{}", encoding="utf-8")
    (folder / "job.json").write_text('{"content_key": "key"}', encoding="utf-8")
    names = sorted(KINDS)
    return [write_object(folder / f"dicom/{name}.dcm", study, n) for n, name in enumerate(names, 1)]


@pytest.fixture
def refused_sockets(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """pynetdicom leaves sockets that could not connect to the garbage collector: call it here.

    The test must ignore pytest.PytestUnraisableExceptionWarning; later ones need not. Tracebacks
    in the log would keep the sockets alive.
    """
    caplog.set_level(logging.CRITICAL, "pynetdicom")
    yield
    gc.collect()


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    folder = tmp_path / "result"
    write_result(folder)
    return read_parcel(1, STUDY, 1, folder)


@pytest.fixture
def done(journal: Journal, data: DataFolder, arrive: Callable[..., int]) -> Callable[..., int]:
    """Brings a study to the state done, with a result, on its way to destinations."""

    def finish(*destinations: str, study: str = STUDY, result: bool = True) -> int:
        job_id = arrive(study=study, instance=f"{study}.999")
        journal.jobs.take(job_id, "legs", 0)
        journal.jobs.make_ready(job_id, journal.jobs.get(job_id).instances)
        claimed = journal.jobs.claim()
        assert claimed is not None
        journal.jobs.finish(claimed.id, "key", destinations)
        if result:
            write_result(data.result(claimed.id), study)
        return claimed.id

    return finish
