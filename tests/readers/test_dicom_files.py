import os
import socket
from pathlib import Path

import pytest

from calciscope.errors import UnreadableFileError
from calciscope.readers.dicom_files import files_in_folder, is_clutter, looks_like_dicom

PREAMBLE = b"\0" * 128


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PREAMBLE + b"DICM", True),
        (b"II*\0" + b"\0" * 124 + b"DICM", True),  # a preamble may be a TIFF header
        (b"\x08\0\x05\0CS\x0a\0ISO_IR 100\x08\0", True),  # no preamble, explicit VR
        (b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100\x08\0", True),  # no preamble, implicit VR
        (b"\0\x08\0\x05CS\0\x0aISO_IR 100\0\x08", True),  # no preamble, big endian
        (b"\0\x08\0\x05\0\0\0\x0aISO_IR 100\0\x08", False),  # big endian is never implicit
        (b"\x08\0\x05\0\xff\xff\xff\x7fISO_IR 100", False),
        (b"this is a text, named as DICOM by mistake", False),
        (b"\x08\0\x05\0", False),
        (b"", False),
    ],
)
def test_dicom_is_known_by_its_first_bytes(head: bytes, expected: bool) -> None:
    assert looks_like_dicom(head) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("._IM1.dcm", True),
        ("a/.DS_Store", True),
        ("__MACOSX/a/IM1.dcm", True),
        ("a\\.hidden", True),
        ("a.b/IM1.dcm", False),
    ],
)
def test_clutter_of_operating_systems(name: str, expected: bool) -> None:
    assert is_clutter(name) is expected


def test_a_folder_is_searched_below_and_sorted(tmp_path: Path) -> None:
    for name in ("b/deep/down/IM2", "a/IM1.dcm", "c.DCM"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PREAMBLE + b"DICM")
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "broken.dcm").write_text("text")
    (tmp_path / "._c.DCM").write_text("resource fork")
    (tmp_path / "ct.nii.gz").write_bytes(b"zip")
    found = files_in_folder(tmp_path)
    assert [file.path.relative_to(tmp_path).as_posix() for file in found.dicom] == [
        "a/IM1.dcm",
        "b/deep/down/IM2",
        "c.DCM",
    ]
    assert found.misnamed == (str(tmp_path / "broken.dcm"),)
    assert found.nifti == (str(tmp_path / "ct.nii.gz"),)


def test_a_file_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "IM1").write_bytes(PREAMBLE + b"DICM")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFileError, match=r"IM1 cannot be opened \(Permission denied\)"):
        files_in_folder(tmp_path)


def relative(folder: Path) -> list[str]:
    return [f.path.relative_to(folder).as_posix() for f in files_in_folder(folder).dicom]


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "study"
    for place in (elsewhere, folder):
        place.mkdir()
        (place / "IM1").write_bytes(PREAMBLE + b"DICM")
    (folder / "a").symlink_to(elsewhere)  # another folder
    (folder / "b").symlink_to(elsewhere)  # the same once more
    (folder / "c").symlink_to(folder)  # a loop through a folder
    (folder / "d").symlink_to(folder / "d")  # a loop by itself
    (elsewhere / "up").symlink_to(folder)
    (folder / "e.dcm").symlink_to(elsewhere / "IM1")  # a file
    found = relative(folder)
    assert len(found) == 3
    assert found[-1] == "e.dcm"
    assert {name.split("/")[-1] for name in found[:2]} == {"IM1"}


def test_a_link_to_nowhere_counts_where_it_is_named_as_dicom(tmp_path: Path) -> None:
    (tmp_path / "IM2.dcm").symlink_to(tmp_path / "never fetched")
    (tmp_path / "notes").symlink_to(tmp_path / "never fetched")
    found = files_in_folder(tmp_path)
    assert found.dicom == ()
    assert found.misnamed == (str(tmp_path / "IM2.dcm"),)


def test_pipes_and_sockets_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may be no longer than 108 bytes
    os.mkfifo("pipe.dcm")
    Path("link.dcm").symlink_to("pipe.dcm")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket.dcm")
        found = files_in_folder(tmp_path)
    assert (found.dicom, found.misnamed) == ((), ())


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    for name in (".snapshot/IM1", "__MACOSX/IM1", "a.b/IM1"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(PREAMBLE + b"DICM")
    assert relative(tmp_path) == ["a.b/IM1"]


@pytest.mark.parametrize("what", ["file", "folder", "itself"])
def test_what_permissions_forbid_is_named(ordinary_user: Path, what: str) -> None:
    folder = ordinary_user / "study" / "inner"
    folder.mkdir(parents=True)
    (folder / "IM1").write_bytes(PREAMBLE + b"DICM")
    closed = {"file": folder / "IM1", "folder": folder, "itself": folder.parent}[what]
    closed.chmod(0)
    try:
        with pytest.raises(
            UnreadableFileError,
            match=rf"{closed} cannot be opened \(Permission denied\); check its",
        ):
            files_in_folder(ordinary_user / "study")
    finally:
        closed.chmod(0o700)


def test_names_are_told_in_one_printable_line(tmp_path: Path) -> None:
    # A name in Latin-1 on a file system of UTF-8, and one that would clear the terminal.
    for name in (b"M\xfcller.dcm", b"a\n\x1b[2J.dcm"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(PREAMBLE + b"DICM")
    names = [Path(file.name).name for file in files_in_folder(tmp_path).dicom]
    assert sorted(names) == ["M?ller.dcm", "a??[2J.dcm"]
