"""Enhanced CT: one made by hand, and a legacy conversion made by highdicom."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

from calciscope.errors import NoCtError, SeriesGeometryError, UnreadableFileError
from calciscope.readers import read_ct
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume


def item(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def groups(**sequences: Dataset) -> Dataset:
    return item(**{keyword: [value] for keyword, value in sequences.items()})


def enhanced_ct(volume: Volume, frames: list[int], frame_types: dict[int, str]) -> Dataset:
    """A multi-frame CT whose frames show the slices `frames` of an axial volume, in that order."""
    dataset = item(
        SOPClassUID=EnhancedCTImageStorage,
        SOPInstanceUID=generate_uid(entropy_srcs=["instance"]),
        StudyInstanceUID=generate_uid(entropy_srcs=["study"]),
        SeriesInstanceUID=generate_uid(entropy_srcs=["series"]),
        Modality="CT",
        SeriesNumber=7,
        SeriesDescription="legs",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        Manufacturer="Maker",
        PatientPosition="FFS",
        Rows=volume.shape[1],
        Columns=volume.shape[0],
        NumberOfFrames=len(frames),
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=1,
    )
    spacing = volume.spacing_mm
    dataset.SharedFunctionalGroupsSequence = [
        groups(
            PixelMeasuresSequence=item(
                PixelSpacing=[spacing[1], spacing[0]], SliceThickness=spacing[2]
            ),
            PlaneOrientationSequence=item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
            PixelValueTransformationSequence=item(
                RescaleSlope=1, RescaleIntercept=-24, RescaleType="HU"
            ),
            CTReconstructionSequence=item(ConvolutionKernel="Br40", ReconstructionDiameter=500),
            CTXRayDetailsSequence=item(KVP=110),
            CTExposureSequence=item(ExposureInmAs=35.5),
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        groups(
            PlanePositionSequence=item(ImagePositionPatient=list(volume.lps_mm([0, 0, k]))),
            FrameContentSequence=item(StackID="1", FrameAcquisitionNumber=1),
            CTImageFrameTypeSequence=item(
                FrameType=["ORIGINAL", "PRIMARY", frame_types.get(k, "VOLUME"), "NONE"]
            ),
        )
        for k in frames
    ]
    stored = np.stack([volume.array[:, :, k].T + 24 for k in frames]).astype("<i2")
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def save(dataset: Dataset, path: Path) -> Path:
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_frames_are_sorted_into_a_volume(
    tmp_path: Path, ct_volume: Volume, compressed: bool
) -> None:
    dataset = enhanced_ct(ct_volume, [3, 0, 5, 1, 4, 2], {})
    if compressed:
        dataset.compress(RLELossless, generate_instance_uid=False)
    study = read_ct(save(dataset, tmp_path / "enhanced.dcm"))
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    np.testing.assert_allclose(study.volume.affine, ct_volume.affine)
    assert study.volume.array.flags.f_contiguous
    assert study.series is not None
    assert (study.series.number, study.series.instances) == (7, 1)
    (instance,) = study.instances
    assert instance.NumberOfFrames == 6
    assert "PixelData" not in instance
    assert study.acquisition == CtAcquisition(
        kvp=110,
        kernel="Br40",
        slice_thickness_mm=2.5,
        exposure_mas=35.5,
        manufacturer="Maker",
        patient_position="FFS",
        reconstruction_diameter_mm=500,
    )


def test_localizer_frames_are_set_aside(tmp_path: Path, ct_volume: Volume) -> None:
    dataset = enhanced_ct(ct_volume, [0, 1, 2, 3, 4, 5], {5: "LOCALIZER"})
    study = read_ct(save(dataset, tmp_path / "enhanced.dcm"))
    np.testing.assert_array_equal(study.volume.array, ct_volume.array[:, :, :5])
    assert [summary.reason for summary in study.left_out] == ["a localizer (scout view)"]


def test_missing_frames_are_told(tmp_path: Path, ct_volume: Volume) -> None:
    dataset = enhanced_ct(ct_volume, [0, 1, 2, 4, 5], {})
    with pytest.raises(SeriesGeometryError, match=r"slices missing at z = 107\.5 mm"):
        read_ct(save(dataset, tmp_path / "enhanced.dcm"))


def test_doubled_frames_are_told_by_number(tmp_path: Path, ct_volume: Volume) -> None:
    dataset = enhanced_ct(ct_volume, [0, 1, 2, 2, 3], {})
    with pytest.raises(SeriesGeometryError, match=r"dcm frame 3 and .*dcm frame 4\)"):
        read_ct(save(dataset, tmp_path / "enhanced.dcm"))


def test_a_truncated_multi_frame_file_is_named(tmp_path: Path, ct_volume: Volume) -> None:
    path = save(enhanced_ct(ct_volume, [0, 1, 2, 3], {}), tmp_path / "enhanced.dcm")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UnreadableFileError, match=r"enhanced\.dcm is truncated or corrupt"):
        read_ct(path)


@pytest.mark.parametrize("declared", [5, 2_000_000_000])
def test_frames_that_are_declared_and_not_described(
    tmp_path: Path, ct_volume: Volume, declared: int
) -> None:
    dataset = enhanced_ct(ct_volume, [0, 1, 2, 3], {})
    dataset.NumberOfFrames = declared
    with pytest.raises(
        UnreadableFileError, match=rf"dcm declares {declared} frames and describes 4; export"
    ):
        read_ct(save(dataset, tmp_path / "enhanced.dcm"))


def test_one_frame_a_file(tmp_path: Path, ct_volume: Volume) -> None:
    for k in range(6):
        dataset = enhanced_ct(ct_volume, [k], {})
        shared = dataset.SharedFunctionalGroupsSequence[0]
        shared.PlanePositionSequence = dataset.PerFrameFunctionalGroupsSequence[
            0
        ].PlanePositionSequence
        del dataset.PerFrameFunctionalGroupsSequence
        dataset.SOPInstanceUID = f"1.2.3.{k + 1}"
        save(dataset, tmp_path / f"{k}.dcm")
    np.testing.assert_array_equal(read_ct(tmp_path).volume.array, ct_volume.array)


def test_groups_that_are_no_sequence(tmp_path: Path, ct_volume: Volume) -> None:
    dataset = enhanced_ct(ct_volume, [0, 1], {})
    del dataset.PerFrameFunctionalGroupsSequence
    dataset.add_new(0x52009230, "LO", "no sequence")
    with pytest.raises(UnreadableFileError, match="declares 2 frames and describes 0"):
        read_ct(save(dataset, tmp_path / "enhanced.dcm"))


def test_no_frames(tmp_path: Path, ct_volume: Volume) -> None:
    dataset = enhanced_ct(ct_volume, [0, 1], {})
    dataset.NumberOfFrames = 0
    with pytest.raises(NoCtError, match="no CT series but only a multi-frame file without frames"):
        read_ct(save(dataset, tmp_path / "enhanced.dcm"))


def test_a_legacy_conversion_equals_the_single_frames(
    ct_folder: Path, ct_volume: Volume, tmp_path: Path, edit: Callable[..., None]
) -> None:
    sources = [dcmread(path) for path in sorted(ct_folder.iterdir())]
    converted = LegacyConvertedEnhancedCTImage(
        sources,
        series_instance_uid=generate_uid(entropy_srcs=["converted"]),
        series_number=9,
        sop_instance_uid=generate_uid(entropy_srcs=["converted", "1"]),
        instance_number=1,
    )
    study = read_ct(save(converted, tmp_path / "legacy.dcm"))
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    np.testing.assert_allclose(study.volume.affine, ct_volume.affine)
    assert study.acquisition.kernel == "STANDARD"
    assert study.acquisition.kvp == 120
