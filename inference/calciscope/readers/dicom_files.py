"""Finding DICOM files by their content, whatever they are called."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from calciscope.errors import UnreadableFileError

HEAD_BYTES = 132
"""Length of the preamble and the letters DICM (PS3.10 7.1): enough to know a DICOM file."""

_FIRST_ELEMENTS = {0x0000, 0x0001, 0x0005, 0x0008, 0x0012, 0x0014, 0x0016, 0x0018}


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
    """

    dicom: tuple[FoundFile, ...] = ()
    misnamed: tuple[str, ...] = ()
    nifti: tuple[str, ...] = ()


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that begins with `head` (132 bytes) is DICOM.

    Either the letters DICM follow the preamble, or the data set starts at once, as old exports
    without file meta information have it.
    """
    if head[128:132] == b"DICM":
        return True
    if len(head) < 16:
        return False
    group, element, vr, short_length = struct.unpack("<HH2sH", head[:8])
    if group not in (0x0002, 0x0008) or element not in _FIRST_ELEMENTS:
        return False
    if vr in (b"UL", b"CS", b"UI", b"OB", b"DA", b"TM"):
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
        raise UnreadableFileError(
            f"{path} cannot be opened ({error.strerror}); check its permissions"
        ) from error


def files_in_folder(folder: Path) -> FoundFiles:
    """All DICOM files below a folder, in the order of their paths.

    Raises:
        UnreadableFileError: a file cannot be opened.
    """
    dicom: list[FoundFile] = []
    misnamed: list[str] = []
    nifti: list[str] = []
    for path in _files_below(folder):
        if looks_like_dicom(read_head(path)):
            dicom.append(FoundFile(path, str(path)))
        elif is_named_dicom(path.name):
            misnamed.append(str(path))
        elif is_nifti(path.name):
            nifti.append(str(path))
    return FoundFiles(tuple(dicom), tuple(misnamed), tuple(nifti))


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if not is_clutter(path.name) and path.is_file():
            yield path
