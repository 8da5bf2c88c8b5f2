"""Reading a CT from one NIfTI file (.nii, .nii.gz)."""

import gzip
import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.arrayproxy import ArrayProxy
from nibabel.filebasedimages import ImageFileError
from nibabel.imageglobals import logger as nibabel_logger
from nibabel.spatialimages import HeaderDataError

from calciscope.errors import InputError, SeriesGeometryError, UnreadableFileError
from calciscope.readers.elements import quiet
from calciscope.readers.hounsfield import LOWEST_HU, refuse_unless_plausible
from calciscope.readers.limits import refuse_too_many
from calciscope.readers.study import CtAcquisition, CtStudy
from calciscope.volume import Array, Volume

_SPACING_RANGE_MM = (0.02, 50.0)
_DAMAGE = (
    ImageFileError,
    HeaderDataError,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    TypeError,
    KeyError,
    IndexError,
    struct.error,
    zlib.error,
)
"""What nibabel raises on broken files."""

_BEST_DEFLATE = 1040
"""Deflate expands no file further (RFC 1951: 258 bytes of two bits each, and headers)."""

_CHUNK = 1 << 20
_MOST_BEHIND = 256 << 20
"""How much may follow the voxels in a compressed file."""


def read_nifti(path: Path) -> CtStudy:
    """Read a CT in HU from a NIfTI-1 or NIfTI-2 file.

    Raises:
        UnreadableFileError: the file is truncated, corrupt or no NIfTI.
        SeriesGeometryError: not one 3D volume, or its voxels have no sensible size.
        NotHounsfieldError: the numbers are not HU.
    """
    volume, warnings = load_nifti(path, "a CT in HU")
    array = volume.array
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        warnings.append(f"{path} holds values that are no numbers; they became {LOWEST_HU} HU")
        array = np.nan_to_num(array, nan=LOWEST_HU, posinf=LOWEST_HU, neginf=LOWEST_HU)
    warnings.extend(refuse_unless_plausible(array, str(path)))
    return CtStudy(
        source=path,
        volume=volume.with_array(_hu(array)),
        acquisition=CtAcquisition(),
        series=None,
        left_out=(),
        warnings=tuple(warnings),
        instances=(),
        resampled=False,
    )


def load_nifti(path: Path, wanted: str) -> tuple[Volume, list[str]]:
    """The one volume of a NIfTI-1 or NIfTI-2 file, of any values.

    Args:
        path: of the file.
        wanted: what the user should give instead of something else, for messages.

    Returns:
        The volume, with values as stored or scaled, and warnings about its place.

    Raises:
        UnreadableFileError: the file is truncated, corrupt or no NIfTI.
        SeriesGeometryError: not one 3D volume, or its voxels have no sensible size.
        InputError: more voxels than can be analyzed, or its values are no numbers.
    """
    try:
        with _unlogged(), quiet():
            image, array = _load(path)
    except MemoryError as error:
        raise InputError(
            f"{path} needs more memory than is free; give a part of it or use a larger machine"
        ) from error
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"{path} is truncated, corrupt or not NIfTI; copy or export it again"
        ) from error
    array = _one_volume(array, path, wanted)
    _refuse_unless_placed(image.affine, path)
    warnings: list[str] = []
    if not int(image.header["sform_code"]) and not int(image.header["qform_code"]):
        warnings.append(f"{path} does not say how the patient lies; left and right are assumed")
    return Volume.from_ras(array, image.affine), warnings


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep nibabel's log of small header faults, which it mends, from the user's terminal."""

    def refuse(_: logging.LogRecord) -> bool:
        return False

    nibabel_logger.addFilter(refuse)
    try:
        yield
    finally:
        nibabel_logger.removeFilter(refuse)


def _load(path: Path) -> tuple[nib.Nifti1Image, Array]:
    image = nib.load(path)
    if not isinstance(image, nib.Nifti1Image):
        raise ImageFileError("another kind of image")
    _refuse_false_size(image, path)
    if path.suffix.lower() != ".gz":
        return image, _values(image)
    with gzip.open(path) as stream:
        array = _values(type(image).from_stream(stream))
        # The checksum is only compared at the end of the stream, where nibabel does not go.
        for _ in range(_MOST_BEHIND // _CHUNK):
            if not stream.read(_CHUNK):
                return image, array
    raise ImageFileError("far more data than its header says")


def _refuse_false_size(image: nib.Nifti1Image, path: Path) -> None:
    """Raise where a header claims more than can be analyzed or than the file can hold."""
    refuse_too_many(image.shape, str(path))
    header: Any = image.header
    claimed = np.prod(image.shape, dtype=np.float64) * header.get_data_dtype().itemsize
    ratio = _BEST_DEFLATE if path.suffix.lower() == ".gz" else 1
    if claimed > ratio * path.stat().st_size:
        raise ImageFileError("a header that says more than the file holds")


def _values(image: nib.Nifti1Image) -> Array:
    """Values as stored where no scale is given, else scaled, in single precision to save memory."""
    proxy = image.dataobj
    if isinstance(proxy, ArrayProxy) and (proxy.slope, proxy.inter) != (1, 0):
        return np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged"))
    return np.asanyarray(proxy)


def _one_volume(array: Array, path: Path, wanted: str) -> Array:
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path} holds {array.dtype} values, not numbers; give {wanted}")
    extra = int(np.prod(array.shape[3:]))
    if array.ndim > 3 and extra != 1:
        raise SeriesGeometryError(
            f"{path} holds {extra} volumes (shape {array.shape}); give one 3D volume"
        )
    array = array.reshape(array.shape[:3])
    if array.ndim < 3 or min(array.shape) < 2:
        raise SeriesGeometryError(
            f"{path} is not a volume (shape {array.shape}); give {wanted}, at least 2 slices"
        )
    return array


def _refuse_unless_placed(affine: Array, path: Path) -> None:
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    low, high = _SPACING_RANGE_MM
    sensible = bool(((spacing > low) & (spacing < high)).all())
    if not sensible or abs(np.linalg.det(affine[:3, :3] / spacing)) < 0.1:
        raise SeriesGeometryError(
            f"{path} has voxels of {' x '.join(f'{s:.3g}' for s in spacing)} mm, which cannot be; "
            "correct its affine"
        )


def _hu(array: Array) -> Array:
    """int16 where all values are whole numbers, else float32; not below -1024."""
    planes = range(array.shape[2])
    whole = array.dtype.kind in "iu" or all(
        np.array_equal(array[..., k], np.rint(array[..., k])) for k in planes
    )
    highest = np.iinfo(np.int16).max if whole else None
    result = np.empty(array.shape, dtype=np.int16 if whole else np.float32, order="F")
    for k in planes:
        result[..., k] = np.clip(array[..., k], LOWEST_HU, highest)
    return result
