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
