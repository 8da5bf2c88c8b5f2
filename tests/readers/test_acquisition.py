import pytest
from pydicom import Dataset

from calciscope.readers.acquisition import acquisition_of
from calciscope.readers.study import CtAcquisition


def header(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def test_everything_may_be_absent_or_empty() -> None:
    assert acquisition_of([header()]) == CtAcquisition()
    empty = header(KVP=None, ConvolutionKernel="", ContrastBolusAgent="", SliceThickness="0")
    assert acquisition_of([empty]) == CtAcquisition()


def test_everything_is_read() -> None:
    full = header(
        KVP="120",
        ConvolutionKernel=["Br40d", "3"],
        SliceThickness="1.25",
        ContrastBolusAgent="Iopromide",
        Exposure="45",
        Manufacturer="SIEMENS",
        ManufacturerModelName="Force",
        PatientPosition="FFS",
        ReconstructionDiameter="380",
        AcquisitionDate="20260301",
    )
    assert acquisition_of([full]) == CtAcquisition(
        kvp=120,
        kernel="Br40d",
        slice_thickness_mm=1.25,
        contrast_agent="Iopromide",
        exposure_mas=45,
        manufacturer="SIEMENS",
        model_name="Force",
        patient_position="FFS",
        reconstruction_diameter_mm=380,
        date="2026-03-01",
    )


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"StudyDate": "20251231"}, "2025-12-31"),
        ({"StudyDate": "20251231", "AcquisitionDate": "20260101"}, "2026-01-01"),
        ({"AcquisitionDateTime": "20260101083000.5+0100"}, "2026-01-01"),
        ({"AcquisitionDate": "", "SeriesDate": "20260102"}, "2026-01-02"),
        ({"StudyDate": "19000101"}, None),  # what anonymizers leave
        ({"StudyDate": ""}, None),
    ],
)
def test_date(elements: dict[str, str], expected: str | None) -> None:
    assert acquisition_of([header(**elements)]).date == expected


def test_a_coded_contrast_agent() -> None:
    coded = header(ContrastBolusAgentSequence=[header(CodeMeaning="Iohexol")])
    assert acquisition_of([coded]).contrast_agent == "Iohexol"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Exposure": "12"}, 12),
        ({"ExposureInuAs": "12500"}, 12.5),
        ({"XRayTubeCurrent": "70", "ExposureTime": "870"}, 60.9),  # 70 mA * 0.87 s
        ({"XRayTubeCurrent": "70"}, None),
    ],
)
def test_exposure(elements: dict[str, str], expected: float | None) -> None:
    assert acquisition_of([header(**elements)]).exposure_mas == pytest.approx(expected)


def test_exposure_is_the_median_over_slices() -> None:
    headers = [header(Exposure=str(mas)) for mas in (10, 90, 20)]
    assert acquisition_of([*headers, header()]).exposure_mas == 20
