"""The SEG of hot spots: same voxels at the same place, frames of the NM Image, codes, validity."""

import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import highdicom as hd
import nibabel as nib
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage

from calciscope.errors import OutputError
from calciscope.findings import ModelUse
from calciscope.labels import Compartment
from calciscope.volume import Volume
from calciscope.writers.dicom.hot_spot_segmentation import write_hot_spot_segmentation

NOW = datetime(2026, 1, 2, 3, 4, 5)
OBLIQUE = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
TIPPED = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]])
DIRECTIONS = {
    "axial": np.eye(3),
    "from head to feet": np.diag([1.0, 1.0, -1.0]),
    "columns to the right": np.diag([-1.0, 1.0, 1.0]),
    "coronal": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
    "oblique": OBLIQUE @ TIPPED,
    "oblique and reversed": OBLIQUE @ TIPPED @ np.diag([1.0, -1.0, -1.0]),
}


def write(path: Path, case: Any, **changes: Any) -> Dataset:
    study, _, findings, _, spect = case
    write_hot_spot_segmentation(path, study, spect, findings, created=NOW, **changes)
    return pydicom.dcmread(path)


def world(matrix: NDArray[np.float64], indices: NDArray[Any]) -> set[tuple[float, ...]]:
    """Positions in mm of indices (n, 3), rounded to 0.01 mm."""
    positions = indices @ matrix[:3, :3].T + matrix[:3, 3]
    return {tuple(float(v) + 0.0 for v in np.round(p, 2)) for p in positions}


def frames(dataset: Dataset) -> list[tuple[int, int]]:
    """Segment and frame of the source of each frame, sorted."""
    return sorted(
        (
            int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber),
            int(item.ReferencedFrameNumber),
        )
        for group in dataset.PerFrameFunctionalGroupsSequence
        for item in group.DerivationImageSequence[0].SourceImageSequence
    )


@pytest.mark.parametrize("reversed_frames", [False, True])
@pytest.mark.parametrize("name", DIRECTIONS)
def test_a_hot_voxel_comes_back_where_it_was(
    tmp_path: Path, with_spect: Any, name: str, reversed_frames: bool, errors_of_dciodvfy: Any
) -> None:
    made = with_spect(DIRECTIONS[name], reversed_frames=reversed_frames)
    spots = made[4].hot_spots
    dataset = write(tmp_path / "seg.dcm", made)
    read = hd.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    for number in (1, 2):
        wanted = world(spots.affine, np.argwhere(spots.array == number))
        assert world(read.affine, np.argwhere(read.array == number)) == wanted
    # Hot spot 1 is on slices 4 and 5, hot spot 2 on slice 0, of 6; frames count from 1.
    wanted_frames = [(1, 1), (1, 2), (2, 6)] if reversed_frames else [(1, 5), (1, 6), (2, 1)]
    assert frames(dataset) == wanted_frames
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_a_known_place(tmp_path: Path, with_spect: Any) -> None:
    """Voxel (7, 1, 0) of 4.8 x 4.4 x 5 mm from (-101.5, -88.25, 412.75), slices to the feet."""
    write(tmp_path / "seg.dcm", with_spect(np.diag([1.0, 1.0, -1.0])))
    read = hd.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    (place,) = world(read.affine, np.argwhere(read.array == 2))
    assert place == (-67.9, -83.85, 412.75)  # -101.5 + 7 x 4.8, -88.25 + 4.4
    assert (-91.9, -75.05, 392.75) in world(read.affine, np.argwhere(read.array == 1))


def test_it_has_the_grid_of_the_spect_and_its_frame_of_reference(
    tmp_path: Path, with_spect: Any
) -> None:
    dataset = write(tmp_path / "seg.dcm", made := with_spect())
    header = made[4].study.instances[0]
    assert (dataset.Columns, dataset.Rows) == (9, 8)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert list(measures.PixelSpacing) == [4.4, 4.8]
    assert (measures.SpacingBetweenSlices, measures.SliceThickness) == (5.0, 5.0)
    assert dataset.FrameOfReferenceUID == "1.2.3.5"
    (series,) = dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == header.SeriesInstanceUID
    (instance,) = series.ReferencedInstanceSequence
    assert instance.ReferencedSOPInstanceUID == header.SOPInstanceUID
    assert instance.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.20"  # NM Image Storage
    assert (dataset.StudyInstanceUID, dataset.PatientID) == ("1.2.3", "P1")
    assert "not a diagnosis" in dataset.SeriesDescription
    assert "not a diagnosis" in dataset.ContentDescription


def test_two_bed_positions_are_both_referred_to(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    """Six slices from two files of four that overlap by two."""
    study, lesions, findings, tissues, spect = with_spect()
    (whole,) = spect.study.instances
    beds = []
    for number, first in ((1, 0), (2, 2)):
        bed = deepcopy(whole)
        bed.SOPInstanceUID, bed.InstanceNumber, bed.NumberOfFrames = f"1.2.{number}", number, 4
        place = [-101.5, -88.25, 412.75 + 5 * first]
        bed.DetectorInformationSequence[0].ImagePositionPatient = place
        beds.append(bed)
    two = replace(spect, study=replace(spect.study, instances=tuple(beds)))
    dataset = write(tmp_path / "seg.dcm", (study, lesions, findings, tissues, two))
    sources = [
        (
            int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber),
            str(item.ReferencedSOPInstanceUID),
            int(item.ReferencedFrameNumber),
        )
        for group in dataset.PerFrameFunctionalGroupsSequence
        for item in group.DerivationImageSequence[0].SourceImageSequence
    ]
    # Slices 4 and 5 are frames 3 and 4 of the second bed, slice 0 is frame 1 of the first.
    assert sorted(sources) == [(1, "1.2.2", 3), (1, "1.2.2", 4), (2, "1.2.1", 1)]
    assert [bed.NumberOfFrames for bed in beds] == [4, 4]  # the study itself is untouched
    (series,) = dataset.ReferencedSeriesSequence
    referenced = {i.ReferencedSOPInstanceUID for i in series.ReferencedInstanceSequence}
    assert referenced == {"1.2.1", "1.2.2"}
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_frames_of_another_energy_window_are_not_referred_to(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    """Frames 1 to 6 are of the scatter window, 7 to 12 of the photopeak."""
    study, lesions, findings, tissues, spect = with_spect()
    (whole,) = spect.study.instances
    whole.NumberOfFrames, whole.NumberOfEnergyWindows = 12, 2
    whole.EnergyWindowVector, whole.SliceVector = [1] * 6 + [2] * 6, [*range(1, 7)] * 2
    read = replace(spect, study=replace(spect.study, frames=(frozenset(range(7, 13)),)))
    dataset = write(tmp_path / "seg.dcm", (study, lesions, findings, tissues, read))
    assert frames(dataset) == [(1, 11), (1, 12), (2, 7)]
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_bed_positions_in_two_series_of_single_slices_are_both_referred_to(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    """SPECT in PET objects: six slices from two series of four that overlap by two."""
    study, lesions, findings, tissues, spect = with_spect()
    (whole,) = spect.study.instances
    slices = []
    for series, heights in (("1.2.1", range(4)), ("1.2.2", range(2, 6))):
        for k in heights:
            one = deepcopy(whole)
            del one.NumberOfFrames, one.DetectorInformationSequence, one.FrameIncrementPointer
            one.SOPClassUID = PositronEmissionTomographyImageStorage
            one.SeriesInstanceUID, one.SOPInstanceUID = series, f"{series}.{k}"
            one.ImagePositionPatient = [-101.5, -88.25, 412.75 + 5 * k]
            one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            slices.append(one)
    joined = replace(spect.study, instances=tuple(slices), resampled=True)
    case = (study, lesions, findings, tissues, replace(spect, study=joined))
    dataset = write(tmp_path / "seg.dcm", case)
    sources = [
        (
            int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber),
            [str(each.ReferencedSOPInstanceUID) for each in items],
        )
        for group in dataset.PerFrameFunctionalGroupsSequence
        for items in [group.DerivationImageSequence[0].SourceImageSequence]
        if not any("ReferencedFrameNumber" in each for each in items)
    ]
    # Hot spot 1 is on slices 4 and 5, hot spot 2 on slice 0.
    assert sorted(sources) == [(1, ["1.2.2.4"]), (1, ["1.2.2.5"]), (2, ["1.2.1.0"])]
    referenced = {each.SeriesInstanceUID: each for each in dataset.ReferencedSeriesSequence}
    assert {uid: len(each.ReferencedInstanceSequence) for uid, each in referenced.items()} == {
        "1.2.1": 4,
        "1.2.2": 4,
    }
    instances = [each for one in referenced.values() for each in one.ReferencedInstanceSequence]
    classes = {each.ReferencedSOPClassUID for each in (*instances, *dataset.SourceImageSequence)}
    assert classes == {PositronEmissionTomographyImageStorage}
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_frames_that_are_not_those_of_the_files_refer_to_none(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    """The analyzed grid lies half a slice beside that of the file."""
    study, lesions, findings, tissues, spect = with_spect()
    matrix = spect.study.volume.affine.copy()
    matrix[2, 3] += 2.5
    moved = replace(spect.study, volume=Volume(spect.study.volume.array, matrix))
    aside = replace(spect, study=moved, hot_spots=Volume(spect.hot_spots.array, matrix))
    dataset = write(tmp_path / "seg.dcm", (study, lesions, findings, tissues, aside))
    assert not any("DerivationImageSequence" in g for g in dataset.PerFrameFunctionalGroupsSequence)
    assert len(dataset.ReferencedSeriesSequence) == 1
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_segments_are_coded_by_compartment(tmp_path: Path, with_spect: Any) -> None:
    dataset = write(tmp_path / "seg.dcm", with_spect())
    found = [
        (
            s.SegmentLabel,
            s.TrackingID,
            s.SegmentedPropertyCategoryCodeSequence[0].CodeValue,
            s.SegmentedPropertyTypeCodeSequence[0].CodeValue,
            s.AnatomicRegionSequence[0].CodeValue,
        )
        for s in dataset.SegmentSequence
    ]
    assert found == [
        ("Hot spot 1", "Hot spot 1", "85756007", "127954009", "127954009"),
        ("Hot spot 2", "Hot spot 2", "91723000", "39352004", "39352004"),
    ]


def test_the_algorithm_is_the_classifier_or_the_rule(tmp_path: Path, with_spect: Any) -> None:
    study, lesions, findings, tissues, spect = with_spect()
    names = []
    for model in (None, ModelUse("hot-spots", "0.3.0", "cd" * 32)):
        case = (study, lesions, findings, tissues, replace(spect, model=model))
        dataset = write(tmp_path / "seg.dcm", case)
        algorithm = dataset.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
        names.append((algorithm.AlgorithmName, algorithm.AlgorithmVersion))
    assert names == [("calciscope hot spots", "0.1.0"), ("hot-spots", "0.3.0")]
    assert "cd" * 32 in str(algorithm.AlgorithmParameters)


def test_the_same_hot_spots_are_the_same_object(tmp_path: Path, with_spect: Any) -> None:
    one = write(tmp_path / "1.dcm", with_spect())
    write(tmp_path / "2.dcm", made := with_spect())
    assert (tmp_path / "1.dcm").read_bytes() == (tmp_path / "2.dcm").read_bytes()
    study, lesions, findings, tissues, spect = made
    array = spect.hot_spots.array.copy()
    array[3, 3, 4] = 0
    other = replace(spect, hot_spots=spect.hot_spots.with_array(array))
    third = write(tmp_path / "3.dcm", (study, lesions, findings, tissues, other))
    assert third.SOPInstanceUID != one.SOPInstanceUID
    assert third.SegmentSequence[0].TrackingUID != one.SegmentSequence[0].TrackingUID


@pytest.mark.parametrize("name", ["axial", "from head to feet", "oblique"])
def test_dcmqi_reads_the_same_voxels(tmp_path: Path, with_spect: Any, name: str) -> None:
    """A reader written by others puts both segments, as NIfTI, where the hot spots are."""
    made = with_spect(DIRECTIONS[name])
    spots = made[4].hot_spots
    write(tmp_path / "seg.dcm", made)
    program = Path(sys.executable).with_name("segimage2itkimage")
    options = ["--outputType", "nifti", "--outputDirectory", str(tmp_path), "--prefix", "read"]
    subprocess.run(
        [program, "--inputDICOM", tmp_path / "seg.dcm", *options], capture_output=True, check=True
    )
    for number in (1, 2):
        image: Any = nib.load(tmp_path / f"read-{number}.nii.gz")
        grid = Volume.from_ras(np.asarray(image.dataobj), image.affine)
        found = grid.lps_mm(np.argwhere(grid.array > 0))
        wanted = spots.lps_mm(np.argwhere(spots.array == number))
        assert len(found) == len(wanted)
        assert np.linalg.norm(wanted[:, None] - found[None], axis=2).min(axis=1).max() < 0.01
        assert np.allclose(sorted(grid.spacing_mm), [4.4, 4.8, 5.0], atol=1e-3)


def test_a_nifti_beside_a_ct_lies_in_the_world_of_the_ct(
    tmp_path: Path, with_spect: Any, errors_of_dciodvfy: Any
) -> None:
    study, *_ = made = with_spect(dicom=False)
    spots = made[4].hot_spots
    dataset = write(tmp_path / "seg.dcm", made)
    assert dataset.FrameOfReferenceUID == study.instances[0].FrameOfReferenceUID
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.3.4"
    assert not any("DerivationImageSequence" in g for g in dataset.PerFrameFunctionalGroupsSequence)
    read = hd.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    assert world(read.affine, np.argwhere(read.array == 1)) == world(
        spots.affine, np.argwhere(spots.array == 1)
    )
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_a_spect_of_another_study_stays_in_it(tmp_path: Path, with_spect: Any) -> None:
    dataset = write(tmp_path / "seg.dcm", with_spect(study_uid="1.2.99"))
    assert dataset.StudyInstanceUID == "1.2.99"


def test_what_does_not_agree_is_refused(tmp_path: Path, with_spect: Any) -> None:
    study, lesions, findings, tissues, spect = with_spect()
    shifted = Volume(spect.hot_spots.array, np.eye(4))
    for instances in (spect.study.instances, ()):
        aside = replace(spect, study=replace(spect.study, instances=instances), hot_spots=shifted)
        with pytest.raises(OutputError, match=r"seg\.dcm: the hot-spot map is not on the grid"):
            write(tmp_path / "seg.dcm", (study, lesions, findings, tissues, aside))
    with pytest.raises(OutputError, match="do not name the same hot spots"):
        less = replace(findings.spect, hot_spots=findings.spect.hot_spots[:1])
        write(tmp_path / "seg.dcm", (study, lesions, replace(findings, spect=less), tissues, spect))
    with pytest.raises(OutputError, match="the findings have no SPECT part"):
        write(tmp_path / "seg.dcm", (study, lesions, replace(findings, spect=None), tissues, spect))
    assert not (tmp_path / "seg.dcm").exists()


def test_indeterminate_is_no_more_than_uptake(tmp_path: Path, with_spect: Any) -> None:
    _, _, findings, _, _ = made = with_spect()
    spots = tuple(
        replace(spot, compartment=Compartment.INDETERMINATE) for spot in findings.spect.hot_spots
    )
    found = replace(findings, spect=replace(findings.spect, hot_spots=spots))
    dataset = write(tmp_path / "seg.dcm", (made[0], made[1], found, *made[3:]))
    described = dataset.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert (described.CodeValue, described.CodingSchemeDesignator) == ("HOT_SPOT", "99CALCISCOPE")
