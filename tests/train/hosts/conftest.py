"""A synthetic limb crop for the tests of the hosts: skin, fat, muscle, one bone, a table."""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from calciscope.volume import LPS_FROM_RAS, Volume
from calciscope_train.host_config import Host, HostConfig
from calciscope_train.host_tissues import TissueRules

SPACING_MM = (0.977, 0.977, 3.27)
CENTER = 55.5
"""Index of the limb's axis along x and y; a table lies 60 mm behind it."""

LimbMaker = Callable[..., Volume]


def make_limb(
    spot_hu: float = 0.0, noise_hu: float = 8.0, slices: int = 9, fwhm_mm: float = 1.6
) -> Volume:
    """A straight limb along z: skin to 45 mm, fascia 36 mm, bone 12 mm, marrow 7 mm.

    With `spot_hu` a dense ball of 6.6 mm lies in its muscle, 26 voxels to the left of the axis in
    slice 6.
    """
    fine = 5
    step = SPACING_MM[0] / fine
    x = (np.arange(112 * fine) - (CENTER * fine + fine // 2)) * step
    y = (np.arange(124 * fine) - (CENTER * fine + fine // 2)) * step
    radius = np.hypot(x[:, None], y[None, :])
    plane = np.full(radius.shape, -1000.0)
    for limit, hu in ((45.0, 40.0), (43.5, -100.0), (36.0, 55.0), (12.0, 1200.0), (7.0, -50.0)):
        plane[radius < limit] = hu
    plane[:, np.abs(y - 60) < 2.0] = 100.0
    sampled = ndimage.gaussian_filter(plane, fwhm_mm / 2.3548 / step)
    array = np.repeat(sampled[fine // 2 :: fine, fine // 2 :: fine, None], slices, axis=2)
    index = np.moveaxis(np.indices(array.shape), 0, -1) - (CENTER + 26, CENTER, 6)
    array[np.linalg.norm(index * SPACING_MM, axis=-1) < 3.3] += spot_hu
    array += np.random.default_rng(1).normal(0, noise_hu, array.shape)
    return Volume.from_spacing(np.rint(np.clip(array, -1000, 3071)).astype(np.int16), SPACING_MM)


@pytest.fixture(scope="session")
def limb_maker() -> LimbMaker:
    """Makes synthetic limbs."""
    return make_limb


@pytest.fixture(scope="session")
def limb() -> Volume:
    """A limb without mineral."""
    return make_limb()


@pytest.fixture(scope="session")
def radius_mm(limb: Volume) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Distance of each voxel of the limb from its axis."""
    x, y, _ = np.indices(limb.shape)
    return np.asarray(np.hypot(x - CENTER, y - CENTER) * SPACING_MM[0])


@pytest.fixture(scope="session")
def host_config(tmp_path_factory: pytest.TempPathFactory, limb: Volume) -> HostConfig:
    """Two hosts in NIfTI files, one to train on and one to test on, with few lesions."""
    folder: Path = tmp_path_factory.mktemp("hosts")
    image = nibabel.nifti1.Nifti1Image(limb.array, LPS_FROM_RAS @ limb.affine)
    for name in ("001", "002"):
        nibabel.save(image, folder / f"limb_{name}.nii.gz")
    rules = TissueRules(own_mineral=False)
    return HostConfig(
        folder,
        "limb_{id}.nii.gz",
        hosts={"001": Host("train", rules), "002": Host("test", rules)},
        soft_liters=0.3,
        counts={"C3_focus": 3.0, "C1": 1.0, "V3": 1.0},
    )
