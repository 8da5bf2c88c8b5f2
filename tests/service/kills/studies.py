"""Small CT studies for the service, quickly made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SIZE = 8
SPACING_MM = 2.5


@dataclass(frozen=True)
class SmallStudy:
    """A study of few and small slices.

    Attributes:
        uid: Study Instance UID.
        slices: data sets, in order of place.
        poison: whether the stand-in runner refuses it.
    """

    uid: str
    slices: tuple[Dataset, ...]
    poison: bool

    def write(self, folder: Path, numbers: range | None = None) -> None:
        """Write slices as files that appear whole."""
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers or range(len(self.slices)):
            draft = folder / f"{number:03d}.dcm.part"
            self.slices[number].save_as(draft, enforce_file_format=True)
            draft.rename(folder / f"{number:03d}.dcm")


def small_study(slices: int = 5, poison: bool = False, expected: bool = True) -> SmallStudy:
    """Make a study.

    Args:
        slices: how many.
        poison: the stand-in runner will refuse it.
        expected: the headers say how many instances the study has.
    """
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    made = []
    for number in range(slices):
        each = Dataset()
        each.SOPClassUID = CTImageStorage
        each.SOPInstanceUID = generate_uid()
        each.StudyInstanceUID, each.SeriesInstanceUID = study, series
        each.FrameOfReferenceUID = frame
        each.PatientID, each.PatientName = "KILL", "Kill^Test"
        each.Modality = "CT"
        each.StudyDescription = "POISON" if poison else "LEGS"
        each.SeriesNumber, each.InstanceNumber = 1, number + 1
        each.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        each.ImagePositionPatient = [0, 0, number * SPACING_MM]
        each.PixelSpacing = [1, 1]
        each.Rows = each.Columns = SIZE
        each.BitsAllocated = each.BitsStored = 16
        each.HighBit, each.PixelRepresentation, each.SamplesPerPixel = 15, 1, 1
        each.PhotometricInterpretation = "MONOCHROME2"
        each.RescaleSlope, each.RescaleIntercept = 1, -1024
        each.PixelData = np.zeros((SIZE, SIZE), np.int16).tobytes()
        if expected:
            each.NumberOfStudyRelatedInstances = slices
        each.ensure_file_meta()
        each.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.append(each)
    return SmallStudy(study, tuple(made), poison)
