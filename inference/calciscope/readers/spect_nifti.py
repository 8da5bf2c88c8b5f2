"""Reading a SPECT from one NIfTI file (.nii, .nii.gz) in SUVbw, in the world of the CT."""

from pathlib import Path

import numpy as np

from calciscope.errors import NoSpectError
from calciscope.readers.nifti import load_nifti
from calciscope.readers.spect_study import SUVBW, SpectStudy
from calciscope.readers.uptake_values import COUNTS

HIGHEST_SUV = 1000.0
"""Nothing takes up more: all of the dose in 70 mL of a man of 70 kg. Urine reaches some 200."""

LOWEST = -0.05
"""As a share of the highest value; interpolation undershoots, HU go far below."""


def read_spect_nifti(path: Path) -> SpectStudy:
    """Read a SPECT in SUVbw.

    Values that are too high for SUV are taken as counts, so that only ratios are given.

    Raises:
        UnreadableFileError: the file is truncated, corrupt or no NIfTI.
        SeriesGeometryError: not one 3D volume, or its voxels have no sensible size.
        NoSpectError: the values cannot be uptake.
    """
    volume, warnings = load_nifti(path, "a SPECT")
    array = np.asarray(volume.array, dtype=np.float32)
    if not np.isfinite(array).all():
        warnings.append(f"{path} holds values that are no numbers; they became 0")
        array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
    lowest, highest = float(array.min()), float(array.max())
    if highest <= 0 or lowest < LOWEST * highest:
        raise NoSpectError(
            f"{path} holds no uptake, its values go from {lowest:g} to {highest:g}; "
            "give a SPECT in SUVbw"
        )
    refused = None
    if highest > HIGHEST_SUV:
        refused = f"no SUV, as {path} goes up to {highest:g}, which no SUV does; ratios are given"
    return SpectStudy(
        source=path,
        volume=volume.with_array(array),
        units=SUVBW if refused is None else COUNTS,
        suv_refused=refused,
        warnings=tuple(warnings),
    )
