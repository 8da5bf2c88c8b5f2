"""What noise does to a mass: stated from one image, seen as the spread over many."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from calciscope.ct.lesions import find_lesions
from calciscope.ct.mass_uncertainty import MOST_VOXELS, combined_mg, sum_noise
from calciscope.ct.mineral_mass import background_hu, measure_mineral
from calciscope.ct.neighborhood import study_surroundings
from calciscope.ct.settings import MeasurementSettings
from calciscope.phantom.artifacts import coloured_noise
from calciscope.volume import Volume

SETTINGS = MeasurementSettings(minimum_volume_mm3=0, minimum_voxels=1)
SPACING = (0.98, 0.98, 2.5)
NOISE_HU = 20.0
IMAGES = 80


def ellipsoid(half_mm: tuple[float, float, float]) -> np.ndarray:
    counts = [int((2 * half + 24) / s) for half, s in zip(half_mm, SPACING, strict=True)]
    axes = [
        ((np.arange(n) - (n - 1) / 2) * s / half) ** 2
        for n, s, half in zip(counts, SPACING, half_mm, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    return np.asarray(x + y + z <= 1)


@pytest.mark.parametrize("peak_lp_mm", [None, 0.3, 0.65], ids=["white", "soft", "sharp"])
@pytest.mark.parametrize(
    "half_mm", [(2.0, 2.0, 6.0), (9.0, 2.0, 6.0), (8.0, 8.0, 8.0)], ids=["rod", "sheet", "mass"]
)
def test_the_spread_over_many_images_is_what_each_of_them_states(
    segment: Callable[..., object],
    half_mm: tuple[float, float, float],
    peak_lp_mm: float | None,
) -> None:
    mask = ellipsoid(half_mm)
    labels = np.where(mask, np.uint8(6), np.uint8(2))
    rng = np.random.default_rng(7)
    masses, stated = [], []
    for _ in range(IMAGES):
        noise = (
            rng.normal(0, NOISE_HU, mask.shape)
            if peak_lp_mm is None
            else coloured_noise(mask.shape, SPACING[0], peak_lp_mm, NOISE_HU, rng)
        )
        ct = Volume.from_spacing(np.where(mask, 500.0, 50.0) + noise, SPACING)
        lesions = find_lesions(ct.with_array(mask), SETTINGS)
        near = study_surroundings(ct, segment(ct, labels), lesions, labels == 3).neighborhood(1, 6)
        found = measure_mineral(near, background_hu(near, 120.0, SETTINGS), 0.7675, SETTINGS)
        masses.append(found.ha_mass_mg)
        stated.append(found.noise_mg)
    # 80 images know their SD within 8 %.
    assert np.mean(stated) == pytest.approx(np.std(masses, ddof=1), rel=0.25)
    # One image alone is not far off either.
    assert np.std(stated) < 0.35 * np.mean(stated)


def test_independent_voxels_by_hand() -> None:
    """Of white noise of 10 HU: 100 N for the sum, pi / 2 100 / M for a median of M voxels."""
    rng = np.random.default_rng(1)
    residual = rng.normal(0, 10.0, (40, 40, 40))
    sample = np.zeros(residual.shape, bool)
    sample[:, :, 20:] = True
    territory = np.zeros(residual.shape, bool)
    territory[10:16, 10:16, 5:8] = True
    noise = sum_noise(residual, sample, territory, 10.0, np.array([3.0, 3.0, 3.0]))
    assert noise.sum_hu2 == pytest.approx(100 * 108, rel=0.1)
    assert noise.background_hu2 == pytest.approx(0.5 * np.pi * 100 / 32000, rel=0.3)
    # 108 voxels of 0.01 mg at 1 HU, both parts in quadrature.
    expected = 0.01 * math.sqrt(noise.sum_hu2 + 108**2 * noise.background_hu2)
    assert noise.mass_mg(108, 0.01) == pytest.approx(expected)


def test_voxels_that_vary_in_pairs_weigh_twice() -> None:
    rng = np.random.default_rng(2)
    residual = rng.normal(0, 10.0, (30, 30, 30)).repeat(2, axis=0)
    sample = np.ones(residual.shape, bool)
    sample[20:40] = False
    territory = ~sample
    territory[:, 10:] = False
    noise = sum_noise(residual, sample, territory, 10.0, np.array([2.0, 4.0, 4.0]))
    count = int(territory.sum())
    assert noise.sum_hu2 == pytest.approx(2 * 100 * count, rel=0.15)


def test_a_vessel_in_the_background_is_not_noise() -> None:
    rng = np.random.default_rng(3)
    residual = rng.normal(0, 10.0, (30, 30, 20))
    sample = np.ones(residual.shape, bool)
    territory = np.zeros(residual.shape, bool)
    territory[10:14, 10:14, 8:12] = True
    sample &= ~territory
    plain = sum_noise(residual, sample, territory, 10.0, np.array([2.0, 2.0, 2.0])).sum_hu2
    residual[25, 25] = 300.0
    with_vessel = sum_noise(residual, sample, territory, 10.0, np.array([2.0, 2.0, 2.0])).sum_hu2
    assert with_vessel < 1.3 * plain


def test_without_background_every_voxel_and_the_background_are_uncertain() -> None:
    none = np.zeros((3, 3, 3), bool)
    noise = sum_noise(np.zeros((3, 3, 3)), none, ~none, 20.0, np.ones(3))
    assert noise.sum_hu2 == 27 * 400
    assert noise.background_hu2 == 400


def test_a_huge_neighborhood_is_looked_at_in_its_middle() -> None:
    rng = np.random.default_rng(4)
    residual = rng.normal(0, 10.0, (200, 200, 100))
    assert residual.size > MOST_VOXELS
    territory = np.zeros(residual.shape, bool)
    territory[:, 80:120] = True
    noise = sum_noise(residual, ~territory, territory, 10.0, np.array([3.0, 3.0, 3.0]))
    assert noise.sum_hu2 == pytest.approx(100 * territory.sum(), rel=0.15)


def test_calibration_comes_in_quadrature() -> None:
    # 12 % of 100 mg, and 5 mg of noise: 12, 5, 13.
    assert combined_mg(100.0, 5.0) == pytest.approx(13.0)
    assert combined_mg(0.0, 5.0) == 5.0


def test_a_large_mass_has_the_noise_of_its_shell() -> None:
    """65 mm of mineral: the background is a shell, of which the middle of all holds nothing.

    White noise of 10 HU: N voxels vary by N x 100, the background by pi / 2 x 100 / M.
    """
    territory = np.zeros((160, 160, 160), bool)
    territory[15:145, 15:145, 15:145] = True
    sample = np.zeros_like(territory)
    sample[5:155, 5:155, 5:155] = True
    sample &= ~territory
    residual = np.random.default_rng(3).normal(0.0, 10.0, territory.shape)
    noise = sum_noise(residual, sample, territory, 10.0, np.array([2.5, 2.5, 2.5]))
    assert noise.sum_hu2 == pytest.approx(130**3 * 100.0, rel=0.25)
    assert 0.0 < noise.background_hu2 < 0.01
