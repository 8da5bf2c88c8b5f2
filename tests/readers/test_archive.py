import stat
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from calciscope.errors import UnreadableFileError, UnsafeArchiveError
from calciscope.readers.archive import ArchiveLimits, unpacked

DICOM = b"\0" * 128 + b"DICM" + b"\1" * 868
LIMITS = ArchiveLimits(max_bytes=10_000, max_files=10)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made during the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_dicom_is_unpacked_and_nothing_is_left_behind(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(
        tmp_path / "study.zip",
        {"b/IM1": DICOM, "a/IM2.dcm": DICOM, "readme.txt": b"text", "c.dcm": b"text", "x.nii": b""},
    )
    with unpacked(archive, LIMITS) as found:
        assert [file.name for file in found.dicom] == [
            f"{archive}: a/IM2.dcm",
            f"{archive}: b/IM1",
        ]
        assert [file.path.read_bytes() for file in found.dicom] == [DICOM, DICOM]
        assert found.misnamed == (f"{archive}: c.dcm",)
        assert found.nifti == (f"{archive}: x.nii",)
        assert found.others == (f"{archive}: readme.txt",)
        assert all(file.path.is_relative_to(temporary) for file in found.dicom)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["../escape.dcm", "a/../../escape.dcm", "/etc/escape.dcm", "C:\\escape.dcm", "..\\escape.dcm"],
)
def test_paths_that_escape_are_refused(tmp_path: Path, temporary: Path, name: str) -> None:
    archive = make_zip(tmp_path / "study.zip", {"good.dcm": DICOM, name: DICOM})
    with (
        pytest.raises(UnsafeArchiveError, match=r"study\.zip .*outside its folder .*escape"),
        unpacked(archive, LIMITS),
    ):
        pass
    assert list(temporary.iterdir()) == []
    assert not list(tmp_path.rglob("escape*"))


def test_links_are_refused(tmp_path: Path, temporary: Path) -> None:
    link = zipfile.ZipInfo("link.dcm")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with (
        pytest.raises(UnsafeArchiveError, match="link or device"),
        unpacked(tmp_path / "study.zip", LIMITS),
    ):
        pass


def test_the_byte_limit_counts_what_is_really_expanded(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "bomb.zip", {"bomb.dcm": DICOM + b"\0" * 50_000_000})
    assert archive.stat().st_size < 100_000
    with (
        pytest.raises(UnsafeArchiveError, match="expands beyond the limit"),
        unpacked(archive, ArchiveLimits(max_bytes=5_000_000)),
    ):
        pass
    assert list(temporary.iterdir()) == []


def test_the_limit_holds_for_all_files_together(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "study.zip", {f"{n}.dcm": DICOM for n in range(4)})
    with unpacked(archive, ArchiveLimits(max_bytes=4 * len(DICOM))) as found:
        assert len(found.dicom) == 4
    with (
        pytest.raises(UnsafeArchiveError),
        unpacked(archive, ArchiveLimits(max_bytes=4 * len(DICOM) - 1)),
    ):
        pass


def test_a_header_that_claims_too_little_is_not_believed(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "liar.zip", {"a.dcm": DICOM + b"\0" * 1_000_000})
    claimed, lie = (len(DICOM) + 1_000_000).to_bytes(4, "little"), (500).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(claimed, lie))
    with (
        pytest.raises(UnreadableFileError, match=r"liar\.zip is a damaged"),
        unpacked(archive, LIMITS),
    ):
        pass
    assert list(temporary.iterdir()) == []


def test_the_number_of_files_is_limited(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "many.zip", {f"{n}": b"" for n in range(11)})
    with (
        pytest.raises(UnsafeArchiveError, match="holds 11 files, more than the limit of 10"),
        unpacked(archive, LIMITS),
    ):
        pass


def test_a_directory_without_end_is_not_read(tmp_path: Path) -> None:
    # As long as it claims to be: zipfile would keep an object for each of 300,000 members.
    archive = make_zip(tmp_path / "many.zip", {"a.dcm": DICOM})
    content = archive.read_bytes()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry, count = content[start:end], 300_000
    tail = bytearray(content[end:])
    tail[12:16] = (count * len(entry)).to_bytes(4, "little")
    archive.write_bytes(content[:start] + entry * count + tail)
    tracemalloc.start()
    try:
        with (
            pytest.raises(UnsafeArchiveError, match="lists more files"),
            unpacked(archive, ArchiveLimits()),
        ):
            pass
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_an_archive_that_is_open_already_is_read_from_there(
    tmp_path: Path, temporary: Path
) -> None:
    archive = make_zip(tmp_path / "study.zip", {"a.dcm": DICOM})
    with archive.open("rb") as stream:
        archive.unlink()
        with unpacked(archive, LIMITS, stream=stream) as found:
            assert [file.path.read_bytes() for file in found.dicom] == [DICOM]
        assert not stream.closed


def test_what_is_not_dicom_is_not_expanded(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "film.zip", {"film.mp4": b"\0" * 1_000_000, "a": DICOM})
    with unpacked(archive, LIMITS) as found:
        assert len(found.dicom) == 1


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_archive_is_refused(tmp_path: Path, temporary: Path, kept: float) -> None:
    archive = make_zip(tmp_path / "cut.zip", {"a.dcm": DICOM})
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(kept * len(whole))])
    with (
        pytest.raises(UnreadableFileError, match=r"cut\.zip is a damaged \.zip file"),
        unpacked(archive, LIMITS),
    ):
        pass


def test_a_damaged_member_is_refused(tmp_path: Path, temporary: Path) -> None:
    archive = tmp_path / "flipped.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("a.dcm", DICOM)
    archive.write_bytes(archive.read_bytes().replace(b"\1" * 868, b"\1" * 867 + b"\2"))
    with pytest.raises(UnreadableFileError, match="damaged"), unpacked(archive, LIMITS):
        pass
    assert list(temporary.iterdir()) == []


def test_an_encrypted_archive_is_refused(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "secret.zip", {"a.dcm": DICOM})
    content = bytearray(archive.read_bytes())
    content[6] |= 1  # general purpose flag of the local header
    content[content.index(b"PK\1\2") + 8] |= 1  # and of the central directory
    archive.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="is encrypted"), unpacked(archive, LIMITS):
        pass


def test_a_small_archive_may_not_expand_a_hundred_times_beyond_a_gigabyte(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make_zip(tmp_path / "bomb.zip", {"bomb.dcm": DICOM + b"\0" * 3_000_000})
    size = archive.stat().st_size  # about 3 kB: a thousand times less
    assert 300 * size < 3_000_000
    with unpacked(archive, ArchiveLimits()) as found:  # but not beyond a gigabyte
        assert len(found.dicom) == 1
    monkeypatch.setattr("calciscope.readers.limits.ALWAYS_ALLOWED_BYTES", 0)
    with (
        pytest.raises(UnsafeArchiveError, match="expands beyond the limit"),
        unpacked(archive, ArchiveLimits()),
    ):
        pass
    assert list(temporary.iterdir()) == []


def test_an_archive_within_an_archive_is_not_expanded(tmp_path: Path, temporary: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"b.dcm": DICOM + b"\0" * 1_000_000})
    outer = make_zip(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes(), "a.dcm": DICOM})
    with unpacked(outer, LIMITS) as found:
        assert [file.name for file in found.dicom] == [f"{outer}: a.dcm"]


def test_members_that_share_their_bytes_are_refused(tmp_path: Path, temporary: Path) -> None:
    # A directory that lists one file many times: the bomb that stays small itself.
    archive = make_zip(tmp_path / "bomb.zip", {"a.dcm": DICOM + b"\0" * 5000})
    content = archive.read_bytes()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry, count = content[start:end], 9
    tail = bytearray(content[end:])
    tail[8:12] = count.to_bytes(2, "little") * 2
    tail[12:16] = (count * len(entry)).to_bytes(4, "little")
    archive.write_bytes(content[:start] + entry * count + tail)
    with pytest.raises(UnsafeArchiveError, match="beyond"), unpacked(archive, LIMITS):
        pass
    assert list(temporary.iterdir()) == []


def test_a_name_that_is_no_utf_8_is_damage(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "odd.zip", {"\u00e4.dcm": DICOM})
    archive.write_bytes(archive.read_bytes().replace(b"\xc3\xa4", b"\xff\xff"))
    with (
        pytest.raises(UnreadableFileError, match=r"odd\.zip is a damaged"),
        unpacked(archive, LIMITS),
    ):
        pass


def test_names_are_told_in_one_printable_line(tmp_path: Path, temporary: Path) -> None:
    archive = make_zip(tmp_path / "study.zip", {"a\n\x1b[2J.dcm": DICOM})
    with unpacked(archive, LIMITS) as found:
        assert found.dicom[0].name == f"{archive}: a??[2J.dcm"
