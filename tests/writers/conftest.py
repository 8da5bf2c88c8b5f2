"""Small studies and findings for the writers, built by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import CTImageStorage, generate_uid

from calciscope.ct.definition import describe_definition
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import (
    Burden,
    BurdenFigures,
    CtFindings,
    Findings,
    Lesion,
    ModelUse,
    Provenance,
)
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.readers.study import CtAcquisition, CtStudy, SeriesSummary
from calciscope.volume import Volume

MakeStudy = Callable[..., CtStudy]
MakeLesion = Callable[..., Lesion]
MakeFindings = Callable[..., Findings]
MakeReported = Callable[..., "Reported"]


@dataclass(frozen=True)
class FakeSegmentation:
    """All of the volume is body."""

    tissues: Volume
    tissue_beneath: Volume
    probability: Volume
    body: Volume


@dataclass(frozen=True)
class Reported:
    """What a report is written from."""

    study: CtStudy
    segmentation: FakeSegmentation
    lesions: Volume
    findings: Findings


ACQUISITION = CtAcquisition(
    kvp=130.0,
    kernel="B30s",
    slice_thickness_mm=2.5,
    contrast_agent=None,
    exposure_mas=40.0,
    manufacturer="MAKER",
    model_name="Scanner",
    patient_position="FFS",
    reconstruction_diameter_mm=500.0,
)


@pytest.fixture(scope="session")
def make_study() -> MakeStudy:
    """Build a CT study from an array of HU; with `dicom`, with the headers of its slices."""

    def build(
        hu: NDArray[Any],
        affine: NDArray[np.float64],
        dicom: bool = True,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> CtStudy:
        volume = Volume(hu, affine)
        series = SeriesSummary("1.2.3.4", 2, "LEGS 2.5 SOFT", "CT", hu.shape[2], "1.2.3")
        study = CtStudy(
            source=Path("study"),
            volume=volume,
            acquisition=ACQUISITION,
            series=series if dicom else None,
            left_out=(),
            warnings=(),
            instances=headers(volume, header or {}) if dicom else (),
            resampled=False,
        )
        return replace(study, **changes)

    return build


def headers(volume: Volume, changes: dict[str, Any]) -> tuple[Dataset, ...]:
    """CT Image headers without pixels, one per slice k (PS3.3 A.3)."""
    spacing, direction = volume.spacing_mm, volume.direction
    result = []
    for k in range(volume.shape[2]):
        header = Dataset()
        header.SOPClassUID = CTImageStorage
        header.SOPInstanceUID = generate_uid(entropy_srcs=["instance", str(k)])
        header.StudyInstanceUID, header.SeriesInstanceUID = "1.2.3", "1.2.3.4"
        header.FrameOfReferenceUID = "1.2.3.5"
        header.PositionReferenceIndicator = ""
        header.Modality, header.SeriesNumber, header.InstanceNumber = "CT", 2, 100 + k
        header.PatientName, header.PatientID = "Doe^Jane", "P1"
        header.PatientBirthDate, header.PatientSex = "19800101", "F"
        header.StudyDate, header.StudyTime, header.StudyID = "20260101", "120000", "S1"
        header.AccessionNumber, header.ReferringPhysicianName = "A1", ""
        header.Columns, header.Rows = volume.shape[:2]
        header.PixelSpacing = [f"{spacing[1]:.6f}", f"{spacing[0]:.6f}"]
        header.SliceThickness = f"{spacing[2]:.6f}"
        header.ImageOrientationPatient = [f"{v:.6f}" for v in direction[:, [0, 1]].T.ravel()]
        header.ImagePositionPatient = [f"{v:.6f}" for v in volume.lps_mm([0, 0, k])]
        for keyword, value in changes.items():
            if value is None:
                delattr(header, keyword)
            else:
                setattr(header, keyword, value)
        result.append(header)
    return tuple(result)


@pytest.fixture(scope="session")
def make_lesion() -> MakeLesion:
    """Build a lesion of 100 mm3 and 20 mg in the left leg muscle, with changes."""

    def build(id: int, **changes: Any) -> Lesion:
        lesion = Lesion(
            id=id,
            compartment=Compartment.MUSCLE,
            compartment_fractions={"muscle": 1.0},
            laterality=Laterality.LEFT,
            region=Region.LOWER_LEG,
            level=None,
            volume_mm3=100.0,
            volume_pv_mm3=80.0,
            ha_mass_mg=20.0,
            agatston=12.5,
            hu_mean=250.0,
            hu_max=480.0,
            hu_p95=430.0,
            longest_diameter_mm=10.0,
            short_axis_mm=4.0,
            linearity=0.8,
            angle_to_bone_axis_deg=5.0,
            distance_to_skin_mm=14.0,
            distance_to_bone_mm=9.0,
            centroid_lps_mm=(0.0, 0.0, 0.0),
            probability=0.97,
            calcium_mass_mg=7.98,
            ha_mass_noise_mg=1.0,
            ha_mass_uncertainty_mg=2.6,
        )
        return replace(lesion, **changes)

    return build


@pytest.fixture(scope="session")
def make_findings() -> MakeFindings:
    """Build findings from lesions; the burden is summed here, independently of the product."""

    def build(lesions: Sequence[Lesion] = (), warnings: Sequence[str] = ()) -> Findings:
        groups: dict[Compartment, dict[Laterality, BurdenFigures]] = {}
        for lesion in lesions:
            sides = groups.setdefault(lesion.compartment, {})
            same = [
                other
                for other in lesions
                if (other.compartment, other.laterality) == (lesion.compartment, lesion.laterality)
            ]
            sides[lesion.laterality] = figures(same)
        grid = Volume.from_spacing(np.zeros((1, 1, 1)), (0.98, 0.98, 2.5))
        definition = describe_definition(grid, ACQUISITION, MeasurementSettings())
        return Findings(
            provenance=Provenance(
                program="calciscope",
                program_version="0.1.0",
                models=(ModelUse("ct-calcification", "0.1.0", "ab" * 32),),
                engine="onnxruntime",
                device="cpu",
                times_s={"read": 1.25, "segment": 20.5},
                peak_ram_mb=1500.0,
                warnings=tuple(warnings),
            ),
            ct=CtFindings(tuple(lesions), Burden(figures(lesions), groups), definition),
        )

    return build


def figures(lesions: Sequence[Lesion]) -> BurdenFigures:
    return BurdenFigures(
        count=len(lesions),
        volume_mm3=sum(lesion.volume_mm3 for lesion in lesions),
        volume_pv_mm3=sum(lesion.volume_pv_mm3 for lesion in lesions),
        ha_mass_mg=sum(lesion.ha_mass_mg for lesion in lesions),
        agatston=sum(lesion.agatston for lesion in lesions),
        calcium_mass_mg=sum(lesion.calcium_mass_mg for lesion in lesions),
        ha_mass_noise_mg=sum(lesion.ha_mass_noise_mg**2 for lesion in lesions) ** 0.5,
        ha_mass_uncertainty_mg=(
            sum(lesion.ha_mass_noise_mg**2 for lesion in lesions)
            + (0.12 * sum(lesion.ha_mass_mg for lesion in lesions)) ** 2
        )
        ** 0.5,
    )


@pytest.fixture
def make_reported(
    make_study: MakeStudy, make_lesion: MakeLesion, make_findings: MakeFindings
) -> MakeReported:
    """Build a study with `count` lesions of one voxel, left and right, in two compartments."""

    def build(count: int, warnings: tuple[str, ...] = (), **changes: Any) -> Reported:
        shape = (40, 20, 12)
        header = changes.pop("header", {})
        study = make_study(np.full(shape, 50, np.int16), np.eye(4), header=header)
        study = replace(study, **changes)
        ids = np.zeros(shape, np.uint16)
        lesions = []
        for number in range(1, count + 1):
            place = (5 + 2 * (number % 15), 10, number % 12)
            ids[place] = number
            lesions.append(
                make_lesion(
                    number,
                    centroid_lps_mm=tuple(map(float, place)),
                    laterality=Laterality.LEFT if number % 2 else Laterality.RIGHT,
                    compartment=Compartment.MUSCLE if number % 3 else Compartment.SUBCUTANEOUS,
                )
            )
        blank = study.volume.with_array(np.zeros(shape, np.uint8))
        body = study.volume.with_array(np.ones(shape, bool))
        segmentation = FakeSegmentation(blank, blank, blank, body)
        findings = make_findings(lesions, warnings)
        return Reported(study, segmentation, study.volume.with_array(ids), findings)

    return build
