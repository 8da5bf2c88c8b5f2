"""Reading a CT from one NIfTI file (.nii, .nii.gz)."""

import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError

from calciscope.errors import InputError, SeriesGeometryError, UnreadableFileError
from calciscope.readers.hounsfield import LOWEST_HU, refuse_unless_plausible
from calciscope.readers.study import CtAcquisition, CtStudy
from calciscope.volume import Array, Volume

_SPACING_RANGE_MM = (0.02, 50.0)


def read_nifti(path: Path) -> CtStudy:
    """Read a CT in HU from a NIfTI-1 or NIfTI-2 file.

    Raises:
        UnreadableFileError: the file is truncated, corrupt or no NIfTI.
        SeriesGeometryError: not one 3D volume, or its voxels have no sensible size.
        NotHounsfieldError: the numbers are not HU.
    """
    try:
        image = nib.load(path)
        if not isinstance(image, nib.Nifti1Image):
            raise UnreadableFileError(f"{path} is not a NIfTI volume; give a .nii or .nii.gz file")
        array = np.asanyarray(image.dataobj)
    except (ImageFileError, OSError, EOFError, ValueError, zlib.error) as error:
        raise UnreadableFileError(
            f"{path} is truncated, corrupt or not NIfTI; copy or export it again"
        ) from error
    array = _one_volume(array, path)
    _refuse_unless_placed(image.affine, path)
    warnings: list[str] = []
    if not int(image.header["sform_code"]) and not int(image.header["qform_code"]):
        warnings.append(f"{path} does not say how the patient lies; left and right are assumed")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        warnings.append(f"{path} holds values that are no numbers; they became {LOWEST_HU} HU")
        array = np.nan_to_num(array, nan=LOWEST_HU, posinf=LOWEST_HU, neginf=LOWEST_HU)
    warnings.extend(refuse_unless_plausible(array, str(path)))
    return CtStudy(
        source=path,
        volume=Volume.from_ras(_hu(array), image.affine),
        acquisition=CtAcquisition(),
        series=None,
        left_out=(),
        warnings=tuple(warnings),
        instances=(),
        resampled=False,
    )


def _one_volume(array: Array, path: Path) -> Array:
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path} holds {array.dtype} values, not numbers; give a CT in HU")
    extra = int(np.prod(array.shape[3:]))
    if array.ndim > 3 and extra != 1:
        raise SeriesGeometryError(
            f"{path} holds {extra} volumes (shape {array.shape}); give one 3D volume"
        )
    array = array.reshape(array.shape[:3])
    if array.ndim < 3 or min(array.shape) < 2:
        raise SeriesGeometryError(
            f"{path} is not a volume (shape {array.shape}); give a CT with at least 2 slices"
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
    if array.dtype.kind == "f" and not (array == np.rint(array)).all():
        return np.maximum(array, LOWEST_HU).astype(np.float32)
    return np.clip(array, LOWEST_HU, np.iinfo(np.int16).max).astype(np.int16)
