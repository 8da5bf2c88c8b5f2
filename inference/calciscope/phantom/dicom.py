"""Writing a volume of HU as a CT Image Storage series (PS3.3 A.3) that validators accept."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from calciscope.errors import PhantomError
from calciscope.phantom.dicom_parts import EPOCH, decimal, decimals, describe_study, save
from calciscope.volume import Array, Volume


def write_ct_series(
    volume: Volume,
    folder: Path,
    *,
    uid_seed: str,
    kvp: float = 120.0,
    kernel: str = "STANDARD",
    slice_thickness_mm: float | None = None,
    exposure_mas: float | None = None,
    reconstruction_diameter_mm: float | None = None,
    contrast_agent: str | None = None,
    patient_id: str = "PHANTOM",
    patient_name: str = "Phantom^Calciscope",
    patient_position: str = "HFS",
    body_part: str | None = None,
    study_description: str = "Calciscope phantom",
    series_description: str = "CT",
    series_number: int = 1,
    acquisition_number: int = 1,
    image_type: Sequence[str] = ("ORIGINAL", "PRIMARY", "AXIAL"),
    acquired: datetime = EPOCH,
    rescale_intercept: int = -1024,
    transfer_syntax: UID = ExplicitVRLittleEndian,
) -> list[Path]:
    """Write one file for each slice (k) of a volume.

    Values are rounded to whole HU and clipped to what 16 bits hold above the intercept. UIDs
    follow from `uid_seed` (study, frame of reference) and the series number (series, instances):
    the same call writes the same bytes.

    Args:
        volume: HU, shape (I, J, K); i becomes the column, j the row. Its slices may be tilted
            against k, as a gantry is; i and j must be perpendicular.
        folder: created if need be; files are named by slice number.
        uid_seed: any text; series of one study share it.
        slice_thickness_mm: the distance of slices unless told otherwise.
        body_part: Body Part Examined, such as LEG (PS3.16 Annex L).
        transfer_syntax: uncompressed, or one that pydicom can encode.

    Returns:
        The files, in the order of k.

    Raises:
        PhantomError: i and j are not perpendicular.
    """
    steps = volume.affine[:3, :2]
    if abs(volume.direction[:, 0] @ volume.direction[:, 1]) > 1e-4:
        raise PhantomError(
            "a CT series needs perpendicular rows and columns; this volume's are not"
        )
    stored = _stored(volume.array, rescale_intercept)
    spacing = np.linalg.norm(steps, axis=0)
    normal = np.cross(steps[:, 0], steps[:, 1]) / spacing.prod()
    slice_distance = abs(float(volume.affine[:3, 2] @ normal))

    common = Dataset()
    common.SOPClassUID = CTImageStorage
    describe_study(common, uid_seed, patient_id, patient_name, study_description, acquired)
    series_uid = generate_uid(entropy_srcs=[uid_seed, "series", str(series_number)])
    common.Modality = "CT"
    common.SeriesInstanceUID = series_uid
    common.SeriesNumber = series_number
    common.SeriesDescription = series_description
    common.PatientPosition = patient_position
    if body_part is not None:
        common.BodyPartExamined = body_part
    common.Laterality = ""  # both sides or unknown (type 2C)
    common.ImageType = list(image_type)
    common.AcquisitionNumber = acquisition_number
    common.KVP = decimal(kvp)
    common.ConvolutionKernel = kernel
    common.SliceThickness = decimal(slice_thickness_mm or slice_distance)
    if exposure_mas is not None:
        common.Exposure = round(exposure_mas)
        common.ExposureInuAs = round(exposure_mas * 1000)
    if reconstruction_diameter_mm is not None:
        common.ReconstructionDiameter = decimal(reconstruction_diameter_mm)
    if contrast_agent is not None:
        common.ContrastBolusAgent = contrast_agent
    common.PixelSpacing = decimals(spacing[::-1])
    common.ImageOrientationPatient = decimals((steps / spacing).T.ravel())
    _describe_pixels(common, stored, rescale_intercept)

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for k in range(volume.shape[2]):
        position = volume.lps_mm([0, 0, k])
        instance = deepcopy(common)
        instance.SOPInstanceUID = generate_uid(entropy_srcs=[series_uid, str(k)])
        instance.InstanceNumber = k + 1
        instance.ImagePositionPatient = decimals(position)
        instance.SliceLocation = decimal(float(position @ normal))
        instance.PixelData = np.ascontiguousarray(stored[:, :, k].T).tobytes()
        path = folder / f"{k + 1:06d}.dcm"
        save(instance, path, transfer_syntax)
        paths.append(path)
    return paths


def _stored(array: Array, intercept: int) -> Array:
    values = np.rint(array) if array.dtype.kind == "f" else array
    return np.clip(values.astype(np.int32) - intercept, 0, 65535).astype("<u2")


def _describe_pixels(common: Dataset, stored: Array, intercept: int) -> None:
    bits = 12 if stored.max() < 1 << 12 else 16
    common.Rows, common.Columns = stored.shape[1], stored.shape[0]
    common.SamplesPerPixel = 1
    common.PhotometricInterpretation = "MONOCHROME2"
    common.BitsAllocated = 16
    common.BitsStored = bits
    common.HighBit = bits - 1
    common.PixelRepresentation = 0
    common.RescaleIntercept = intercept
    common.RescaleSlope = 1
    common.RescaleType = "HU"
    common.WindowCenter = 50
    common.WindowWidth = 400
