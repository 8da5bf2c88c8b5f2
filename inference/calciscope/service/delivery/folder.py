"""Results as folders: each appears in the destination whole, or not at all."""

import errno
import filecmp
import os
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from calciscope.service.delivery.parcel import Parcel
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError, NoteSent
from calciscope.service.files import FULL
from calciscope.service.settings.destinations import FolderDestination

_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_AWAY = (errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ETIMEDOUT,
         errno.ENOTCONN, errno.ECONNABORTED, errno.ECONNRESET, errno.ESTALE)  # fmt: skip
"""What a share answers whose server is gone."""
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)
"""What file systems answer that cannot flush a folder, such as SMB shares."""


def folder_name(study_uid: str, revision: int) -> str:
    """The name of a study's results in the destination; it tells nothing of the patient."""
    return f"study-{sha256(study_uid.encode()).hexdigest()[:12]}-r{revision}"


class FolderSender:
    """Copies results into a folder.

    They are copied beside their place under a hidden name, flushed, and renamed. What lies there
    already and is the same is left alone, so that an attempt cut off after the renaming doubles
    nothing; a result that was made anew takes the place of the former one.

    Args:
        destination: settings.
    """

    def __init__(self, destination: FolderDestination) -> None:
        self._root = destination.path

    def start(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def send(self, parcel: Parcel, already_sent: Mapping[str, str], note_sent: NoteSent) -> None:
        """Copy all files of a result."""
        self._look()
        name = folder_name(parcel.study_uid, parcel.revision)
        place, staging = self._root / name, self._root / f".{name}.partial"
        try:
            if place.exists() and _is_same(parcel.folder, place):
                return
            _remove(staging)
            _copy(parcel.folder, staging)
            _put_in_place(staging, place)
        except OSError as error:
            _remove_quietly(staging)
            raise self._explained(error) from error

    def _look(self) -> None:
        """Raise DestinationAwayError where the folder is not there."""
        try:
            there = self._root.is_dir()
        except OSError as error:
            raise self._away(error) from error
        if not there:
            # Never made here: below a share that is not mounted it would fill another disk.
            raise DestinationAwayError(
                f"the folder {self._root} is not there; make or mount it", "no_folder"
            )

    def _away(self, error: OSError) -> DestinationAwayError:
        reason = error.strerror or type(error).__name__
        return DestinationAwayError(
            f"{self._root} cannot be reached ({reason}); look at the share or disk it lies on",
            "unreachable",
        )

    def _explained(self, error: OSError) -> DeliveryError:
        reason = error.strerror or type(error).__name__
        if error.errno in FULL:
            return DestinationAwayError(f"{self._root} is full; make room there", "disk_full")
        if error.errno in _CLOSED:
            return DestinationAwayError(
                f"{self._root} cannot be written to ({reason}); let the service write there",
                "not_writable",
            )
        if error.errno in _AWAY:
            return self._away(error)
        return DeliveryError(f"copying to {self._root} failed ({reason})", "copy_failed")


def _files(folder: Path) -> list[Path]:
    """Relative paths of all files below a folder, in order."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _is_same(source: Path, place: Path) -> bool:
    """Whether two folders hold the same files, byte by byte."""
    names = _files(source)
    return names == _files(place) and all(
        filecmp.cmp(source / name, place / name, shallow=False) for name in names
    )


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    folders = {target}
    for name in _files(source):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        folders.update((copy.parent, copy.parent.parent))
        with (source / name).open("rb") as reader, copy.open("xb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
    for folder in folders:
        _sync_folder(folder)


def _put_in_place(staging: Path, place: Path) -> None:
    """Rename; what was there gives way only once the new is whole beside it."""
    former = place.with_name(f".{place.name}.former")
    _remove(former)
    if os.path.lexists(place):
        place.rename(former)
    staging.rename(place)
    _sync_folder(place.parent)
    _remove_quietly(former)


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder, where its file system can."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _remove_quietly(path: Path) -> None:
    """Remove what is only in the way; the next attempt tries again."""
    try:
        _remove(path)
    except OSError:
        return
