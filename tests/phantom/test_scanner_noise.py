"""Noise follows the photons that are left: most in thick places, streaks between two legs."""

import numpy as np
import pytest

from calciscope.phantom.scanner_noise import attenuation_gains, directional_noise


def two_legs() -> np.ndarray:  # type: ignore[type-arg]
    x, y = np.meshgrid(np.arange(160) - 79.5, np.arange(120) - 59.5, indexing="ij")
    image = np.full((160, 120, 6), -1000, np.float32)
    for center in (-40, 40):
        image[np.hypot(x - center, y) < 34] = 50
    return image


def test_strength_and_repeatability() -> None:
    image = two_legs()
    first = directional_noise(image, image > 0, 2.0, 0.2, 20.0, np.random.default_rng(1))
    assert first[image > 0].std() == pytest.approx(20, rel=0.01)
    again = directional_noise(image, image > 0, 2.0, 0.2, 20.0, np.random.default_rng(1))
    assert (first == again).all()


def test_streaks_run_from_leg_to_leg() -> None:
    image = two_legs()
    noise = directional_noise(image, image > 0, 2.0, 0.2, 20.0, np.random.default_rng(1))
    part = noise[60:100, 45:75]
    # Rays along x pass both legs: the noise changes fast along y and slowly along x.
    along_x, along_y = np.diff(part, axis=0).std(), np.diff(part, axis=1).std()
    assert along_y > 1.15 * along_x


def test_gains_are_even_in_air_and_larger_behind_matter() -> None:
    air = attenuation_gains(np.full((64, 64, 2), -1000, np.float32), 2.0)
    assert all(np.ptp(gain[8:-8, 8:-8]) < 0.2 for gain in air)
    legs = attenuation_gains(two_legs(), 2.0)
    # Sector 2: views whose detectors lie along y, whose rays run along x.
    assert legs[2][80, 60, 0] > 1.5 * legs[2][80, 4, 0]
    assert legs[2][80, 60, 0] > legs[0][80, 60, 0]
