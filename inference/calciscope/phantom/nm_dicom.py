"""Writing a reconstructed SPECT as Nuclear Medicine Image Storage (PS3.3 A.5, RECON TOMO)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, NuclearMedicineImageStorage, generate_uid

from calciscope.errors import PhantomError
from calciscope.phantom.dicom_parts import EPOCH, decimal, describe_study, save
from calciscope.phantom.nm_modules import (
    describe_detector,
    describe_isotope,
    describe_real_world_values,
)
from calciscope.volume import Array, Volume

_HIGHEST = 65535


def write_nm_series(
    volume: Volume,
    folder: Path,
    *,
    uid_seed: str,
    units: Literal["BQML", "CNTS"] = "BQML",
    weight_kg: float | None = 72.0,
    dose_mbq: float | None = 740.0,
    injected: datetime | None = None,
    acquired: datetime = EPOCH,
    radionuclide: str = "Tc-99m",
    radiopharmaceutical: str = "Tc-99m medronate",
    series_number: int = 100,
    instance_number: int = 1,
    series_description: str = "SPECT AC",
    image_type: Sequence[str] = ("ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"),
    corrected: Sequence[str] = ("DECY", "ATTN", "SCAT"),
    reversed_frames: bool = False,
    real_world_values: bool = True,
    patient_id: str = "PHANTOM",
    patient_name: str = "Phantom^Calciscope",
    study_description: str = "Calciscope phantom",
    transfer_syntax: UID = ExplicitVRLittleEndian,
) -> Path:
    """Write one multi-frame file, a bed position, whose frames are the slices (k) of a volume.

    With the `uid_seed` of `write_ct_series` it is of the same study and frame of reference. Further
    bed positions share the series number and differ in `instance_number` (and `acquired`). The same
    call writes the same bytes.

    Args:
        volume: activity in Bq/mL as it was when the acquisition started, or counts; shape
            (I, J, K), not negative, axes perpendicular; i becomes the column, j the row.
        folder: created if need be; the file is named by series and instance number.
        uid_seed: any text; series of one study share it.
        units: of the volume; Bq/mL are scaled to 16 bits, and counts where they exceed them.
        weight_kg: None leaves it out, as any of the three things that SUV needs.
        dose_mbq: at the time of injection (NM counts it in MBq, PS3.3 C.8.4.10; PET in Bq).
        injected: NM has no element for the date, so it is at most 24 h before `acquired`.
        reversed_frames: the last slice comes first, with negative Spacing Between Slices.
        real_world_values: whether a Real World Value Mapping says what the values are; else the
            Rescale Slope does, as older vendors have it.

    Raises:
        PhantomError: the axes are not perpendicular, or values are negative.
    """
    if not volume.is_rectangular:
        raise PhantomError("a SPECT needs perpendicular axes; this volume's are not")
    if volume.array.min() < 0:
        raise PhantomError("a SPECT has no negative values; clip the volume at 0")
    frames = volume.array.transpose(2, 1, 0)
    first = volume.lps_mm([0, 0, 0])
    step = volume.affine[:3, 2]
    if reversed_frames:
        frames, first, step = frames[::-1], volume.lps_mm([0, 0, volume.shape[2] - 1]), -step
    slope = _slope(float(volume.array.max()), units)

    instance = Dataset()
    instance.SOPClassUID = NuclearMedicineImageStorage
    describe_study(instance, uid_seed, patient_id, patient_name, study_description, acquired)
    if weight_kg is not None:
        instance.PatientWeight = decimal(weight_kg)
    instance.Modality = "NM"
    instance.Laterality = ""  # both sides or unknown (type 2C)
    series_uid = generate_uid(entropy_srcs=[uid_seed, "series", str(series_number)])
    instance.SeriesInstanceUID = series_uid
    instance.SOPInstanceUID = generate_uid(entropy_srcs=[series_uid, str(instance_number)])
    instance.SeriesNumber = series_number
    instance.SeriesDescription = series_description
    instance.InstanceNumber = instance_number
    instance.ImageType = list(image_type)
    instance.CorrectedImage = list(corrected)
    describe_detector(instance, volume, first, step)
    describe_isotope(instance, radionuclide, radiopharmaceutical, dose_mbq, injected)
    _describe_frames(instance, np.rint(frames / slope).astype("<u2"))
    instance.Units = units
    if real_world_values:
        describe_real_world_values(instance, slope, units)
    else:
        instance.RescaleIntercept = 0
        instance.RescaleSlope = decimal(slope)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"nm_{series_number:03d}_{instance_number:03d}.dcm"
    save(instance, path, transfer_syntax)
    return path


def _slope(highest: float, units: str) -> float:
    """What one stored step means; counts stay whole numbers where 16 bits hold them."""
    if units == "CNTS" and highest <= _HIGHEST:
        return 1.0
    # In digits that a decimal string holds, so that mapping and rescale agree.
    return float(f"{highest / (_HIGHEST - 1):.9g}") if highest > 0 else 1.0


def _describe_frames(instance: Dataset, stored: Array) -> None:
    """NM Multi-frame, Image and Image Pixel modules (PS3.3 C.8.4.8, C.8.4.9, C.7.6.3)."""
    count, instance.Rows, instance.Columns = stored.shape
    instance.NumberOfFrames = count
    instance.NumberOfSlices = count
    instance.FrameIncrementPointer = 0x00540080  # Slice Vector
    instance.SliceVector = list(range(1, count + 1))
    instance.SamplesPerPixel = 1
    instance.PhotometricInterpretation = "MONOCHROME2"
    instance.BitsAllocated = 16
    instance.BitsStored = 16
    instance.HighBit = 15
    instance.PixelRepresentation = 0
    instance.CountsAccumulated = ""
    instance.PixelData = np.ascontiguousarray(stored).tobytes()
