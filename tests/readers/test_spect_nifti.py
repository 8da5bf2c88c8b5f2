from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from calciscope.errors import NoSpectError, SeriesGeometryError, UnreadableFileError
from calciscope.readers.spect import read_spect
from calciscope.readers.spect_study import SpectStudy
from calciscope.volume import Volume


@pytest.fixture
def suv() -> Volume:
    """5 x 4 x 3 voxels of 4.8 mm, SUV 6 at the left, front and top."""
    array = np.full((5, 4, 3), 0.5, np.float32)
    array[4, 0, 2] = 6.0
    return Volume.from_spacing(array, (4.8, 4.8, 4.8), (10.0, -20.0, 300.0))


def write(volume: Volume, path: Path) -> Path:
    nib.Nifti1Image(volume.array, volume.affine_ras).to_filename(path)
    return path


def read(path: Path) -> SpectStudy:
    study = read_spect(path)
    assert study is not None
    return study


@pytest.mark.parametrize("name", ["spect.nii", "spect.nii.gz"])
def test_suv_keep_their_value_and_place(tmp_path: Path, suv: Volume, name: str) -> None:
    study = read(write(suv, tmp_path / name))
    assert (study.units, study.suv_refused, study.warnings) == ("SUVbw", None, ())
    assert (study.series, study.instances, study.frame_of_reference_uid) == (None, (), None)
    np.testing.assert_array_equal(study.volume.array, suv.array)
    hottest = np.unravel_index(study.volume.array.argmax(), suv.shape)
    # To the left (x grows), to the front (y does not), up: 4 * 4.8, 0 and 2 * 4.8 from the origin.
    np.testing.assert_allclose(study.volume.lps_mm(hottest), [29.2, -20.0, 309.6], rtol=1e-6)


def test_values_too_high_for_suv_give_ratios_alone(tmp_path: Path, suv: Volume) -> None:
    path = write(suv.with_array(suv.array * 7500), tmp_path / "bq.nii.gz")
    study = read(path)
    assert study.units == "counts"
    assert study.suv_refused == (
        f"no SUV, as {path} goes up to 45000, which no SUV does; ratios are given"
    )


@pytest.mark.parametrize("values", [-1000.0, 0.0])
def test_hounsfield_units_and_emptiness_are_refused(
    tmp_path: Path, suv: Volume, values: float
) -> None:
    array = np.full(suv.shape, values, np.float32)
    array[0, 0, 0] = max(-values, 0.0)
    with pytest.raises(NoSpectError, match=r"holds no uptake, its values go from .*; give a SPECT"):
        read_spect(write(suv.with_array(array), tmp_path / "hu.nii"))


def test_a_little_below_zero_is_what_interpolation_does(tmp_path: Path, suv: Volume) -> None:
    array = suv.array.copy()
    array[0, 0, 0] = -0.2
    assert read(write(suv.with_array(array), tmp_path / "s.nii")).volume.array.min() < 0


def test_no_numbers_become_zero(tmp_path: Path, suv: Volume) -> None:
    array = suv.array.copy()
    array[0, 0, 0] = np.nan
    study = read(write(suv.with_array(array), tmp_path / "s.nii"))
    assert study.volume.array[0, 0, 0] == 0
    assert "holds values that are no numbers" in study.warnings[0]


def test_several_volumes_and_damage_are_refused(tmp_path: Path, suv: Volume) -> None:
    array: Any = np.stack([suv.array, suv.array], axis=-1)
    nib.Nifti1Image(array, suv.affine_ras).to_filename(tmp_path / "two.nii")
    with pytest.raises(SeriesGeometryError, match="holds 2 volumes"):
        read_spect(tmp_path / "two.nii")
    flat = Volume(suv.array[:, :, :1], suv.affine)
    with pytest.raises(SeriesGeometryError, match="give a SPECT, at least 2 slices"):
        read_spect(write(flat, tmp_path / "flat.nii"))
    (tmp_path / "bad.nii").write_bytes(b"no NIfTI")
    with pytest.raises(UnreadableFileError, match="truncated, corrupt or not NIfTI"):
        read_spect(tmp_path / "bad.nii")
