"""The projector: adjoint, sums, widths and directions of a point source."""

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.phantom.spect.cameras import collimator
from calciscope.phantom.spect.projector import Camera, Projector, gaussian_matrix, turning_matrix

VOXEL_MM = 2.4


def camera(angles_deg: list[float], radius_mm: float = 150.0, blurs: bool = True) -> Camera:
    angles = np.deg2rad(angles_deg)
    return Camera(
        collimator("symbia_lehr") if blurs else None,
        VOXEL_MM,
        angles,
        np.full(len(angles), radius_mm),
    )


def point(size: int, length: int, index: tuple[int, int, int]) -> NDArray[np.float32]:
    image = np.zeros((size, size, length), np.float32)
    image[index] = 1000.0
    return image


def fwhm_mm(profile: NDArray[np.float32]) -> float:
    """Of a Gaussian with the variance of a profile."""
    place = np.arange(len(profile)) * VOXEL_MM
    mean = float((place * profile).sum() / profile.sum())
    return float(2.3548 * np.sqrt(((place - mean) ** 2 * profile).sum() / profile.sum()))


@pytest.mark.parametrize("slab", [1, 2])
@pytest.mark.parametrize("blurs", [True, False])
def test_back_projection_is_the_transpose_of_projection(slab: int, blurs: bool) -> None:
    rng = np.random.default_rng(1)
    mu = rng.uniform(0, 0.02, (24, 24, 10)).astype(np.float32)
    projector = Projector(camera([0, 37, 180, 290], blurs=blurs), mu, slab=slab)
    image = rng.uniform(size=mu.shape).astype(np.float32)
    view = rng.uniform(size=(24, 10)).astype(np.float32)
    for n in range(4):
        there = np.vdot(projector.forward(image, n).astype(float), view)
        back = np.vdot(image.astype(float), projector.backward(view, n))
        assert there == pytest.approx(back, rel=1e-5)


@pytest.mark.parametrize("depth_mm", [50.0, 100.0, 200.0])
def test_a_point_is_as_wide_as_the_collimator_says(depth_mm: float) -> None:
    air = np.zeros((61, 61, 61), np.float32)
    projector = Projector(camera([0], radius_mm=depth_mm), air)
    view = projector.forward(point(61, 61, (30, 30, 30)), 0)
    expected = 2.3548 * float(collimator("symbia_lehr").sigma_mm(np.array([depth_mm]))[0])
    assert view.sum() == pytest.approx(1000, rel=1e-3)
    # Distances are taken in steps of a quarter of a voxel: at most 0.3 mm off, 0.015 mm of FWHM.
    assert fwhm_mm(view.sum(axis=1)) == pytest.approx(expected, abs=0.06)
    assert fwhm_mm(view.sum(axis=0)) == pytest.approx(expected, abs=0.06)


def test_water_between_point_and_camera_attenuates() -> None:
    water = np.full((41, 41, 5), 0.01538, np.float32)
    projector = Projector(camera([0, 180], blurs=False), water)
    source = point(41, 5, (20, 10, 2))
    front, back = (float(projector.forward(source, view).sum()) for view in (0, 1))
    # The point lies 10 voxels and a half under the front of 41 planes.
    assert front == pytest.approx(1000 * np.exp(-0.01538 * 10.5 * VOXEL_MM), rel=1e-4)
    assert back == pytest.approx(1000 * np.exp(-0.01538 * 30.5 * VOXEL_MM), rel=1e-4)


def test_views_look_from_where_they_say() -> None:
    """x grows to the left, y to the back: front, left, back and right of the patient."""
    air = np.zeros((41, 41, 3), np.float32)
    projector = Projector(camera([0, 90, 180, 270], blurs=False), air)
    source = point(41, 3, (30, 24, 1))  # 10 to the left and 4 to the back of the middle
    across = [int(projector.forward(source, view).sum(axis=1).argmax()) - 20 for view in range(4)]
    # From the front left is at +; from the left the back is at +; then mirrored.
    assert across == [10, 4, -10, -4]


def test_narrow_blur_keeps_its_variance() -> None:
    for sigma in (0.3, 0.6, 0.9, 2.0):
        row = gaussian_matrix(41, sigma)[20].astype(float)
        offset = np.arange(41) - 20
        assert row.sum() == pytest.approx(1, abs=1e-5)
        assert (row * offset**2).sum() == pytest.approx(sigma**2, rel=0.012)


def test_turning_by_nothing_is_a_flip_to_the_camera() -> None:
    image = np.arange(9.0).reshape(3, 3).astype(np.float32)
    turned = (turning_matrix(3, 0.0) @ image.ravel()).reshape(3, 3)
    # w runs to -y: row w holds y = 2 - w, for all x.
    np.testing.assert_allclose(turned, image.T[::-1])
