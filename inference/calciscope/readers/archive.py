"""Reading a .zip of DICOM files without trusting it.

Member names are never used as paths: files are written under numbers into a temporary folder that
goes with the context. Only what looks like DICOM is written. Limits count bytes really expanded,
not what the archive claims.
"""

import io
import lzma
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from calciscope.errors import UnreadableFileError, UnsafeArchiveError
from calciscope.readers.dicom_files import (
    HEAD_BYTES,
    FoundFile,
    FoundFiles,
    is_clutter,
    is_named_dicom,
    is_nifti,
    looks_like_dicom,
)
from calciscope.readers.elements import printable
from calciscope.readers.limits import expanded_limit

_CHUNK = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
)
"""What zipfile raises on broken archives."""

_LONGEST_READ = 12 << 20
"""Bytes; a directory of 50,000 files with names of 200 letters is shorter."""


@dataclass(frozen=True)
class ArchiveLimits:
    """How far an archive may expand.

    Attributes:
        max_bytes: all DICOM files together, expanded; `limits.MAX_RATIO` holds besides.
        max_files: number of files.
    """

    max_bytes: int = 16 * 1024**3
    max_files: int = 50_000


@contextmanager
def unpacked(
    archive: Path,
    limits: ArchiveLimits,
    inside: Path | None = None,
    stream: BinaryIO | None = None,
) -> Iterator[FoundFiles]:
    """The DICOM files of a .zip, in a temporary folder that is removed afterwards.

    Args:
        archive: the .zip.
        limits: how far it may expand.
        inside: where the temporary folder is made; None leaves it to the system.
        stream: the .zip, opened already; None opens it by its path.

    Raises:
        UnsafeArchiveError: a path escapes, a link is inside, or a limit is passed.
        UnreadableFileError: the archive is damaged or encrypted.
    """
    with tempfile.TemporaryDirectory(prefix="calciscope-", dir=inside) as folder:
        yield _unpack(archive, Path(folder), limits, stream)


def _unpack(
    archive: Path, folder: Path, limits: ArchiveLimits, stream: BinaryIO | None
) -> FoundFiles:
    dicom: list[FoundFile] = []
    misnamed: list[str] = []
    nifti: list[str] = []
    others: list[str] = []
    try:
        with _BoundedFile(archive, stream) as file, zipfile.ZipFile(file) as opened:
            for member in opened.infolist():
                _refuse_unsafe(archive, member)
            members = [member for member in opened.infolist() if not member.is_dir()]
            if len(members) > limits.max_files:
                raise UnsafeArchiveError(
                    f"{archive} holds {len(members)} files, more than the limit of "
                    f"{limits.max_files}; give the folder of one study"
                )
            left = min(limits.max_bytes, expanded_limit(file.size))
            for number, member in enumerate(sorted(members, key=lambda m: m.filename)):
                if is_clutter(member.filename):
                    continue
                name = f"{archive}: {printable(member.filename)}"
                path = folder / f"{number:06d}"
                is_dicom, left = _unpack_member(opened, member, path, archive, left)
                if is_dicom:
                    dicom.append(FoundFile(path, name))
                elif is_named_dicom(member.filename):
                    misnamed.append(name)
                elif is_nifti(member.filename):
                    nifti.append(name)
                else:
                    others.append(name)
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"{archive} is a damaged .zip file ({error}); copy or export it again"
        ) from error
    except (NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(
            f"{archive} is compressed in a way that cannot be read ({error}); give it unpacked"
        ) from error
    except OSError as error:
        raise UnreadableFileError(
            f"{archive} cannot be unpacked ({error.strerror or error}); "
            "check its permissions and the free space for temporary files"
        ) from error
    return FoundFiles(tuple(dicom), tuple(misnamed), tuple(nifti), tuple(others))


class _BoundedFile(io.BufferedReader):
    """A .zip of which little is read at a time.

    zipfile reads the directory of all members at once, however long it claims to be, and keeps ten
    times as much for what it lists.
    """

    def __init__(self, archive: Path, stream: BinaryIO | None) -> None:
        source = archive if stream is None else stream.fileno()
        super().__init__(io.FileIO(source, closefd=stream is None))
        self._archive = archive
        self.size = self.seek(0, io.SEEK_END)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_READ:
            raise UnsafeArchiveError(
                f"{self._archive} lists more files than any study has; give the folder of one study"
            )
        return super().read(size)


def _refuse_unsafe(archive: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    # A name may have been written on Windows: both kinds of path are looked at.
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    escapes = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if escapes or "\x00" in member.orig_filename:
        raise UnsafeArchiveError(
            f"{archive} holds a file that would be written outside its folder ({name!r}); "
            "unpack it by hand if you trust it and give the folder"
        )
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnsafeArchiveError(
            f"{archive} holds a link or device ({name!r}); "
            "unpack it by hand if you trust it and give the folder"
        )
    if member.flag_bits & 0x1:
        raise UnreadableFileError(f"{archive} is encrypted ({name!r}); give it unpacked")


def _unpack_member(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, archive: Path, left: int
) -> tuple[bool, int]:
    """Write one member if it is DICOM; gives whether it was and how many bytes are left."""
    with opened.open(member) as stream:
        chunk = stream.read(HEAD_BYTES)
        if not looks_like_dicom(chunk):
            return False, left - len(chunk)
        with path.open("xb") as output:
            while chunk:
                left -= len(chunk)
                if left < 0:
                    raise UnsafeArchiveError(
                        f"{archive} expands beyond the limit, in {member.filename!r}; "
                        "unpack it by hand if you trust it and give the folder"
                    )
                output.write(chunk)
                chunk = stream.read(_CHUNK)
    return True, left
