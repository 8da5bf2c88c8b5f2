"""Reading masks and label maps from NIfTI files: whole numbers, not Hounsfield units."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from calciscope.errors import InputError, UnreadableFileError
from calciscope.volume import Volume


def read_whole_numbers(path: Path) -> Volume:
    """Read a mask or label map.

    Returns:
        Integers of 0 and more, on the axes of the file.

    Raises:
        UnreadableFileError: the file is no readable NIfTI.
        InputError: it is not 3D, or holds negative or fractional values.
    """
    try:
        image: Any = nib.load(path)
        array = np.asanyarray(image.dataobj)
        affine = np.asarray(image.affine, dtype=np.float64)
    except Exception as error:
        # nibabel, gzip and zlib have no common base of what they raise on broken files.
        raise UnreadableFileError(
            f"{path} is truncated, corrupt or not NIfTI; copy or export it again"
        ) from error
    array = array.reshape(array.shape[:3]) if array.size == np.prod(array.shape[:3]) else array
    if array.ndim != 3:
        raise InputError(f"{path} has shape {array.shape}; give one 3D mask")
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.kind == "f":
        whole = np.rint(array)
        if not (np.isfinite(array).all() and np.array_equal(whole, array)):
            raise InputError(f"{path} holds fractions; give a mask or label map of whole numbers")
        array = whole.astype(np.int32)
    if array.dtype.kind not in "iu" or array.min(initial=0) < 0:
        raise InputError(f"{path} holds negative values; give a mask or label map")
    return Volume.from_ras(array, affine)
