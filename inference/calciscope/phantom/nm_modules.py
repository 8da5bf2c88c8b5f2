"""Modules of a nuclear medicine image: where it lies and what was injected (PS3.3 C.8.4)."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from calciscope.errors import PhantomError
from calciscope.phantom.dicom_parts import decimal, decimals
from calciscope.volume import Volume

_RADIONUCLIDES = {
    "Tc-99m": ("72454006", "SCT", "^99m^Technetium"),
    "In-111": ("56609000", "SCT", "^111^Indium"),
}
_WINDOW_KEV = {"Tc-99m": (126.45, 154.55)}
"""Main energy window: 140.5 keV and 10 % to each side."""


def describe_detector(
    instance: Dataset, volume: Volume, first: NDArray[np.float64], step: NDArray[np.float64]
) -> None:
    """Geometry: NM Detector and NM Reconstruction modules (PS3.3 C.8.4.11, C.8.4.15).

    Args:
        instance: to write into.
        volume: i is the column, j the row.
        first: center of the first pixel of the first frame, LPS mm.
        step: from one frame to the next, LPS mm.
    """
    steps, spacing = volume.affine[:3, :2], volume.spacing_mm
    normal = np.cross(steps[:, 0], steps[:, 1])
    distance = float(np.copysign(np.linalg.norm(step), step @ normal))
    instance.PixelSpacing = decimals(spacing[1::-1])
    instance.SpacingBetweenSlices = decimal(distance)
    instance.SliceThickness = decimal(abs(distance))
    instance.DetectorInformationSequence = [
        _item(
            CollimatorGridName="LEHR",
            CollimatorType="PARA",
            FocalDistance=0,
            StartAngle=0,
            ImagePositionPatient=decimals(first),
            ImageOrientationPatient=decimals((steps / spacing[:2]).T.ravel()),
        )
    ]
    instance.NumberOfDetectors = 1
    instance.PatientOrientationCodeSequence = [_code("102538003", "SCT", "recumbent")]
    instance.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [
        _code("40199007", "SCT", "supine")
    ]
    instance.PatientGantryRelationshipCodeSequence = [_code("102540008", "SCT", "headfirst")]
    instance.ConvolutionKernel = "Gaussian 8 mm"
    instance.ReconstructionMethod = "OSEM 3i10s"
    instance.NumberOfRotations = 1
    instance.RotationInformationSequence = [
        _item(
            StartAngle=0,
            AngularStep=6,
            RotationDirection="CW",
            ScanArc=360,
            ActualFrameDuration=15000,
            RadialPosition="",
            NumberOfFramesInRotation=60,
        )
    ]


def describe_isotope(
    instance: Dataset,
    radionuclide: str,
    radiopharmaceutical: str,
    dose_mbq: float | None,
    injected: datetime | None,
) -> None:
    """Energy window and radiopharmaceutical: NM Isotope module (PS3.3 C.8.4.10)."""
    if radionuclide not in _RADIONUCLIDES:
        raise PhantomError(f"no code is known of the radionuclide {radionuclide}")
    low, high = _WINDOW_KEV.get(radionuclide, (0.0, 0.0))
    window = _item(EnergyWindowLowerLimit=decimal(low), EnergyWindowUpperLimit=decimal(high))
    instance.NumberOfEnergyWindows = 1
    instance.EnergyWindowInformationSequence = [
        _item(EnergyWindowName=f"{radionuclide} photopeak", EnergyWindowRangeSequence=[window])
    ]
    given = _item(
        Radiopharmaceutical=radiopharmaceutical,
        RadionuclideCodeSequence=[_code(*_RADIONUCLIDES[radionuclide])],
    )
    if radiopharmaceutical == "Tc-99m medronate":
        given.RadiopharmaceuticalCodeSequence = [
            _code("96390006", "SCT", "Technetium Tc^99m^ medronate")
        ]
    if dose_mbq is not None:
        given.RadionuclideTotalDose = decimal(dose_mbq)
    if injected is not None:
        given.RadiopharmaceuticalStartTime = injected.strftime("%H%M%S")
    instance.RadiopharmaceuticalInformationSequence = [given]


def describe_real_world_values(instance: Dataset, slope: float, units: str) -> None:
    """What stored values mean (PS3.3 C.7.6.16.2.11.1), in Bq/ml or counts of UCUM."""
    code, meaning = {"BQML": ("Bq/ml", "Becquerels/milliliter"), "CNTS": ("{counts}", "Counts")}[
        units
    ]
    instance.RealWorldValueMappingSequence = [
        _item(
            RealWorldValueFirstValueMapped=0,
            RealWorldValueLastValueMapped=65535,
            RealWorldValueIntercept=0.0,
            RealWorldValueSlope=slope,
            LUTExplanation=meaning,
            LUTLabel=units,
            MeasurementUnitsCodeSequence=[_code(code, "UCUM", meaning)],
        )
    ]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _item(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset
