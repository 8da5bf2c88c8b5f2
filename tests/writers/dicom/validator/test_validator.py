"""Every DICOM object that Calciscope writes, before pydicom's dicom-validator."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from dicom_validator.validator.dicom_info import DicomInfo
from PIL import Image
from pydicom import Dataset, config, dcmread
from pydicom.uid import SegmentationStorage

from calciscope.phantom.dicom import write_ct_series
from calciscope.writers.capture_pages import CapturePage
from calciscope.writers.dicom.objects import ReportPages, write_dicom_objects
from calciscope.writers.pictures import CORONAL

LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"  # Label Map Segmentation Storage

Errors = Callable[[Path], list[str]]

# Supplement 243 of 2024 made the label map a SOP class of its own with the IOD of segmentations,
# in which it may do two things that the edition of 2020 does not allow.
OF_LABEL_MAPS = [
    # A frame holds all segments, so that it identifies none.
    "Segmentation: (5200,9229) > (0062,000A) is missing",
    "Segmentation Image: (0062,0001) - enum value 'LABELMAP' not allowed,"
    " allowed values: BINARY, FRACTIONAL",
]

# Object, sequences or value types of content items on the way, what is taken out, the error.
MISSING = [
    ("lesions ContentLabel", "Segmentation Image: (0070,0080)"),
    ("segmentation ContentCreatorName", "Segmentation Image: (0070,0084)"),
    ("segmentation FrameOfReferenceUID", "Frame of Reference: (0020,0052)"),
    # Required because the algorithm is not manual.
    (
        "lesions SegmentSequence SegmentAlgorithmName",
        "Segmentation Image: (0062,0002) > (0062,0009)",
    ),
    (
        "lesions PerFrameFunctionalGroupsSequence SegmentIdentificationSequence",
        "Segmentation: (5200,9229) > (0062,000A)",
    ),
    (
        "lesions PerFrameFunctionalGroupsSequence FrameContentSequence DimensionIndexValues",
        "Frame Content: (5200,9230) > (0020,9111) > (0020,9157)",
    ),
    ("measurements CompletionFlag", "SR Document General: (0040,A491)"),
    ("measurements ContinuityOfContent", "SR Document Content: (0040,A050)"),
    ("measurements TEXT TextValue", "SR Document Content: (0040,A730) > (0040,A160)"),
    ("measurements CODE RelationshipType", "SR Document Content: (0040,A730) > (0040,A010)"),
    # At the third level of the tree.
    (
        "measurements NUM MeasuredValueSequence MeasurementUnitsCodeSequence",
        "SR Document Content: (0040,A730) > (0040,A730) > (0040,A730) > (0040,A300) > (0040,08EA)",
    ),
    ("report DocumentTitle", "Encapsulated Document: (0042,0010)"),
    ("picture_01 ConversionType", "SC Equipment: (0008,0064)"),
    # Required because a pixel has three samples.
    ("picture_01 PlanarConfiguration", "Image Pixel: (0028,0006)"),
]

# Object, element, what it becomes, the error.
WRONG = [
    ("lesions", "Modality", "CT", "Segmentation Series: (0008,0060) - enum value 'CT'"),
    ("lesions", "BitsAllocated", 8, "Segmentation Image: (0028,0100) - enum value '8'"),
    ("report", "KVP", "120", "General: (0018,0060) is unexpected"),
    ("picture_01", "PatientID", "1" * 65, "Patient: (0010,0020) has invalid value"),
]


def png() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (4, 3)).save(stream, format="PNG")
    return stream.getvalue()


def write(folder: Path, case: Any, **options: Any) -> list[Path]:
    study, lesions, findings, tissues = case
    pages = ReportPages(
        b"%PDF-1.4\n%%EOF\n", (CapturePage("Summary", png()), CapturePage("C", png(), CORONAL))
    )
    options["created"] = datetime(2026, 1, 2, 3, 4, 5)
    write_dicom_objects(folder, study, lesions, tissues, findings, pages, **options)
    return sorted(folder.glob("*.dcm"))


def part(dataset: Dataset, name: str) -> Dataset:
    """First item of a sequence, or first content item with that type of value at any depth."""
    if not name.isupper():
        item: Dataset = dataset[name][0]
        return item
    sequences = (e for e in dataset.iterall() if e.keyword == "ContentSequence")
    return next(item for e in sequences for item in e.value if item.ValueType == name)


@pytest.fixture
def errors(
    standard_of_2020: DicomInfo, errors_of_dicom_validator: Callable[[Path, DicomInfo], list[str]]
) -> Errors:
    return lambda path: errors_of_dicom_validator(path, standard_of_2020)


def test_every_object_is_valid(tmp_path: Path, two_lesions: Any, errors: Errors) -> None:
    paths = write(tmp_path, two_lesions())
    assert [path.stem for path in paths] == [
        "lesions",
        "measurements",
        "picture_01",
        "picture_02",
        "report",
        "segmentation",
    ]
    assert {path.stem: errors(path) for path in paths} == {path.stem: [] for path in paths}


@pytest.mark.parametrize("dicom", [True, False])
def test_hot_spots_are_valid(tmp_path: Path, with_spect: Any, errors: Errors, dicom: bool) -> None:
    *case, spect = with_spect(dicom=dicom)
    paths = write(tmp_path / "out", case, spect=spect)
    assert "hot_spots" in {path.stem for path in paths}
    assert {path.stem: errors(path) for path in paths} == {path.stem: [] for path in paths}


def test_nothing_found_is_valid_too(
    tmp_path: Path, two_lesions: Any, make_findings: Any, errors: Errors
) -> None:
    study, lesions, _, tissues = two_lesions()
    nothing = (study, lesions.with_array(lesions.array * 0), make_findings(), tissues)
    paths = write(tmp_path, nothing)
    assert {path.stem for path in paths} >= {"measurements", "report", "segmentation"}
    assert {path.stem: errors(path) for path in paths} == {path.stem: [] for path in paths}


def test_a_phantom_is_valid(tmp_path: Path, two_lesions: Any, errors: Errors) -> None:
    study, *_ = two_lesions()
    for path in write_ct_series(study.volume, tmp_path, uid_seed="valid"):
        assert errors(path) == [], path.name


def test_a_label_map_is_unknown_to_2020(tmp_path: Path, two_lesions: Any, errors: Errors) -> None:
    """So it does not pass unseen: `test_a_label_map_is_a_segmentation` looks at it."""
    paths = {path.stem: path for path in write(tmp_path, two_lesions(), labelmap=True)}
    assert errors(paths["segmentation"]) == [f"Unknown or retired SOP Class UID: {LABEL_MAP}"]


def test_a_label_map_is_a_segmentation(
    tmp_path: Path, two_lesions: Any, standard_of_2020: DicomInfo, errors_of_dicom_validator: Any
) -> None:
    paths = {path.stem: path for path in write(tmp_path, two_lesions(), labelmap=True)}
    iods = standard_of_2020.iods
    younger = replace(standard_of_2020, iods=iods | {LABEL_MAP: iods[SegmentationStorage]})
    assert errors_of_dicom_validator(paths["segmentation"], younger) == OF_LABEL_MAPS


def test_what_is_missing_is_reported(tmp_path: Path, two_lesions: Any, errors: Errors) -> None:
    write(tmp_path, two_lesions())
    reported = {}
    for place, _ in MISSING:
        stem, *way, element = place.split()
        dataset = owner = dcmread(tmp_path / f"{stem}.dcm")
        for name in way:
            owner = part(owner, name)
        del owner[element]
        dataset.save_as(tmp_path / "faulty.dcm")
        reported[place] = errors(tmp_path / "faulty.dcm")
    assert reported == {place: [f"{error} is missing"] for place, error in MISSING}


def test_what_is_wrong_is_reported(tmp_path: Path, two_lesions: Any, errors: Errors) -> None:
    write(tmp_path, two_lesions())
    for stem, element, value, error in WRONG:
        dataset = dcmread(tmp_path / f"{stem}.dcm")
        with config.disable_value_validation():
            setattr(dataset, element, value)
            dataset.save_as(tmp_path / "faulty.dcm")
        [reported] = errors(tmp_path / "faulty.dcm")
        assert reported.startswith(error)
