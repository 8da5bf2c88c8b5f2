"""Results as folders: whole or not at all, once and never twice."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from calciscope.service.delivery import folder as module
from calciscope.service.delivery.folder import FolderSender, folder_name
from calciscope.service.delivery.parcel import Parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError
from calciscope.service.settings.destinations import FolderDestination


def note_nothing(sop_uid: str, status: str) -> None:
    raise AssertionError("a folder has no objects to note")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.fixture
def sender(target: Path) -> FolderSender:
    return FolderSender(FolderDestination(name="share", kind="folder", path=target))


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_all_files_arrive_under_a_name_without_uid(
    sender: FolderSender, parcel: Parcel, target: Path
) -> None:
    sender.send(parcel, {}, note_nothing)
    (place,) = target.iterdir()
    assert place.name == folder_name(parcel.study_uid, 1)
    assert parcel.study_uid not in place.name
    assert files(place) == files(parcel.folder)
    assert len(files(place)) == 7


def test_the_same_again_is_left_alone(sender: FolderSender, parcel: Parcel, target: Path) -> None:
    sender.send(parcel, {}, note_nothing)
    (place,) = target.iterdir()
    before = place.stat().st_ino
    sender.send(parcel, {}, note_nothing)
    assert [path.stat().st_ino for path in target.iterdir()] == [before]


@pytest.mark.parametrize("damage", ["changed", "missing", "added"])
def test_whatever_differs_is_replaced_as_a_whole(
    sender: FolderSender, parcel: Parcel, target: Path, damage: str
) -> None:
    sender.send(parcel, {}, note_nothing)
    (place,) = target.iterdir()
    if damage == "changed":
        (place / "findings.json").write_text("[]", encoding="utf-8")
    elif damage == "missing":
        (place / "dicom/report.dcm").unlink()
    else:
        (place / "stranger.txt").touch()
    sender.send(parcel, {}, note_nothing)
    assert [path.name for path in target.iterdir()] == [place.name]
    assert files(place) == files(parcel.folder)


def test_revisions_lie_side_by_side(parcel: Parcel) -> None:
    assert folder_name(parcel.study_uid, 1) != folder_name(parcel.study_uid, 2)
    assert folder_name(parcel.study_uid, 1).startswith("study-")


def test_leftovers_of_a_killed_attempt_are_cleared(
    sender: FolderSender, parcel: Parcel, target: Path
) -> None:
    name = folder_name(parcel.study_uid, 1)
    (target / f".{name}.partial/dicom").mkdir(parents=True)
    (target / f".{name}.partial/dicom/half.dcm").touch()
    (target / f".{name}.former").mkdir()
    sender.send(parcel, {}, note_nothing)
    assert [path.name for path in target.iterdir()] == [name]
    assert files(target / name) == files(parcel.folder)


def test_link_in_place_of_the_staging_folder_is_not_followed(
    sender: FolderSender, parcel: Parcel, target: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (target / f".{folder_name(parcel.study_uid, 1)}.partial").symlink_to(elsewhere)
    sender.send(parcel, {}, note_nothing)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert not next(target.iterdir()).is_symlink()


def test_folder_that_is_not_mounted_is_waited_for_and_never_made(
    sender: FolderSender, parcel: Parcel, target: Path
) -> None:
    target.rmdir()
    with pytest.raises(DestinationAwayError, match="make or mount it") as caught:
        sender.send(parcel, {}, note_nothing)
    assert caught.value.code == "no_folder"
    assert not target.exists()


@pytest.mark.parametrize("number", [errno.EHOSTDOWN, errno.ESTALE, errno.EIO])
def test_share_whose_server_is_gone_is_waited_for(
    sender: FolderSender, parcel: Parcel, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def gone(_: Path) -> bool:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "is_dir", gone)
    with pytest.raises(DestinationAwayError, match="look at the share") as caught:
        sender.send(parcel, {}, note_nothing)
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize(
    ("number", "code", "away"),
    [
        (errno.ENOSPC, "disk_full", True),
        (errno.EDQUOT, "disk_full", True),
        (errno.EROFS, "not_writable", True),
        (errno.EACCES, "not_writable", True),
        (errno.EIO, "copy_failed", False),
        (errno.ESTALE, "unreachable", True),
        (errno.EHOSTDOWN, "unreachable", True),
    ],
)
def test_failure_halfway_leaves_nothing_that_looks_whole(
    sender: FolderSender,
    parcel: Parcel,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: str,
    away: bool,
) -> None:
    copied: list[object] = []

    def fail_at_the_third(reader: object, writer: object, length: int) -> None:
        copied.append(writer)
        if len(copied) == 3:
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", fail_at_the_third)
        with pytest.raises(DeliveryError) as caught:
            sender.send(parcel, {}, note_nothing)
    assert (caught.value.code, caught.value.permanent) == (code, False)
    assert isinstance(caught.value, DestinationAwayError) == away
    assert list(target.iterdir()) == []
    sender.send(parcel, {}, note_nothing)
    assert files(target / folder_name(parcel.study_uid, 1)) == files(parcel.folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_told(sender: FolderSender, parcel: Parcel, target: Path) -> None:
    target.chmod(0o500)
    try:
        with pytest.raises(DestinationAwayError) as caught:
            sender.send(parcel, {}, note_nothing)
    finally:
        target.chmod(0o700)
    assert caught.value.code == "not_writable"


def test_file_system_that_cannot_flush_folders_is_good_enough(
    sender: FolderSender, parcel: Parcel, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def flush(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(module.os, "fsync", flush)
    sender.send(parcel, {}, note_nothing)
    assert len(list(target.iterdir())) == 1
