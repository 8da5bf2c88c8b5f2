"""A series asked for by its UID."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from calciscope.errors import InputError, NoCtError, SeriesGeometryError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume

Edit = Callable[..., None]


@pytest.fixture
def study(tmp_path: Path, ct_volume: Volume, edit: Edit) -> dict[int, str]:
    """UIDs by number: 1 is what the rule takes, 2 is sharp, 3 a PET series; all in tmp_path."""
    uids = {}
    for number, kernel in ((1, "STANDARD"), (2, "BONE"), (3, "STANDARD")):
        values = ct_volume.with_array(ct_volume.array + np.int16(number))
        paths = write_ct_series(
            values, tmp_path / f"{number}", uid_seed="s", series_number=number, kernel=kernel
        )
        uids[number] = str(dcmread(paths[0]).SeriesInstanceUID)
    for path in paths:
        edit(path, Modality="PT")
    return uids


def test_without_a_wish_the_rule_chooses(
    study: dict[int, str], tmp_path: Path, ct_volume: Volume
) -> None:
    np.testing.assert_array_equal(read_ct(tmp_path).volume.array, ct_volume.array + 1)


def test_a_wish_overrules_the_rule(
    study: dict[int, str], tmp_path: Path, ct_volume: Volume
) -> None:
    found = read_ct(tmp_path, series_uid=f" {study[2]} ")
    np.testing.assert_array_equal(found.volume.array, ct_volume.array + 2)
    assert found.series is not None
    assert found.series.series_instance_uid == study[2]
    assert {each.number: each.reason for each in found.left_out} == {
        1: "another series was asked for",
        3: "another series was asked for",
    }


def test_an_unknown_series_is_told_those_that_are_there(
    study: dict[int, str], tmp_path: Path
) -> None:
    with pytest.raises(NoCtError) as refusal:
        read_ct(tmp_path, series_uid="1.2.3")
    sentence = str(refusal.value)
    assert sentence.startswith(f"{tmp_path} does not hold the series 1.2.3; it holds {study[1]} (")
    assert f"{study[2]} (series 2 ('CT'), CT, 6 files)" in sentence
    assert f"{study[3]} (series 3 ('CT'), PT, 6 files)" in sentence


def test_a_long_list_is_cut(tmp_path: Path, ct_volume: Volume) -> None:
    slab = ct_volume.crop([0, 0, 0], [16, 12, 1])
    for number in range(1, 23):
        write_ct_series(slab, tmp_path / f"{number}", uid_seed="s", series_number=number)
    with pytest.raises(NoCtError, match=r"CT, 1 file\) and 2 more$"):
        read_ct(tmp_path, series_uid="1.2.3")


def test_nothing_there_to_ask_for(tmp_path: Path) -> None:
    with pytest.raises(NoCtError, match="does not hold the series 1; it holds no series"):
        read_ct(tmp_path, series_uid="1")


def test_a_series_that_is_no_ct_is_refused(study: dict[int, str], tmp_path: Path) -> None:
    with pytest.raises(NoCtError, match=r"PT, 6 files.* is a PET image, not CT; ask for a CT"):
        read_ct(tmp_path, series_uid=study[3])


def test_the_fault_of_the_series_asked_for_is_the_refusal(
    study: dict[int, str], tmp_path: Path
) -> None:
    sorted((tmp_path / "2").iterdir())[2].unlink()
    assert read_ct(tmp_path).volume.shape == (16, 12, 6)
    with pytest.raises(SeriesGeometryError, match=r"series 2 .* slices missing at z = 105\.0 mm"):
        read_ct(tmp_path, series_uid=study[2])


def test_a_nifti_file_holds_no_series(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)), tmp_path / "ct.nii")
    with pytest.raises(InputError, match=r"ct\.nii is NIfTI, which holds no series; ask for none"):
        read_ct(tmp_path / "ct.nii", series_uid="1.2")
