import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from calciscope.errors import (
    InputError,
    NotHounsfieldError,
    SeriesGeometryError,
    UnreadableFileError,
)
from calciscope.readers import read_ct

AFFINE = np.array([[-0.8, 0, 0, 30], [0, -0.7, 0, -12], [0, 0, 2.5, 100], [0, 0, 0, 1.0]])
HU = np.linspace(-1000, 1500, 5 * 4 * 3).astype(np.int16).reshape(5, 4, 3)


def save(path: Path, array: np.ndarray, affine: np.ndarray | None = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz", "CT.NII.GZ"])
def test_values_and_world_positions(tmp_path: Path, name: str) -> None:
    study = read_ct(save(tmp_path / name, HU))
    np.testing.assert_array_equal(study.volume.array, HU)
    # RAS of voxel (1, 2, 1) is (30 - 0.8, -12 - 1.4, 102.5); LPS turns the first two round.
    np.testing.assert_allclose(study.volume.lps_mm([1, 2, 1]), (-29.2, 13.4, 102.5), rtol=1e-6)
    assert (study.series, study.left_out, study.instances) == (None, (), ())
    assert study.warnings == ()
    assert not study.resampled


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64])
def test_whole_numbers_become_int16(tmp_path: Path, dtype: type) -> None:
    array = read_ct(save(tmp_path / "ct.nii", HU.astype(dtype))).volume.array
    assert array.dtype == np.int16
    np.testing.assert_array_equal(array, HU)


def test_fractions_become_float32(tmp_path: Path) -> None:
    array = read_ct(save(tmp_path / "ct.nii", HU + np.float32(0.5))).volume.array
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, HU + 0.5)


def test_scaled_values_are_unscaled(tmp_path: Path) -> None:
    image = nib.Nifti1Image((HU + 1024).astype(np.int16), AFFINE)
    image.header.set_slope_inter(1, -1024)
    image.header.set_data_dtype(np.int16)
    nib.save(image, tmp_path / "ct.nii")
    raw = bytearray((tmp_path / "ct.nii").read_bytes())
    # nibabel resets the scale on saving: write slope 1, intercept -1024 into scl_slope, scl_inter.
    raw[112:120] = np.array([1, -1024], dtype="<f4").tobytes()
    raw[352:] = (HU + 1024).astype("<i2").tobytes(order="F")
    (tmp_path / "ct.nii").write_bytes(raw)
    array = read_ct(tmp_path / "ct.nii").volume.array
    assert array.dtype == np.int16
    np.testing.assert_array_equal(array, HU)


def test_values_below_minus_1024_are_padding(tmp_path: Path) -> None:
    padded = HU.copy()
    padded[0] = -3000
    array = read_ct(save(tmp_path / "ct.nii", padded)).volume.array
    assert (array[0] == -1024).all()
    np.testing.assert_array_equal(array[1:], HU[1:])


def test_not_a_number_becomes_padding(tmp_path: Path) -> None:
    broken = HU.astype(np.float32)
    broken[1, 1, 1], broken[2, 2, 2] = np.nan, np.inf
    study = read_ct(save(tmp_path / "ct.nii", broken))
    assert study.volume.array[1, 1, 1] == study.volume.array[2, 2, 2] == -1024
    assert "values that are no numbers" in study.warnings[0]


def test_a_sheared_oblique_affine_is_kept(tmp_path: Path) -> None:
    affine = AFFINE.copy()
    affine[:3, :3] += [[0, 0.1, 0.2], [0.3, 0, 0.1], [0, 0.2, 0]]
    study = read_ct(save(tmp_path / "ct.nii", HU, affine))
    np.testing.assert_allclose(study.volume.affine_ras, affine, atol=1e-6)


def test_one_volume_in_four_dimensions(tmp_path: Path) -> None:
    np.testing.assert_array_equal(
        read_ct(save(tmp_path / "ct.nii", HU[..., None])).volume.array, HU
    )
    with pytest.raises(SeriesGeometryError, match=r"four\.nii holds 2 volumes"):
        read_ct(save(tmp_path / "four.nii", np.stack([HU, HU], axis=-1)))


@pytest.mark.parametrize("array", [HU[:, :, :1], HU[:, :, 0]])
def test_a_single_slice_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(SeriesGeometryError, match=r"flat\.nii is not a volume"):
        read_ct(save(tmp_path / "flat.nii", array))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(60, dtype=np.uint8).reshape(5, 4, 3),
        (HU + 1024).astype(np.int16),
        (HU / 1500).astype(np.float32),
    ],
)
def test_values_that_are_not_hu_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(NotHounsfieldError, match=r"mr\.nii is not in Hounsfield units"):
        read_ct(save(tmp_path / "mr.nii", array))


def test_colors_are_refused(tmp_path: Path) -> None:
    rgb = np.zeros((5, 4, 3), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(InputError, match=r"rgb\.nii holds .* not numbers"):
        read_ct(save(tmp_path / "rgb.nii", rgb))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_voxels_of_senseless_size_are_refused(tmp_path: Path, scale: float) -> None:
    affine = AFFINE.copy()
    affine[:3, :3] *= scale
    with pytest.raises(
        SeriesGeometryError, match=r"units\.nii has voxels of .* correct its affine"
    ):
        read_ct(save(tmp_path / "units.nii", HU, affine))


def test_an_unknown_orientation_is_told(tmp_path: Path) -> None:
    image = nib.Nifti1Image(HU, AFFINE)
    image.header["sform_code"] = image.header["qform_code"] = 0
    nib.save(image, tmp_path / "ct.nii")
    raw = bytearray((tmp_path / "ct.nii").read_bytes())
    raw[252:256] = b"\0\0\0\0"  # qform_code and sform_code
    (tmp_path / "ct.nii").write_bytes(raw)
    (warning,) = read_ct(tmp_path / "ct.nii").warnings
    assert "left and right are assumed" in warning


@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_named(tmp_path: Path, name: str, kept: float) -> None:
    path = save(tmp_path / name, HU)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(UnreadableFileError, match=r"ct\.nii.* is truncated, corrupt or not NIfTI"):
        read_ct(path)


def test_a_compressed_file_is_checked_against_its_checksum(tmp_path: Path) -> None:
    path = save(tmp_path / "ct.nii.gz", HU)
    content = bytearray(path.read_bytes())
    content[-8] ^= 1  # the checksum
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"ct\.nii\.gz is truncated, corrupt"):
        read_ct(path)


def test_nibabel_does_not_write_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "ct.nii", HU)
    content = bytearray(path.read_bytes())
    content[254:256] = b"\xff\x0b"  # an sform_code that does not exist
    path.write_bytes(content)
    read_ct(path)
    assert capfd.readouterr() == ("", "")


def test_nifti_2(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image(HU, AFFINE), tmp_path / "ct.nii.gz")
    np.testing.assert_array_equal(read_ct(tmp_path / "ct.nii.gz").volume.array, HU)


def test_a_text_named_nifti_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ct.nii.gz").write_text("text")
    with pytest.raises(
        UnreadableFileError, match=r"ct\.nii\.gz is truncated, corrupt or not NIfTI"
    ):
        read_ct(tmp_path / "ct.nii.gz")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_header_that_claims_more_than_the_file_holds(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ct{suffix}"
    content = bytearray(save(tmp_path / "whole.nii", HU).read_bytes())
    content[42:48] = (1500).to_bytes(2, "little") * 3  # dim[1..3] of the header
    path.write_bytes(gzip.compress(content) if suffix == ".nii.gz" else content)
    # 1500^3 voxels are 3.4e9, less than the limit, and 6.75 GB.
    with pytest.raises(UnreadableFileError, match="is truncated, corrupt or not NIfTI"):
        read_ct(path)


def test_more_voxels_than_any_ct_has(tmp_path: Path) -> None:
    path = save(tmp_path / "ct.nii", HU)
    content = bytearray(path.read_bytes())
    content[42:48] = (32767).to_bytes(2, "little") * 3
    path.write_bytes(content)
    with pytest.raises(InputError, match="of 32767 x 32767 x 32767 voxels, more than can be"):
        read_ct(path)


def test_a_compressed_file_with_far_more_behind_its_voxels(tmp_path: Path) -> None:
    path = save(tmp_path / "ct.nii.gz", HU)
    zeros = gzip.compress(bytes(64 << 20), 9)
    path.write_bytes(path.read_bytes() + zeros * 5)  # 320 MiB in 0.3 MB
    with pytest.raises(UnreadableFileError, match="is truncated, corrupt or not NIfTI"):
        read_ct(path)


def test_memory_that_does_not_suffice_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "ct.nii", HU)

    def full(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("calciscope.readers.nifti._values", full)
    with pytest.raises(InputError, match=r"ct\.nii needs more memory than is free; give a part"):
        read_ct(path)


def test_a_signaling_nan_in_the_affine_does_not_make_python_warn(tmp_path: Path) -> None:
    path = save(tmp_path / "ct.nii", HU)
    content = bytearray(path.read_bytes())
    content[280:284] = bytes.fromhex("0000a07f")  # srow_x[0]
    path.write_bytes(content)
    with pytest.raises(SeriesGeometryError, match=r"ct\.nii has voxels of nan x 0\.7 x 2\.5 mm"):
        read_ct(path)
