"""Real scanner data: the same patient as DICOM and as NIfTI, written by others."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEGLosslessSV1

from calciscope.errors import NoCtError, NotHounsfieldError, UnreadableFileError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize("case", ["STS_025", "STS_046"])
def test_dicom_and_nifti_agree_voxel_by_voxel_in_the_world(shared_data: Path, case: str) -> None:
    dicom = read_ct(shared_data / "sts_dicom" / case)
    nifti = read_ct(shared_data / "sts_ct" / f"{case}_ct.nii.gz")
    a, b = dicom.volume.canonical().volume, nifti.volume.canonical().volume
    assert a.same_grid(b, tolerance_mm=1e-3)
    np.testing.assert_array_equal(a.array, b.array)
    assert dicom.series is not None
    assert dicom.series.modality == "CT"
    assert sorted(s.modality for s in dicom.left_out) == ["PT", "RTSTRUCT", "RTSTRUCT"]
    assert dicom.warnings == ()
    assert dicom.acquisition.kvp == 140
    assert dicom.acquisition.patient_position == "FFS"


def test_a_zip_of_a_whole_study(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "sts_dicom" / "STS_025"
    archive = shutil.make_archive(str(tmp_path / "study"), "zip", source)
    a, b = read_ct(Path(archive)), read_ct(source)
    assert a.volume.same_grid(b.volume)
    np.testing.assert_array_equal(a.volume.array, b.volume.array)


def test_all_limb_cts_are_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "sts_ct").glob("*.nii.gz"))
    assert len(paths) == 26
    for path in paths:
        volume = read_ct(path).volume
        assert volume.array.dtype == np.int16
        # Fat and muscle lie where they belong.
        assert np.mean((volume.array > -150) & (volume.array < 150)) > 0.01


def test_the_totalsegmentator_example(shared_data: Path) -> None:
    study = read_ct(shared_data / "ts_example" / "ct.nii.gz")
    np.testing.assert_allclose(study.volume.spacing_mm, 3.0, rtol=1e-6)
    with pytest.raises(NotHounsfieldError, match=r"segmentation\.nii\.gz is not in Hounsfield"):
        read_ct(shared_data / "ts_example" / "segmentation.nii.gz")


def test_a_planar_bone_scan_is_refused(shared_data: Path) -> None:
    folder = shared_data / "nema_planar"
    sentence = "holds no CT series but only a nuclear medicine image; give the folder of the CT"
    with pytest.raises(NoCtError, match=sentence):
        read_ct(folder)
    with pytest.raises(NoCtError, match=sentence):
        read_ct(folder / "data" / "WG04" / "JPLL" / "NM1_JPLL")
    with pytest.raises(UnreadableFileError, match=r"NM1_UNC\.zst is of no known kind"):
        read_ct(folder / "data" / "WG04" / "REF" / "NM1_UNC.zst")


def test_pet_is_refused(shared_data: Path) -> None:
    with pytest.raises(NoCtError, match="but only a PET image, a radiotherapy structure set; give"):
        read_ct(shared_data / "sts_dicom" / "STS_046" / "PET")


def test_jpeg_lossless_of_another_encoder(shared_data: Path, tmp_path: Path) -> None:
    """The bone scan's JPEG lossless stream inside CT headers equals its JPEG 2000 twin."""
    folder = shared_data / "nema_planar" / "data" / "WG04"
    source = dcmread(folder / "JPLL" / "NM1_JPLL")
    expected = dcmread(folder / "J2KR" / "NM1_J2KR").pixel_array.astype(np.int16)
    shape = (source.Columns, source.Rows, 2)
    for path in write_ct_series(
        Volume.from_spacing(np.zeros(shape, np.int16), (1, 1, 2)), tmp_path, uid_seed="jpll"
    ):
        dataset = dcmread(path)
        for keyword in ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
            setattr(dataset, keyword, source[keyword].value)
        dataset.PixelData = source.PixelData
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.save_as(path)
    array = read_ct(tmp_path).volume.array
    np.testing.assert_array_equal(array[:, :, 0].T, expected - 1024)
