"""Streaks of metal: dark between two implants, noisy, zero without metal, weaker when reduced."""

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.phantom.metal import MetalSettings, metal_error


def two_stems(slices: int = 3) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A disk of soft tissue of 240 mm with two metal stems of 16 mm in all slices but the last."""
    x, y = np.meshgrid(np.arange(160) - 79.5, np.arange(160) - 79.5, indexing="ij")
    image = np.full((160, 160, slices), -1000, np.float32)
    image[np.hypot(x, y) < 75] = 40
    metal = np.zeros(image.shape, np.float32)
    for center in (-40, 40):
        metal[np.hypot(x - center, y) < 5] = 1
    metal[..., -1] = 0
    image[metal > 0] = 8000
    return image, metal


def test_dark_between_two_stems_and_nothing_without() -> None:
    image, metal = two_stems()
    error = metal_error(image, metal, 1.6, MetalSettings(), np.random.default_rng(0))
    between = error[65:95, 77:83, 0]
    above = error[65:95, 20:30, 0]
    assert between.mean() < -50
    assert between.mean() < above.mean() - 50
    assert not error[..., -1].any()
    assert not error[metal > 0.5].any()


def test_fewer_photons_make_more_noise() -> None:
    image, metal = two_stems()
    few = metal_error(image, metal, 1.6, MetalSettings(photons=4e3), np.random.default_rng(0))
    many = metal_error(image, metal, 1.6, MetalSettings(photons=1e7), np.random.default_rng(0))
    again = metal_error(image, metal, 1.6, MetalSettings(photons=4e3), np.random.default_rng(1))
    assert np.std(few[..., 0] - again[..., 0]) > 5
    assert np.std(few[..., 0]) > np.std(many[..., 0])


def test_reduction_leaves_weaker_bands() -> None:
    image, metal = two_stems()
    rng = np.random.default_rng(0)
    full = metal_error(image, metal, 1.6, MetalSettings(per_mm=0.6), rng)
    reduced = metal_error(image, metal, 1.6, MetalSettings(per_mm=0.6, reduced=True), rng)
    assert 0 < reduced.std() < 0.5 * full.std()


def test_no_metal_no_error() -> None:
    image = np.full((40, 40, 2), 40, np.float32)
    error = metal_error(image, np.zeros_like(image), 1.0, MetalSettings(), np.random.default_rng(0))
    assert error == pytest.approx(0)
