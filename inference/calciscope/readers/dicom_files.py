"""Finding DICOM files by their content, whatever they are called."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from calciscope.errors import UnreadableFileError
from calciscope.readers.elements import printable

HEAD_BYTES = 132
"""Length of the preamble and the letters DICM (PS3.10 7.1): enough to know a DICOM file."""

_FIRST_ELEMENTS = {0x0000, 0x0001, 0x0005, 0x0008, 0x0012, 0x0014, 0x0016, 0x0018}
_FIRST_VRS = {b"UL", b"CS", b"UI", b"OB", b"DA", b"TM"}


@dataclass(frozen=True)
class FoundFile:
    """A file to read and the name the user knows it by (they differ inside a .zip)."""

    path: Path
    name: str


@dataclass(frozen=True)
class FoundFiles:
    """What a folder or archive holds.

    Attributes:
        dicom: files that look like DICOM, by name.
        misnamed: names ending in .dcm of files that do not.
        nifti: names ending in .nii or .nii.gz, told where no DICOM is found.
        others: names of all else but clutter.
    """

    dicom: tuple[FoundFile, ...] = ()
    misnamed: tuple[str, ...] = ()
    nifti: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that begins with `head` (132 bytes) is DICOM.

    Either the letters DICM follow the preamble, or the data set starts at once, as old exports
    without file meta information have it, big endian ones always with explicit VR (PS3.5 A.3).
    """
    if head[128:132] == b"DICM":
        return True
    if len(head) < 16:
        return False
    group, element, vr = struct.unpack(">HH2s", head[:6])
    if group == 0x0008 and element in _FIRST_ELEMENTS and vr in _FIRST_VRS:
        return True
    group, element, vr, short_length = struct.unpack("<HH2sH", head[:8])
    if group not in (0x0002, 0x0008) or element not in _FIRST_ELEMENTS:
        return False
    if vr in _FIRST_VRS:
        return True
    (long_length,) = struct.unpack("<I", vr + struct.pack("<H", short_length))
    return bool(0 < long_length < 256)


def is_clutter(name: str) -> bool:
    """Whether a path is something operating systems leave behind, such as ._IM0001.dcm."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith(".")


def is_nifti(name: str) -> bool:
    """Whether a file name says NIfTI."""
    return name.lower().endswith((".nii", ".nii.gz"))


def is_named_dicom(name: str) -> bool:
    """Whether a file name says DICOM."""
    return name.lower().endswith((".dcm", ".dicom"))


def read_head(path: Path) -> bytes:
    """The first bytes of a file; raises UnreadableFileError where it cannot be opened."""
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise cannot_be_opened(path, error) from error


def cannot_be_opened(path: Path | str, error: OSError) -> UnreadableFileError:
    """The refusal of a file or folder that the system does not let us read."""
    return UnreadableFileError(
        f"{printable(str(path))} cannot be opened ({error.strerror}); check its permissions"
    )


def files_in_folder(folder: Path) -> FoundFiles:
    """All DICOM files below a folder, in the order of their paths.

    Links are followed, to folders too; a folder that several paths lead to is read once, so that
    a loop of links ends. A link to nowhere that is named as DICOM counts as misnamed. Hidden files
    and folders, pipes, sockets and devices are passed over.

    Raises:
        UnreadableFileError: a file or folder cannot be opened.
    """
    dicom: list[FoundFile] = []
    misnamed: list[str] = []
    nifti: list[str] = []
    others: list[str] = []
    files, nowhere = _files_below(folder)
    for path in files:
        name = printable(str(path))
        if looks_like_dicom(read_head(path)):
            dicom.append(FoundFile(path, name))
        elif is_named_dicom(path.name):
            misnamed.append(name)
        elif is_nifti(path.name):
            nifti.append(name)
        else:
            others.append(name)
    misnamed += [printable(str(path)) for path in nowhere if is_named_dicom(path.name)]
    return FoundFiles(tuple(dicom), tuple(misnamed), tuple(nifti), tuple(others))


def _files_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files below a folder, and links that lead nowhere; both sorted."""
    files: list[Path] = []
    nowhere: list[Path] = []
    seen: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        place = pending.pop()
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as entries:
                for entry in entries:
                    if is_clutter(entry.name):
                        continue
                    if entry.is_symlink() and not Path(entry.path).exists():
                        nowhere.append(Path(entry.path))
                    elif entry.is_dir():
                        pending.append(Path(entry.path))
                    elif entry.is_file():
                        files.append(Path(entry.path))
        except OSError as error:
            raise cannot_be_opened(error.filename or place, error) from error
    return sorted(files), sorted(nowhere)
