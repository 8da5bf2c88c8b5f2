"""NIfTI files of masks and label maps, the same bytes for the same result."""

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import nibabel as nib
import numpy as np
from numpy.typing import DTypeLike

from calciscope.errors import OutputError
from calciscope.volume import Array, Volume
from calciscope.writers.memory_order import slices_apart

SCANNER = 1
"""NIfTI code of an affine into scanner coordinates, RAS mm (nifti1.h, NIFTI_XFORM_SCANNER_ANAT)."""

GZIP_LEVEL = 3
"""On label maps as quick as level 1 and a third smaller; level 6 takes three times longer."""

DESCRIPTION = "Calciscope. Research use, not a diagnosis"
"""Header field `descrip`; at most 79 characters."""


def write_volume(path: Path, volume: Volume, dtype: DTypeLike | None = None) -> None:
    """Write a volume as compressed NIfTI-1.

    The sform holds the affine with code 1 (scanner), and so does the qform where the grid is
    rectangular; a qform cannot hold shear, so it is marked unknown (0) otherwise.

    Args:
        path: a file name that ends with .nii.gz.
        volume: the voxels; any memory order (axis k slowest is quickest).
        dtype: type in the file. Without it the smallest unsigned integer that holds the values;
            values that are no whole numbers >= 0 need it.

    Raises:
        OutputError: a value does not fit into `dtype`.
    """
    kind = smallest_unsigned(volume.array) if dtype is None else np.dtype(dtype)
    array = volume.array
    if array.dtype != kind:
        _require_fit(path, array, kind)
        volume = volume.with_array(array.astype(kind))
    with path.open("wb") as file:
        _write_compressed(file, volume, GZIP_LEVEL)


def volume_bytes(volume: Volume, level: int = GZIP_LEVEL) -> bytes:
    """A volume as compressed NIfTI-1 in memory, in the type that its array has.

    Args:
        volume: the voxels, of a type that NIfTI knows.
        level: of compression, 1 to 9.
    """
    stream = BytesIO()
    _write_compressed(stream, volume, level)
    return stream.getvalue()


def _write_compressed(file: BinaryIO, volume: Volume, level: int) -> None:
    """Write header and voxels through gzip."""
    image: Any = nib.Nifti1Image(slices_apart(volume.array), volume.affine_ras)  # type: ignore[no-untyped-call]
    image.set_sform(volume.affine_ras, code=SCANNER)
    image.set_qform(volume.affine_ras, code=SCANNER if volume.is_rectangular else 0)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = DESCRIPTION
    # No file name and no time in the gzip header: equal results are equal files.
    with gzip.GzipFile("", "wb", level, file, mtime=0) as stream:
        image.to_stream(stream)


def smallest_unsigned(array: Array) -> np.dtype[np.unsignedinteger]:
    """The smallest unsigned integer type that holds every value of a non-negative array."""
    top = int(array.max(initial=0))
    return np.dtype(np.min_scalar_type(max(top, 0)))


def _require_fit(path: Path, array: Array, kind: np.dtype) -> None:
    """Raise if casting `array` to the integer type `kind` would change a value."""
    if kind.kind not in "iu" or array.dtype.kind == "b":
        return
    limits = np.iinfo(kind)
    low, high = array.min(initial=0), array.max(initial=0)
    if low < limits.min or high > limits.max or array.dtype.kind not in "iu":
        raise OutputError(
            f"{path.name}: values from {low} to {high} ({array.dtype}) do not fit into {kind}; "
            "write it with another type"
        )
