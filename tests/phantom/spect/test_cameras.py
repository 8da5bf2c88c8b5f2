"""Collimators and attenuation against the figures they come from."""

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.phantom.spect.cameras import (
    SIGMA_PER_FWHM,
    attenuation_per_mm,
    collimator,
    decay_factor,
)


def test_the_lehr_collimator_has_the_published_resolution() -> None:
    sigma = collimator("symbia_lehr").sigma_mm(np.array([0.0, 50, 100, 150, 200, 250]))
    # Domain figures 5.1, computed from the SIMIND table.
    expected = [3.95, 5.15, 7.0, 9.1, 11.3, 13.5]
    np.testing.assert_allclose(sigma / SIGMA_PER_FWHM, expected, rtol=0.012)


def test_an_unknown_collimator_names_the_known_ones() -> None:
    with pytest.raises(PhantomError, match=r"no collimator 'mega'.*symbia_lehr"):
        collimator("mega")


def test_attenuation_of_water_fat_and_bone() -> None:
    mu = 10 * attenuation_per_mm(np.array([-1000.0, -100.0, 0.0, 50.0, 1300.0]), 120)
    # 0.1538 + 1.64e-4 x (-100) = 0.1374; 0.1538 + 1.04e-4 x 1300 = 0.289. Air comes out below 0.
    np.testing.assert_allclose(mu, [0.0, 0.1374, 0.1538, 0.159, 0.289], atol=1e-5)


def test_slope_of_bone_depends_on_the_tube_voltage() -> None:
    low, high = (10 * float(attenuation_per_mm(np.array([1000.0]), kvp)[0]) for kvp in (80, 140))
    assert low == pytest.approx(0.1538 + 0.076, abs=1e-5)
    assert high == pytest.approx(0.1538 + 0.113, abs=1e-5)


def test_half_is_left_after_a_half_life() -> None:
    assert decay_factor(6.02) == pytest.approx(0.5)
    assert decay_factor(12.04) == pytest.approx(0.25)
