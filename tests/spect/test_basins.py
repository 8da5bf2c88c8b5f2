"""Basins: what climbs to which maximum, and which maxima are one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.errors import InputError
from calciscope.spect.background import regional_median
from calciscope.spect.basins import Basins, find_basins
from calciscope.spect.settings import SpectSettings

SPACING = np.array([5.0, 5.0, 5.0])


def basins_of(values: list[float], distance_mm: float = 0.0, share: float = 1.0) -> list[int]:
    """Basins of a row of voxels; those at 0 are left out."""
    row = np.array(values, np.float32).reshape(-1, 1, 1)
    found: Basins = find_basins(row, row > 0, SPACING, distance_mm, share)
    return [int(number) for number in found.basin]


def test_every_voxel_climbs_to_its_maximum() -> None:
    assert basins_of([1, 5, 3, 2, 4, 1]) == [0, 0, 0, 1, 1, 1]


def test_what_does_not_touch_is_apart() -> None:
    assert basins_of([1, 5, 0, 5, 1], distance_mm=100.0) == [0, 0, 1, 1]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1), (0.51, 2)])
def test_a_saddle_of_half_the_lower_maximum(share: float, expected: int) -> None:
    # The way from 5 to 4 passes over 2.
    assert len(set(basins_of([5, 2, 4], share=share))) == expected


@pytest.mark.parametrize(("distance_mm", "expected"), [(14.0, 2), (16.0, 1)])
def test_maxima_nearer_than_the_distance_are_one(distance_mm: float, expected: int) -> None:
    # Symmetric peaks three voxels of 5 mm apart.
    assert len(set(basins_of([1, 5, 1, 1, 5, 1], distance_mm, 2.0))) == expected


def test_equal_voxels_are_one_plateau() -> None:
    assert basins_of([3, 3, 3]) == [0, 0, 0]


def test_nothing_masked_has_no_basins() -> None:
    empty: NDArray[np.float32] = np.zeros((3, 3, 3), np.float32)
    assert find_basins(empty, empty > 0, SPACING, 15.0, 0.7).count == 0


def test_the_median_is_that_of_the_surroundings() -> None:
    values = np.ones((40, 12, 12), np.float32)
    values[20:] = 2.0
    window = np.array([8, 8, 8])
    median = regional_median(values, np.ones(values.shape, dtype=bool), window)
    assert median is not None
    np.testing.assert_allclose(median[:12], 1.0)
    np.testing.assert_allclose(median[28:], 2.0)
    # Where nothing is masked the median of all stands in, and never less than a third of it.
    mask = np.zeros(values.shape, dtype=bool)
    mask[20:] = True
    far = regional_median(values, mask, window)
    assert far is not None
    np.testing.assert_allclose(far, 2.0)
    assert regional_median(0 * values, mask, window) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"relative_threshold": 1.0},
        {"split_saddle_share": 0.0},
        {"minimum_probability": 1.1},
        {"background_factor": 1.0},
        {"region_mm": 0.0},
        {"matching_distance_mm": -1.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        SpectSettings(**wrong)
