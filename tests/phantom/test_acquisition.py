"""Simulated CT: HU by the physics, blur, slice profile, noise, artifacts and truth."""

import numpy as np
import pytest

from calciscope.labels import IGNORE, Label
from calciscope.phantom.acquisition import Protocol, acquire, slice_weights
from calciscope.phantom.artifacts import (
    beam_hardening,
    coloured_noise,
    metal_streaks,
    truncate,
)
from calciscope.phantom.limb_drawing import Canvas
from calciscope.phantom.mineral import Deposit, Lesion
from calciscope.phantom.projection import dense_line_error
from calciscope.phantom.shapes import Capsule, Ellipsoid
from calciscope.volume import Volume

QUIET = Protocol(noise_hu=0.0, beam_hardening_hu=0.0)


def muscle_block(hu: float = 43.0) -> Canvas:
    """A block of muscle 60 x 60 x 60 mm, planes of 1.25 mm, the origin at its middle."""
    grid = Volume.from_spacing(np.zeros((60, 60, 48), np.uint8), (1, 1, 1.25), (-29.5, -29.5, -30))
    canvas = Canvas.blank(grid)
    canvas.hu[:] = hu
    canvas.tissues[:] = Label.MUSCLE
    return canvas


def scan(deposit: Deposit, protocol: Protocol = QUIET, kind: str = "C3"):  # type: ignore[no-untyped-def]
    lesion = Lesion(kind, "muscle", (deposit,))
    return acquire(muscle_block(), [lesion], protocol, np.random.default_rng(0))


@pytest.mark.parametrize(("kvp", "expected"), [(120.0, 494.0), (130.0, 470.0)])
def test_a_large_rod_reaches_the_hu_of_the_physics(kvp: float, expected: float) -> None:
    # 350 mg/mL in muscle: 494 HU at 120 kVp; the contrast is 0.947 times that at 130 kVp.
    rod = Capsule.along(np.zeros(3), np.array([0.0, 0, 1]), 40.0, 20.0)
    result = scan(Deposit(rod, 350.0), Protocol(kvp=kvp, noise_hu=0, beam_hardening_hu=0))
    assert result.ct.array.max() == pytest.approx(expected, rel=0.02)


def test_the_point_spread_has_the_wanted_width() -> None:
    # A rod of radius 0.5 along z, seen at places all over a pixel: the mean variance of its image
    # along x is that of a disk, r^2 / 4, plus that of a Gaussian of FWHM 1.2 mm (sigma 0.51).
    places = np.arange(-29.5, 30, 1.0)
    variances = []
    for shift in np.arange(0, 1, 0.125):
        rod = Capsule.along(np.array([shift, 0.3, 0.0]), np.array([0.0, 0, 1]), 40.0, 1.0)
        image = scan(Deposit(rod, 1500.0)).ct.array[:, :, 12].sum(axis=1) - 43.0 * 60
        center = (places * image).sum() / image.sum()
        variances.append(((places - center) ** 2 * image).sum() / image.sum())
    assert np.mean(variances) == pytest.approx(0.5**2 / 4 + (1.2 / 2.3548) ** 2, rel=0.1)


def test_mass_survives_the_blur() -> None:
    ball = Ellipsoid.sphere(np.array([0.3, 0.1, 0.7]), 6.0)
    result = scan(Deposit(ball, 400.0))
    excess = result.ct.array.astype(float) - 43
    slope = 1.30 - 43 / 3160
    mass_mg = excess.sum() / slope * result.ct.voxel_volume_mm3 / 1000
    assert mass_mg == pytest.approx(ball.volume_mm3 * 0.4, rel=0.04)


def test_truth_has_about_the_volume_of_a_solid_lesion() -> None:
    ball = Ellipsoid.sphere(np.zeros(3), 12.0)
    result = scan(Deposit(ball, 400.0))
    voxels = np.count_nonzero(result.labels.array == Label.CALCIFICATION)
    assert voxels * result.ct.voxel_volume_mm3 == pytest.approx(ball.volume_mm3, rel=0.12)
    row = result.lesions[0]
    assert row["voxels"] == voxels
    assert row["visible"] is True
    assert result.labels.array[tuple(row["center_index"])] == Label.CALCIFICATION
    assert row["volume_mm3"] == pytest.approx(905, abs=1)


def test_an_invisible_focus_is_ignored() -> None:
    result = scan(Deposit(Ellipsoid.sphere(np.zeros(3), 2.5), 60.0))
    assert not (result.labels.array == Label.CALCIFICATION).any()
    assert (result.labels.array == IGNORE).any()
    assert result.lesions[0]["visible"] is False


@pytest.mark.parametrize(
    ("kind", "label"), [("V2", Label.VASCULAR), ("J1", Label.BONE), ("X3", Label.FOREIGN)]
)
def test_confounders_get_their_own_label(kind: str, label: Label) -> None:
    result = scan(Deposit(Ellipsoid.sphere(np.zeros(3), 8.0), 300.0), kind=kind)
    assert (result.labels.array == label).any()
    assert not (result.labels.array == Label.CALCIFICATION).any()


def test_slices_are_where_they_say() -> None:
    # A thin plane of mineral at z = 5: the slice nearest to it must be the brightest.
    disk = Ellipsoid(np.array([0.0, 0.0, 5.0]), np.array([15.0, 15.0, 1.0]), np.eye(3))
    result = scan(Deposit(disk, 500.0))
    brightest = int(np.argmax(result.ct.array.sum(axis=(0, 1))))
    assert result.ct.lps_mm([0, 0, brightest])[2] == pytest.approx(5.0, abs=1.26)


def test_slice_weights_average_over_the_thickness() -> None:
    weights, centers = slice_weights(40, 1.0, Protocol(slice_mm=5.0, increment_mm=2.5))
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(weights)))
    assert np.diff(centers) == pytest.approx(2.5)
    # Five planes hold nearly everything of a 5 mm slice.
    assert np.sort(weights[4])[::-1][:6].sum() > 0.95


def test_noise_has_the_wanted_strength_and_color() -> None:
    noise = coloured_noise((128, 128, 4), 1.0, 0.3, 14.0, np.random.default_rng(1))
    assert noise.std() == pytest.approx(14.0, rel=0.01)
    power = (np.abs(np.fft.fft2(noise, axes=(0, 1))) ** 2).mean(axis=2)
    f = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None, :])
    # Little power at low frequencies, most near the peak: CT noise is not white.
    at_peak = power[(f > 0.25) & (f < 0.35)].mean()
    assert power[(f > 0) & (f < 0.05)].mean() < 0.3 * at_peak
    assert power[f > 0.65].mean() < 0.6 * at_peak


def test_dark_band_between_two_bones() -> None:
    image = np.full((120, 80, 3), 40.0, np.float32)
    labels = np.full(image.shape, Label.MUSCLE, np.uint8)
    image[25:40, 32:48] = 1400
    image[80:95, 32:48] = 1400
    field = beam_hardening(image, labels, 25.0)
    between = field[50:70, 36:44].mean()
    elsewhere = field[50:70, 4:12].mean()
    assert between < -3
    assert between < elsewhere - 3
    assert beam_hardening(image, labels, 0.0).any() == np.False_


def test_error_sinogram_is_zero_without_dense_matter() -> None:
    assert dense_line_error(np.zeros((32, 32, 2), np.float32)) == pytest.approx(0)


def test_metal_makes_streaks_both_dark_and_bright() -> None:
    image = np.full((100, 100, 2), 40.0, np.float32)
    image[30:34, 50:54] = 6000
    image[66:70, 48:52] = 6000
    streaks = metal_streaks(image, 200.0)
    assert streaks.min() < -100
    assert streaks.max() > 10
    assert not metal_streaks(np.full((50, 50, 2), 40.0, np.float32), 200.0).any()


def test_truncation_cuts_to_a_circle_with_a_bright_rim() -> None:
    image = np.full((100, 100, 1), 40.0, np.float32)
    labels = np.full(image.shape, Label.MUSCLE, np.uint8)
    truncate(image, labels, np.array([1.0, 1.0, 1.0]), 80.0)
    assert image[0, 0, 0] == -1024
    assert labels[0, 0, 0] == Label.BACKGROUND
    assert image[50, 12, 0] > 100
    assert labels[50, 11, 0] == IGNORE
    assert image[50, 50, 0] == pytest.approx(40)


def test_the_same_seed_gives_the_same_scan() -> None:
    deposit = Deposit(Ellipsoid.sphere(np.zeros(3), 5.0), 300.0)
    noisy = Protocol(noise_hu=20.0)
    assert (scan(deposit, noisy).ct.array == scan(deposit, noisy).ct.array).all()
