"""Figures of a hot spot against values computed by hand."""

import numpy as np
import pytest

from calciscope.spect.uptake import measure_uptake, sphere_peak, sphere_radius_mm
from calciscope.volume import Volume


def image(spacing: float = 5.0) -> Volume:
    return Volume.from_spacing(np.zeros((20, 20, 20), np.float32), (spacing,) * 3, (-50.0, 10.0, 7))


def test_figures_of_a_row_of_voxels() -> None:
    volume = image()
    volume.array[4:8, 5, 6] = [2.0, 8.0, 4.0, 2.0]
    found = measure_uptake(volume, np.argwhere(volume.array > 0))
    assert found.highest == 8.0
    assert found.mean == 4.0
    # Four voxels of 0.125 mL; SUV 4 times 0.5 mL.
    assert (found.volume_ml, found.total) == pytest.approx((0.5, 2.0))
    np.testing.assert_allclose(found.peak_lps_mm, (-50 + 5 * 5, 10 + 5 * 5, 7 + 6 * 5))
    np.testing.assert_allclose(found.shape.centroid_lps_mm, (-50 + 5.5 * 5, 35, 37))
    assert found.shape.longest_diameter_mm == pytest.approx(20.0)
    assert found.shape.linearity == pytest.approx(1.0)


def test_the_sphere_has_one_milliliter() -> None:
    assert sphere_radius_mm(1.0) == pytest.approx(6.2035, abs=1e-4)


def test_peak_of_even_uptake_is_that_uptake() -> None:
    volume = image()
    assert sphere_peak(volume.with_array(volume.array + 3), np.array([10, 10, 10])) == 3.0


def test_peak_moves_to_where_the_mean_is_highest() -> None:
    """A voxel of 6 at the edge of a plateau of 5: a sphere within the plateau still holds it."""
    volume = image()
    volume.array[10:, :, :] = 5.0
    volume.array[10, 10, 10] = 6.0
    peak = sphere_peak(volume, np.array([10, 10, 10]))
    centered = 0.5 * 5.0
    assert 4.8 < peak < 5.4
    assert peak > centered


def test_peak_of_a_hot_voxel_is_far_below_it() -> None:
    volume = image()
    volume.array[10, 10, 10] = 8.0
    # Read linearly the voxel weighs 8 x 0.125 mL in all; a 1 mL sphere holds nearly all of it.
    assert sphere_peak(volume, np.array([10, 10, 10])) == pytest.approx(1.0, rel=0.15)
