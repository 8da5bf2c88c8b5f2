"""The fast projector and OSEM against PyTomography 3.4 (MIT), which models the same camera.

Its wheels are many, so that it is no dependency: `pip install pytomography==3.4.0` and run
`pytest -m slow tests/parity/test_pytomography.py`.
"""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.phantom.spect.cameras import collimator
from calciscope.phantom.spect.projector import Camera, Projector
from calciscope.phantom.spect.reconstruction import osem

torch = pytest.importorskip("torch", reason="needs the extra train")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("pytomography", reason="needs `pip install pytomography==3.4.0`")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

VOXEL_MM, SIZE, LENGTH, RADIUS_MM = 4.8, 48, 16, 150.0
COLLIMATOR = collimator("symbia_lehr")
Image = NDArray[np.float32]


def across() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    place = (np.arange(SIZE) - 0.5 * (SIZE - 1)) * VOXEL_MM
    x, y = np.meshgrid(place, place, indexing="ij")
    return x, y


def water() -> Image:
    mu = np.zeros((SIZE, SIZE, LENGTH), np.float32)
    mu[np.hypot(*across()) < 90] = 0.0154
    return mu


def ours(angles_deg: NDArray[np.float64]) -> Projector:
    radii = np.full(len(angles_deg), RADIUS_MM)
    return Projector(Camera(COLLIMATOR, VOXEL_MM, np.deg2rad(angles_deg), radii), water(), True)


def oracle(angles_deg: NDArray[np.float64]) -> Any:
    """The same camera; its angles run the other way round."""
    from pytomography.metadata.SPECT import SPECTObjectMeta, SPECTProjMeta, SPECTPSFMeta
    from pytomography.projectors.SPECT import SPECTSystemMatrix
    from pytomography.transforms.SPECT import SPECTAttenuationTransform, SPECTPSFTransform

    def sigma_cm(distance_cm: Any, *_: Any) -> Any:
        return COLLIMATOR.sigma_mm(np.asarray(distance_cm) * 10) / 10

    step_cm = VOXEL_MM / 10
    psf = SPECTPSFMeta((0,), sigma_fit=sigma_cm, min_sigmas=4)
    return SPECTSystemMatrix(
        [SPECTAttenuationTransform(torch.tensor(10 * water())), SPECTPSFTransform(psf)],
        [],
        SPECTObjectMeta([step_cm] * 3, [SIZE, SIZE, LENGTH]),
        SPECTProjMeta(
            [SIZE, LENGTH],
            [step_cm] * 2,
            -angles_deg % 360,
            radii=np.full(len(angles_deg), RADIUS_MM / 10),
        ),
    )


def fwhm_mm(profile: NDArray[np.floating[Any]]) -> float:
    place = np.arange(len(profile)) * VOXEL_MM
    mean = float((place * profile).sum() / profile.sum())
    return float(2.3548 * np.sqrt(((place - mean) ** 2 * profile).sum() / profile.sum()))


def test_a_point_source_has_the_same_sum_place_and_width() -> None:
    angles = np.array([0.0, 90.0, 180.0, 270.0, 36.0, 200.0])
    source = np.zeros((SIZE, SIZE, LENGTH), np.float32)
    source[30, 20, 8] = 1000.0
    expected = oracle(angles).forward(torch.tensor(source)).numpy()
    projector = ours(angles)
    for view, theirs in enumerate(expected):
        mine = projector.forward(source, view)
        tolerance = 0.1 if view < 4 else 4.0  # both interpolate between voxels, not alike
        assert float(mine.sum()) == pytest.approx(float(theirs.sum()), abs=tolerance)
        if view < 4:
            assert mine.argmax() == theirs.argmax()
            for axis in (0, 1):
                ours_mm, theirs_mm = fwhm_mm(mine.sum(axis=axis)), fwhm_mm(theirs.sum(axis=axis))
                assert ours_mm == pytest.approx(theirs_mm, abs=0.02)


def test_rods_and_sheets_recover_alike() -> None:
    """The same projections, OSEM 3 x 8: highest values within 4 % of PyTomography's."""
    from pytomography.algorithms import OSEM
    from pytomography.likelihoods import PoissonLogLikelihood

    angles = np.arange(32) * 360 / 32
    x, y = across()
    truth = np.zeros((SIZE, SIZE), np.float32)
    truth[np.hypot(x, y) < 85] = 0.5
    parts = {
        "rod of 20 mm": np.hypot(x - 45, y) < 10,
        "rod of 10 mm": np.hypot(x + 45, y) < 5,
        "sheet of 5 mm": (abs(x) < 25) & (abs(y - 60) < 2.5),
    }
    for part in parts.values():
        truth[part] = 6.0
    scene = np.repeat(truth[:, :, None], LENGTH, axis=2)
    projector, system = ours(angles), oracle(angles)
    counts = [100 * projector.forward(scene, view) for view in range(32)]
    nothing = [np.zeros_like(counts[0])] * 32
    everywhere = np.ones(scene.shape, bool)
    image = osem(projector, counts, nothing, everywhere, 3, 8) / 100
    theirs = OSEM(PoissonLogLikelihood(system, torch.tensor(np.stack(counts))))(3, 8).numpy() / 100
    middle = slice(4, 12)
    for name, part in parts.items():
        mine_max, their_max = image[part][:, middle].max(), theirs[part][:, middle].max()
        print(f"{name}: recovery {mine_max / 6:.3f}, PyTomography {their_max / 6:.3f}")
        assert mine_max == pytest.approx(their_max, rel=0.04), name
