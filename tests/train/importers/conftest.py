"""A small trunk to import, and ways to store it as public sets do."""

from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from calciscope.volume import Volume
from calciscope_train.cases import Case

SPACING_MM = (1.0, 1.0, 2.5)
ORIGIN_MM = (-60.0, -50.0, 100.0)
SHAPE = (120, 100, 12)
HIP_X_MM = 32.0
"""Distance of each hip from the midline; x grows to the patient's left."""


def _make_trunk() -> Volume:
    """An elliptic trunk along z at x = 0, y = 0 mm: fat, muscle, two hip bones; air around.

    Half axes 52 x 42 mm, fascia 44 x 34, bones of radius 8 mm at x = +32 (left) and -32 (right),
    each with a notch that tells the two apart: the left one is 1000 HU, the right one 700.
    """
    grid = Volume.from_spacing(np.zeros(SHAPE, np.int16), SPACING_MM, ORIGIN_MM)
    x, y, _ = np.moveaxis(grid.lps_mm(np.moveaxis(np.indices(SHAPE), 0, -1)), -1, 0)
    hu = np.full(SHAPE, -1000, dtype=np.int16)
    hu[(x / 52) ** 2 + (y / 42) ** 2 < 1] = -100
    hu[(x / 44) ** 2 + (y / 34) ** 2 < 1] = 50
    for center, density in ((HIP_X_MM, 1000), (-HIP_X_MM, 700)):
        hu[np.hypot(x - center, y) < 8] = density
    return grid.with_array(hu)


@pytest.fixture(scope="session")
def trunk() -> Volume:
    """An elliptic trunk, see `_make_trunk`."""
    return _make_trunk()


def _reoriented(volume: Volume, order: Sequence[int], flipped: Sequence[bool]) -> Volume:
    """The same voxels in the world, stored along other axes."""
    index = np.zeros((4, 4))
    index[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flipped, strict=True)):
        index[old, new] = -1 if flip else 1
        index[old, 3] = volume.shape[old] - 1 if flip else 0
    array = volume.array.transpose(order)
    array = array[tuple(slice(None, None, -1 if flip else 1) for flip in flipped)]
    return Volume(np.ascontiguousarray(array), volume.affine @ index)


def _turned(volume: Volume, degrees: float = 12.0) -> Volume:
    """The same voxels turned about z and tilted about x: an oblique affine."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    tilt = np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]])
    return Volume(volume.array, turn @ tilt @ volume.affine)


def _store(volume: Volume, path: Path, oriented: bool = True) -> Path:
    """Write NIfTI as the sets have it; not `oriented` leaves qform and sform unset."""
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = volume.affine_ras if oriented else None
    image = nibabel.nifti1.Nifti1Image(volume.array, affine)
    nibabel.save(image, path)
    return path


def _label_at(case: Case, lps_mm: ArrayLike) -> int:
    """The label of a prepared case at a place in the patient."""
    grid = Volume(case.labels, np.array(case.meta["affine_lps"]))
    i, j, k = np.rint(grid.index(lps_mm)).astype(int)
    return int(grid.array[i, j, k])


def _hu_at(case: Case, lps_mm: ArrayLike) -> int:
    """The HU of a prepared case at a place in the patient."""
    grid = Volume(case.ct, np.array(case.meta["affine_lps"]))
    i, j, k = np.rint(grid.index(lps_mm)).astype(int)
    return int(grid.array[i, j, k])


def _ball(volume: Volume, lps_mm: ArrayLike, radius_mm: float) -> NDArray[np.bool_]:
    """Voxels around a place."""
    places = volume.lps_mm(np.moveaxis(np.indices(volume.shape), 0, -1))
    return np.asarray(np.linalg.norm(places - np.asarray(lps_mm), axis=-1) < radius_mm)


@pytest.fixture(scope="session")
def reoriented() -> Callable[..., Volume]:
    """reoriented(volume, order, flipped): the same voxels in the world, along other axes."""
    return _reoriented


@pytest.fixture(scope="session")
def turned() -> Callable[..., Volume]:
    """turned(volume): the same voxels, oblique in the patient."""
    return _turned


@pytest.fixture(scope="session")
def store() -> Callable[..., Path]:
    """store(volume, path, oriented=True) writes NIfTI."""
    return _store


@pytest.fixture(scope="session")
def label_at() -> Callable[..., int]:
    """label_at(case, lps_mm): the label of a prepared case at a place in the patient."""
    return _label_at


@pytest.fixture(scope="session")
def hu_at() -> Callable[..., int]:
    """hu_at(case, lps_mm): the HU of a prepared case at a place in the patient."""
    return _hu_at


@pytest.fixture(scope="session")
def ball() -> Callable[..., NDArray[np.bool_]]:
    """ball(volume, lps_mm, radius_mm): voxels around a place."""
    return _ball
