"""What nibabel reads back stands at the same place in the world, and is small and reproducible."""

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.errors import OutputError
from calciscope.volume import Volume
from calciscope.writers.nifti import smallest_unsigned, volume_bytes, write_volume


def rotation(axis: int, degrees: float) -> NDArray[Any]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    a, b = [i for i in range(3) if i != axis]
    matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = c, -s, s, c
    return matrix


def affine(directions: NDArray[Any], spacing: tuple[float, float, float]) -> NDArray[Any]:
    matrix = np.eye(4)
    matrix[:3, :3] = directions @ np.diag(spacing)
    matrix[:3, 3] = (-120.5, 33.25, 900.0)
    return matrix


def load(path: Path) -> Any:
    return nib.load(path)


AFFINES = {
    "axial": affine(np.eye(3), (0.9, 0.9, 2.5)),
    "feet first, rows to the front": affine(np.diag([-1.0, -1.0, 1.0]), (0.9, 0.9, 2.5)),
    "left-handed": affine(np.diag([1.0, 1.0, -1.0]), (0.9, 0.8, 3.0)),
    "sagittal": affine(np.eye(3)[:, [1, 2, 0]], (0.7, 0.7, 1.0)),
    "oblique": affine(rotation(0, 20) @ rotation(2, -35), (0.6, 0.7, 3.3)),
    "oblique and flipped": affine(rotation(1, 12) @ np.diag([-1.0, 1.0, -1.0]), (1, 1, 2)),
}


@pytest.mark.parametrize("name", AFFINES)
def test_voxels_keep_their_world_position(tmp_path: Path, name: str) -> None:
    array = np.zeros((5, 6, 7), dtype=np.uint8)
    array[1, 2, 3] = 1
    volume = Volume(array, AFFINES[name])
    write_volume(tmp_path / "m.nii.gz", volume)
    image = load(tmp_path / "m.nii.gz")

    assert np.array_equal(np.asarray(image.dataobj), array)
    # RAS is LPS with x and y turned round.
    expected_ras = volume.lps_mm([1, 2, 3]) * [-1, -1, 1]
    for matrix, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
        assert code == 1
        assert np.allclose(matrix @ [1, 2, 3, 1], [*expected_ras, 1], atol=1e-3)
    assert image.header.get_xyzt_units()[0] == "mm"


def test_a_sheared_grid_has_no_qform(tmp_path: Path) -> None:
    sheared = np.eye(4)
    sheared[1, 2] = 0.3
    write_volume(tmp_path / "m.nii.gz", Volume(np.ones((2, 2, 2), np.uint8), sheared))
    image = load(tmp_path / "m.nii.gz")
    assert image.get_qform(coded=True)[1] == 0
    assert np.allclose(image.affine, np.diag([-1, -1, 1, 1]) @ sheared, atol=1e-6)


def test_bytes_depend_on_the_content_only(tmp_path: Path) -> None:
    array = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    one, two = tmp_path / "one.nii.gz", tmp_path / "two.nii.gz"
    write_volume(one, Volume(array, np.eye(4)))
    write_volume(two, Volume(np.asfortranarray(array), np.eye(4)))
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes()[4:8] == b"\0\0\0\0"  # RFC 1952: MTIME


def test_the_header_says_what_it_is_not(tmp_path: Path) -> None:
    write_volume(tmp_path / "m.nii.gz", Volume(np.zeros((2, 2, 2), np.uint8), np.eye(4)))
    assert b"Research use, not a diagnosis" in gzip.decompress((tmp_path / "m.nii.gz").read_bytes())


@pytest.mark.parametrize(
    ("top", "expected"), [(0, "u1"), (255, "u1"), (256, "u2"), (65535, "u2"), (65536, "u4")]
)
def test_lesion_ids_take_the_smallest_type(tmp_path: Path, top: int, expected: str) -> None:
    array = np.zeros((2, 3, 4), dtype=np.uint32)
    array[1, 1, 1] = top
    assert smallest_unsigned(array) == np.dtype(expected)
    write_volume(tmp_path / "m.nii.gz", Volume(array, np.eye(4)))
    image = load(tmp_path / "m.nii.gz")
    assert image.get_data_dtype() == np.dtype(expected)
    assert image.dataobj[1, 1, 1] == top


def test_a_mask_is_written_as_zero_and_one(tmp_path: Path) -> None:
    array = np.zeros((2, 2, 2), dtype=bool)
    array[0, 1, 0] = True
    write_volume(tmp_path / "m.nii.gz", Volume(array, np.eye(4)), np.uint8)
    image = load(tmp_path / "m.nii.gz")
    assert image.get_data_dtype() == np.uint8
    assert np.asarray(image.dataobj).sum() == 1


@pytest.mark.parametrize(
    "values", [np.array([300]), np.array([-1]), np.array([1.5])], ids=["high", "low", "fraction"]
)
def test_a_value_that_would_change_is_refused(tmp_path: Path, values: NDArray[Any]) -> None:
    volume = Volume(values.reshape(1, 1, 1), np.eye(4))
    with pytest.raises(OutputError, match=r"m\.nii\.gz: values from .* do not fit into uint8"):
        write_volume(tmp_path / "m.nii.gz", volume, np.uint8)


def test_hounsfield_units_keep_their_type(tmp_path: Path) -> None:
    array = np.array([-1024, 3000], dtype=np.int16).reshape(2, 1, 1)
    write_volume(tmp_path / "ct.nii.gz", Volume(array, np.eye(4)), np.int16)
    image = load(tmp_path / "ct.nii.gz")
    assert image.get_data_dtype() == np.int16
    assert np.asarray(image.dataobj).ravel().tolist() == [-1024, 3000]


def test_in_memory_it_is_the_same_file(tmp_path: Path) -> None:
    volume = Volume(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.diag([2.0, 2.0, 3.0, 1.0]))
    write_volume(tmp_path / "m.nii.gz", volume)
    assert volume_bytes(volume) == (tmp_path / "m.nii.gz").read_bytes()
    assert gzip.decompress(volume_bytes(volume, 9)) == gzip.decompress(volume_bytes(volume, 1))
