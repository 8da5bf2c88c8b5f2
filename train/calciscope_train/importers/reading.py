"""Files of public sets: CT and label maps on canonical axes, and refusals that say what was found.

Everything is turned to canonical axes as it is read, so that a label map that is stored along other
axes than its CT still falls on the right voxels.
"""

import csv
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from calciscope.errors import InputError, UnreadableFileError
from calciscope.readers.nifti import read_nifti
from calciscope.volume import Array, Volume

GRID_TOLERANCE_MM = 0.1
"""How far voxels of a label map may lie from those of its CT; affines are stored rounded."""

_DAMAGE = (
    ImageFileError,
    HeaderDataError,
    WrapStructError,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    zlib.error,
    InputError,
)
"""What comes up on broken files."""

MOST_NAMES = 6
"""Names listed in a message."""


def wrong_layout(folder: Path, expected: str) -> InputError:
    """The refusal of a folder that is not laid out as a set is."""
    return InputError(f"{folder} is not laid out as expected: expected {expected}; {found(folder)}")


def found(folder: Path) -> str:
    """What a folder holds, for messages: "found meta.csv, s0000 and 4 more"."""
    if not folder.is_dir():
        return "found no such folder"
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        return "found an empty folder"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"found {listed(names[:MOST_NAMES])}{more}"


def listed(names: Iterable[str]) -> str:
    """Names with commas."""
    return ", ".join(names)


def read_ct_file(path: Path) -> Volume:
    """A CT from NIfTI, canonical; raises InputError where it is none."""
    return read_nifti(path).volume.canonical().volume


def read_stored(path: Path) -> tuple[Volume, bool]:
    """Values of a NIfTI file as they are, neither clipped nor judged.

    Returns:
        The volume on canonical axes; and whether the file says how the patient lies.

    Raises:
        UnreadableFileError: the file is absent, broken, no NIfTI or not one volume.
    """
    try:
        image = nib.nifti1.Nifti1Image.from_filename(path)
        array = np.asanyarray(image.dataobj)
        header = image.header
        oriented = bool(int(header["sform_code"]) or int(header["qform_code"]))
        return Volume.from_ras(array, image.affine).canonical().volume, oriented
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"{path} is absent, broken or not one volume in NIfTI ({error}); download it again"
        ) from error


def read_ids(path: Path) -> tuple[Volume, bool]:
    """A label map, as `read_stored`; raises InputError where it holds other than whole numbers."""
    volume, oriented = read_stored(path)
    if not np.array_equal(volume.array, np.rint(volume.array)):
        raise InputError(f"{path} is no label map: expected whole numbers, found fractions")
    return volume.with_array(volume.array.astype(np.int32)), oriented


def ids_on(ct: Volume, path: Path) -> Array:
    """A label map on the voxels of its canonical CT; raises InputError where it lies elsewhere."""
    ids, _ = read_ids(path)
    require_same_grid(ct, ids, path)
    return ids.array


def require_same_grid(ct: Volume, ids: Volume, path: Path) -> None:
    """Raise InputError where a label map does not lie on its CT."""
    if ct.same_grid(ids, GRID_TOLERANCE_MM):
        return
    raise InputError(
        f"{path} does not lie on its CT: expected {_grid(ct)}, found {_grid(ids)}; "
        "download both again, as the set has them"
    )


def _grid(volume: Volume) -> str:
    size = " x ".join(str(count) for count in volume.shape)
    spacing = " x ".join(f"{mm:.3g}" for mm in volume.spacing_mm)
    first = ", ".join(f"{mm:.1f}" for mm in volume.affine[:3, 3])
    return f"{size} voxels of {spacing} mm from ({first})"


def read_table(path: Path, separator: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a table; raises InputError where it, or one of the columns, is missing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=separator)
            rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
            names = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFileError(f"{path} cannot be read as a table: {error}") from error
    missing = [column for column in columns if column not in names]
    if missing:
        raise InputError(
            f"{path} lacks the columns {listed(missing)}: expected them separated by "
            f"{separator!r}, found {listed(names) or 'none'}"
        )
    return rows
