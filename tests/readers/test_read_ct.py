"""What kind of thing a path is."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError, NoCtError, UnreadableFileError, UnsafeArchiveError
from calciscope.readers import ArchiveLimits, read_ct
from calciscope.volume import Volume


def test_a_zip(
    ct_folder: Path, ct_volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", ct_folder.parent, "ct"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    study = read_ct(archive)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    assert study.source == archive
    assert study.instances[5].InstanceNumber == 6
    assert list(temporary.iterdir()) == []
    with pytest.raises(UnsafeArchiveError, match=r"study\.zip expands beyond the limit"):
        read_ct(archive, ArchiveLimits(max_bytes=5000))
    assert list(temporary.iterdir()) == []


def test_a_zip_without_suffix_is_known_by_its_content(ct_folder: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", ct_folder))
    assert read_ct(archive.rename(tmp_path / "export")).volume.shape == (16, 12, 6)


def test_refusals_name_the_member_of_a_zip(ct_folder: Path, tmp_path: Path) -> None:
    path = ct_folder / "000003.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", ct_folder))
    with pytest.raises(UnreadableFileError, match=r"study\.zip: 000003\.dcm is truncated"):
        read_ct(archive)


def test_a_zip_without_dicom(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("text")
    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", tmp_path / "a"))
    with pytest.raises(NoCtError, match=r"study\.zip holds no DICOM images"):
        read_ct(archive)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\3\4 cut short"])
def test_what_is_named_zip_and_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "study.zip").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"study\.zip is a damaged \.zip"):
        read_ct(tmp_path / "study.zip")


def test_a_folder_of_nifti_is_told_the_cure(tmp_path: Path) -> None:
    (tmp_path / "ct.nii.gz").write_bytes(b"")
    with pytest.raises(NoCtError, match=r"but NIfTI \(.*ct\.nii\.gz\); give that file itself"):
        read_ct(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent does not exist; give a DICOM folder"):
        read_ct(tmp_path / "absent")


def test_a_file_of_no_known_kind(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(UnreadableFileError, match=r"notes\.txt is of no known kind; give a DICOM"):
        read_ct(tmp_path / "notes.txt")


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(InputError, match="does not exist; give a DICOM folder"):
        read_ct(Path("nul\0l"))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is neither a folder nor a file; give a folder"):
        read_ct(tmp_path / "pipe")


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UnreadableFileError, match=r"loop cannot be opened \(Too many levels of"):
        read_ct(tmp_path / "loop")


@pytest.mark.parametrize("name", ["closed", "closed/study", "closed/ct.nii.gz"])
def test_what_permissions_forbid(ordinary_user: Path, name: str) -> None:
    closed = ordinary_user / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(
        UnreadableFileError, match=rf"{name} cannot be opened \(Permission denied\)"
    ):
        read_ct(ordinary_user / name)


def test_a_full_disk_while_unpacking_is_told(
    ct_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", ct_folder))
    plainly = Path.open

    def full(path: Path, mode: str = "r", *rest: object) -> object:
        if mode == "xb":
            raise OSError(28, "No space left on device")
        return plainly(path, mode, *rest)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(
        UnreadableFileError, match=r"unpacked \(No space left on device\); check its"
    ):
        read_ct(archive)
