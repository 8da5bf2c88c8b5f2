"""The DICOM SEG: same voxels at the same place, valid, reproducible, faithful to its source."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from calciscope.errors import OutputError
from calciscope.labels import Compartment, Label
from calciscope.volume import Volume
from calciscope.writers.dicom.segmentation_object import write_segmentation

NOW = datetime(2026, 1, 2, 3, 4, 5)
SHAPE = (7, 6, 5)

OBLIQUE = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
TIPPED = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]])
DIRECTIONS = {
    "axial": np.eye(3),
    "slices from head to feet": np.diag([1.0, 1.0, -1.0]),
    "columns to the right, rows to the front": np.diag([-1.0, -1.0, 1.0]),
    "columns to the right": np.diag([-1.0, 1.0, -1.0]),
    "coronal": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
    "sagittal": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]),
    "oblique": OBLIQUE @ TIPPED,
    "oblique and flipped": OBLIQUE @ TIPPED @ np.diag([-1.0, 1.0, -1.0]),
}


def affine(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = directions @ np.diag([0.9, 0.8, 2.5])
    matrix[:3, 3] = (-211.9, -122.07, 699.78)
    return matrix


@pytest.fixture
def case(make_study: Any, make_lesion: Any, make_findings: Any) -> Any:
    """A study with lesion 1 (muscle, 3 voxels), lesion 2 (subcutaneous, 1) and a vessel voxel."""

    def build(directions: NDArray[np.float64] = DIRECTIONS["axial"], **changes: Any) -> Any:
        study = make_study(np.zeros(SHAPE, np.int16), affine(directions), **changes)
        ids = np.zeros(SHAPE, np.uint16)
        ids[1, 2, 3], ids[2, 2, 3], ids[2, 2, 4], ids[5, 1, 0] = 1, 1, 1, 2
        tissues = np.full(SHAPE, Label.MUSCLE, np.uint8)
        tissues[ids > 0] = Label.CALCIFICATION
        tissues[6, 5, 4] = Label.VASCULAR
        findings = make_findings(
            [make_lesion(1), make_lesion(2, compartment=Compartment.SUBCUTANEOUS)]
        )
        grid = study.volume
        return study, grid.with_array(ids), findings, grid.with_array(tissues)

    return build


def write(path: Path, case: Any, **changes: Any) -> Dataset:
    study, lesions, findings, tissues = case
    changes = {"tissues": tissues, "created": NOW, **changes}
    write_segmentation(path, study, lesions, findings, **changes)
    return pydicom.dcmread(path)


def world(matrix: NDArray[np.float64], indices: NDArray[Any]) -> set[tuple[float, ...]]:
    """Positions in mm of indices (n, 3), rounded to 0.01 mm."""
    positions = indices @ matrix[:3, :3].T + matrix[:3, 3]
    return {tuple(float(v) + 0.0 for v in np.round(p, 2)) for p in positions}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_voxels_read_back_at_the_same_world_positions(tmp_path: Path, case: Any, name: str) -> None:
    study, lesions, _, tissues = made = case(DIRECTIONS[name])
    write(tmp_path / "seg.dcm", made)
    read = hd.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    for number, mask in {
        1: lesions.array == 1,
        2: lesions.array == 2,
        3: tissues.array == Label.VASCULAR,
    }.items():
        expected = world(study.volume.affine, np.argwhere(mask))
        assert world(read.affine, np.argwhere(read.array == number)) == expected


def test_frames_name_the_slice_they_were_drawn_on(tmp_path: Path, case: Any) -> None:
    study, *_ = made = case(DIRECTIONS["slices from head to feet"])
    dataset = write(tmp_path / "seg.dcm", made)
    drawn_on = [
        (
            frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber,
            frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID,
        )
        for frame in dataset.PerFrameFunctionalGroupsSequence
    ]
    uids = [instance.SOPInstanceUID for instance in study.instances]
    assert sorted(drawn_on) == sorted([(1, uids[3]), (1, uids[4]), (2, uids[0]), (3, uids[4])])


def test_segments_carry_codes_colors_and_the_algorithm(tmp_path: Path, case: Any) -> None:
    dataset = write(tmp_path / "seg.dcm", case())
    assert dataset.SegmentationType == "BINARY"
    assert dataset.ContentQualification == "RESEARCH"
    found = [
        (
            s.SegmentLabel,
            s.SegmentedPropertyCategoryCodeSequence[0].CodeValue,
            s.SegmentedPropertyTypeCodeSequence[0].CodeValue,
            s.AnatomicRegionSequence[0].CodeValue,
            s.SegmentAlgorithmType,
        )
        for s in dataset.SegmentSequence
    ]
    assert found == [
        ("Calcification, muscle", "49755003", "18115005", "127954009", "AUTOMATIC"),
        ("Calcification, subcutaneous", "49755003", "18115005", "71966008", "AUTOMATIC"),
        ("Vascular calcification", "49755003", "237897009", "59820001", "AUTOMATIC"),
    ]
    algorithm = dataset.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (
        "calciscope threshold",
        "0.1.0",
    )
    # CIE Lab of sRGB #D55E00, white D65: 54.2, 43.3, 63.3; scaled as PS3.3 C.10.7.1.1 says.
    lightness, a, b = dataset.SegmentSequence[0].RecommendedDisplayCIELabValue
    assert lightness / 65535 * 100 == pytest.approx(54.2, abs=0.5)
    assert a / 65535 * 255 - 128 == pytest.approx(43.3, abs=0.5)
    assert b / 65535 * 255 - 128 == pytest.approx(63.3, abs=0.5)


def test_patient_study_and_warning_words(tmp_path: Path, case: Any) -> None:
    dataset = write(tmp_path / "seg.dcm", case())
    assert (dataset.PatientID, str(dataset.PatientName), dataset.StudyID) == (
        "P1",
        "Doe^Jane",
        "S1",
    )
    assert (dataset.StudyInstanceUID, dataset.FrameOfReferenceUID) == ("1.2.3", "1.2.3.5")
    assert dataset.SeriesInstanceUID != "1.2.3.4"
    assert (dataset.ContentDate, dataset.ContentTime) == ("20260102", "030405")
    for words in (dataset.SeriesDescription, dataset.ContentDescription):
        assert "not a diagnosis" in words
        assert len(words) <= 64
    references = dataset.ReferencedSeriesSequence[0]
    assert references.SeriesInstanceUID == "1.2.3.4"
    assert len(references.ReferencedInstanceSequence) == 5


def test_the_same_analysis_gives_the_same_bytes(tmp_path: Path, case: Any) -> None:
    write(tmp_path / "one.dcm", case())
    write(tmp_path / "two.dcm", case())
    assert (tmp_path / "one.dcm").read_bytes() == (tmp_path / "two.dcm").read_bytes()


def test_another_mask_or_series_or_time_is_told_apart(tmp_path: Path, case: Any) -> None:
    first = write(tmp_path / "1.dcm", case())
    study, lesions, findings, tissues = case()
    moved = lesions.with_array(np.roll(lesions.array, 1, axis=0))
    other_mask = write(tmp_path / "2.dcm", (study, moved, findings, tissues))
    other_series = write(tmp_path / "3.dcm", case(header={"SeriesInstanceUID": "1.2.3.9"}))
    assert len({d.SOPInstanceUID for d in (first, other_mask, other_series)}) == 3
    assert len({d.SegmentSequence[0].TrackingUID for d in (first, other_mask, other_series)}) == 3

    later = write(tmp_path / "4.dcm", case(), created=datetime(2027, 1, 1))
    assert (later.SOPInstanceUID, later.ContentDate) == (first.SOPInstanceUID, "20270101")


def test_nothing_found_is_one_empty_frame_that_says_so(
    tmp_path: Path, case: Any, make_findings: Any, errors_of_dciodvfy: Any
) -> None:
    study, lesions, _, _ = case()
    empty = lesions.with_array(np.zeros(SHAPE, np.uint16))
    written = write_segmentation(tmp_path / "seg.dcm", study, empty, make_findings(), created=NOW)
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    assert [s.compartment for s in written.segments] == [None]
    assert (dataset.NumberOfFrames, len(dataset.SegmentSequence)) == (1, 1)
    assert not hd.seg.segread(tmp_path / "seg.dcm").pixel_array.any()
    assert dataset.ContentDescription.startswith("No soft-tissue calcification found")
    position = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    assert np.allclose(position.ImagePositionPatient, study.volume.lps_mm([0, 0, 2]))
    assert len(dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 5
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_a_resampled_grid_has_positions_of_its_own(
    tmp_path: Path, case: Any, errors_of_dciodvfy: Any
) -> None:
    """The source's slices are 2.5 mm apart, the analyzed ones 2 mm."""
    study, lesions, findings, tissues = case()
    matrix = study.volume.affine.copy()
    matrix[:3, 2] *= 0.8
    regridded = replace(study, volume=Volume(study.volume.array, matrix), resampled=True)
    made = (regridded, Volume(lesions.array, matrix), findings, Volume(tissues.array, matrix))
    dataset = write(tmp_path / "seg.dcm", made)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SpacingBetweenSlices == pytest.approx(2.0)
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.3.4"
    read = hd.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    assert world(read.affine, np.argwhere(read.array == 1)) == world(
        matrix, np.argwhere(lesions.array == 1)
    )
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_a_multi_frame_source_is_one_image(
    tmp_path: Path, case: Any, errors_of_dciodvfy: Any
) -> None:
    study, *rest = case()
    multi = replace(study, instances=(enhanced(study.instances),))
    dataset = write(tmp_path / "seg.dcm", (multi, *rest))
    assert len(dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 1
    frames = [
        f.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        for f in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert sorted(frames) == [1, 4, 5, 5]  # slices 0, 3, 4, 4, counted from 1
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def enhanced(slices: tuple[Dataset, ...]) -> Dataset:
    """The slices' headers as one Enhanced CT Image (PS3.3 A.38), geometry only."""
    result = Dataset()
    result.update(slices[0])
    result.SOPClassUID = pydicom.uid.EnhancedCTImageStorage
    result.NumberOfFrames = len(slices)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(result, keyword)
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = slices[0].PixelSpacing, 2.5
    orientation.ImageOrientationPatient = slices[0].ImageOrientationPatient
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    result.SharedFunctionalGroupsSequence = [shared]
    result.PerFrameFunctionalGroupsSequence = []
    for header in slices:
        position, frame = Dataset(), Dataset()
        position.ImagePositionPatient = header.ImagePositionPatient
        frame.PlanePositionSequence = [position]
        result.PerFrameFunctionalGroupsSequence.append(frame)
    return result


@pytest.mark.parametrize("name", DIRECTIONS)
def test_the_validator_finds_no_error(
    tmp_path: Path, case: Any, name: str, errors_of_dciodvfy: Any
) -> None:
    write(tmp_path / "seg.dcm", case(DIRECTIONS[name]))
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_faults_of_the_source_are_copied_not_mended(tmp_path: Path, case: Any) -> None:
    """Values too long, of unknown code or missing; none may stop, warn or change."""
    with pydicom.config.disable_value_validation():
        faulty = case(
            header={
                "StudyID": "IBSI_1_STS_046_CT",
                "PatientSex": "X?",
                "PatientName": "STS_046",
                "PatientBirthDate": None,
                "AccessionNumber": None,
                "PositionReferenceIndicator": None,
                "FrameOfReferenceUID": None,
                "SeriesNumber": None,
            }
        )
    study, lesions, findings, tissues = faulty
    path = tmp_path / "seg.dcm"
    write_segmentation(path, study, lesions, findings, tissues=tissues, created=NOW)
    with pydicom.config.disable_value_validation():
        dataset = pydicom.dcmread(path)
        assert dataset.StudyID == "IBSI_1_STS_046_CT"
        assert dataset.PatientSex == "X?"
        assert dataset.PatientName == "STS_046"
    assert dataset.PatientBirthDate == ""
    assert dataset.FrameOfReferenceUID.startswith("1.2.826")
    assert study.instances[0].StudyID == "IBSI_1_STS_046_CT"  # the study itself is untouched


def test_a_name_in_another_alphabet_survives(tmp_path: Path, case: Any) -> None:
    made = case(header={"SpecificCharacterSet": "ISO_IR 144", "PatientName": "Люкceмбypг"})
    dataset = write(tmp_path / "seg.dcm", made)
    assert dataset.SpecificCharacterSet == "ISO_IR 144"
    assert str(dataset.PatientName) == "Люкceмбypг"


def test_nifti_input_is_refused(tmp_path: Path, case: Any) -> None:
    with pytest.raises(OutputError, match=r"study is not DICOM, so seg\.dcm cannot refer to it"):
        write(tmp_path / "seg.dcm", case(dicom=False))
    assert not (tmp_path / "seg.dcm").exists()


def test_a_map_on_another_grid_is_refused(tmp_path: Path, case: Any) -> None:
    study, lesions, findings, tissues = case()
    shifted = Volume(lesions.array, affine(DIRECTIONS["oblique"]))
    with pytest.raises(OutputError, match="not on the grid of the CT"):
        write(tmp_path / "seg.dcm", (study, shifted, findings, tissues))
