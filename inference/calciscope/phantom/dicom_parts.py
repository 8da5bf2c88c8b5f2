"""What every DICOM series of a phantom shares: patient, study, decimal strings, files."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

EPOCH = datetime(2026, 1, 1, 12, 0, 0)
"""Date and time of phantoms unless told otherwise: the same files every time."""


def describe_study(
    common: Dataset, uid_seed: str, patient_id: str, name: str, description: str, acquired: datetime
) -> None:
    """Patient, study, frame of reference and equipment; UIDs follow from `uid_seed`."""
    common.SpecificCharacterSet = "ISO_IR 192"
    common.PatientID = patient_id
    common.PatientName = name
    common.PatientBirthDate = ""
    common.PatientSex = ""
    common.StudyInstanceUID = generate_uid(entropy_srcs=[uid_seed, "study"])
    common.FrameOfReferenceUID = generate_uid(entropy_srcs=[uid_seed, "frame of reference"])
    common.PositionReferenceIndicator = ""
    common.StudyID = "1"
    common.AccessionNumber = ""
    common.ReferringPhysicianName = ""
    common.StudyDescription = description
    common.Manufacturer = "Calciscope"
    common.ManufacturerModelName = "Phantom"
    common.SoftwareVersions = "1"
    for moment in ("Study", "Series", "Acquisition", "Content", "InstanceCreation"):
        setattr(common, f"{moment}Date", acquired.strftime("%Y%m%d"))
        setattr(common, f"{moment}Time", acquired.strftime("%H%M%S"))


def save(instance: Dataset, path: Path, transfer_syntax: UID) -> None:
    """Write an instance as a DICOM file, compressed where the transfer syntax says so."""
    instance.file_meta = FileMetaDataset()
    instance.file_meta.MediaStorageSOPClassUID = instance.SOPClassUID
    instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if transfer_syntax.is_compressed and transfer_syntax.is_encapsulated:
        instance.compress(transfer_syntax, generate_instance_uid=False)
    else:
        instance["PixelData"].VR = "OW"
        instance.file_meta.TransferSyntaxUID = transfer_syntax
    instance.save_as(path, enforce_file_format=True)


def decimal(value: float) -> DSfloat:
    """A decimal string of at most 16 characters, as exact as they allow."""
    return DSfloat(float(value), auto_format=True)


def decimals(
    values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]],
) -> list[DSfloat]:
    """Decimal strings of several values."""
    return [decimal(value) for value in values]
