from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from calciscope.errors import PhantomError
from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.dicom_parts import EPOCH
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.volume import Volume

BQ_ML = np.arange(6 * 5 * 4, dtype=np.float32).reshape(6, 5, 4) * 100


@pytest.fixture
def volume() -> Volume:
    """6 x 5 x 4 voxels of 4.8 x 4.4 x 4.0 mm, each with another value from 0 to 11,900."""
    return Volume.from_spacing(BQ_ML, (4.8, 4.4, 4.0), (-20.0, 7.5, 100.0))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"units": "CNTS", "weight_kg": None, "dose_mbq": None},
        {"reversed_frames": True, "real_world_values": False},
        {"injected": EPOCH - timedelta(hours=3), "radionuclide": "In-111"},
    ],
)
def test_the_validator_finds_no_error(
    tmp_path: Path,
    volume: Volume,
    options: dict[str, object],
    errors_of_dciodvfy: Callable[[Path], list[str]],
) -> None:
    path = write_nm_series(volume, tmp_path, uid_seed="valid", **options)  # type: ignore[arg-type]
    assert errors_of_dciodvfy(path) == []


def test_it_is_of_the_same_study_as_the_ct(tmp_path: Path, volume: Volume) -> None:
    ct = volume.with_array(np.zeros(volume.shape, np.int16))
    ct_header = dcmread(write_ct_series(ct, tmp_path / "ct", uid_seed="one")[0])
    nm_header = dcmread(write_nm_series(volume, tmp_path / "nm", uid_seed="one"))
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert nm_header[keyword].value == ct_header[keyword].value
    for keyword in ("SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
        assert nm_header[keyword].value != ct_header[keyword].value


def test_stored_values_times_slope_are_the_volume(tmp_path: Path, volume: Volume) -> None:
    dataset = dcmread(write_nm_series(volume, tmp_path, uid_seed="slope"))
    (mapping,) = dataset.RealWorldValueMappingSequence
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "Bq/ml"
    # 11,900 Bq/mL in 65,534 steps.
    assert mapping.RealWorldValueSlope == pytest.approx(11_900 / 65_534)
    frames = dataset.pixel_array * mapping.RealWorldValueSlope
    np.testing.assert_allclose(frames, BQ_ML.transpose(2, 1, 0), atol=0.1)


def test_counts_are_stored_as_they_are(tmp_path: Path, volume: Volume) -> None:
    path = write_nm_series(
        volume, tmp_path, uid_seed="counts", units="CNTS", real_world_values=False
    )
    dataset = dcmread(path)
    assert (dataset.RescaleSlope, dataset.Units) == (1, "CNTS")
    np.testing.assert_array_equal(dataset.pixel_array, BQ_ML.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("reversed_frames", "first_z", "spacing"), [(False, 100.0, 4.0), (True, 112.0, -4.0)]
)
def test_the_first_frame_is_placed_and_spacing_says_where_to(
    tmp_path: Path, volume: Volume, reversed_frames: bool, first_z: float, spacing: float
) -> None:
    path = write_nm_series(volume, tmp_path, uid_seed="frames", reversed_frames=reversed_frames)
    dataset = dcmread(path)
    detector = dataset.DetectorInformationSequence[0]
    assert detector.ImagePositionPatient == [-20, 7.5, first_z]
    assert detector.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert dataset.PixelSpacing == [4.4, 4.8]
    assert spacing == dataset.SpacingBetweenSlices
    assert dataset.SliceVector == [1, 2, 3, 4]
    # Column 5, row 4 of slice k holds 100 * (116 + k) Bq/mL; the highest slice is last or first.
    highest = dataset.pixel_array.max(axis=(1, 2)).argmax()
    assert highest == (0 if reversed_frames else 3)


def test_nuclear_medicine_counts_the_dose_in_mbq(tmp_path: Path, volume: Volume) -> None:
    path = write_nm_series(
        volume, tmp_path, uid_seed="dose", dose_mbq=740, injected=EPOCH - timedelta(hours=3)
    )
    given = dcmread(path).RadiopharmaceuticalInformationSequence[0]
    assert given.RadionuclideTotalDose == 740
    assert given.RadiopharmaceuticalStartTime == "090000"


def test_beds_share_a_series_and_the_same_call_writes_the_same_bytes(
    tmp_path: Path, volume: Volume
) -> None:
    first = write_nm_series(volume, tmp_path / "a", uid_seed="beds")
    second = write_nm_series(volume, tmp_path / "a", uid_seed="beds", instance_number=2)
    again = write_nm_series(volume, tmp_path / "b", uid_seed="beds")
    assert first.read_bytes() == again.read_bytes()
    assert dcmread(first).SeriesInstanceUID == dcmread(second).SeriesInstanceUID
    assert dcmread(first).SOPInstanceUID != dcmread(second).SOPInstanceUID


def test_tilted_slices_and_negative_values_are_refused(tmp_path: Path, volume: Volume) -> None:
    sheared = volume.affine.copy()
    sheared[1, 2] = 1.0
    with pytest.raises(PhantomError, match="perpendicular axes"):
        write_nm_series(Volume(BQ_ML, sheared), tmp_path, uid_seed="tilt")
    with pytest.raises(PhantomError, match="no negative values"):
        write_nm_series(volume.with_array(BQ_ML - 1), tmp_path, uid_seed="negative")
    with pytest.raises(PhantomError, match="Xx-1"):
        write_nm_series(volume, tmp_path, uid_seed="nuclide", radionuclide="Xx-1")
    assert list(tmp_path.iterdir()) == []
