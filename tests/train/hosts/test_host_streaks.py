"""Streaks of inserted metal: where they are, how deep, and that no two slices are the same."""

import numpy as np

from calciscope_train.host_streaks import streaks

SPACING_MM = np.array([1.0, 1.0, 3.0])


def _metal() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    metal = np.zeros((101, 101, 5), np.float32)
    metal[48:53, 48:53, 1:4] = 5000
    return metal


def test_only_slices_with_metal_have_streaks_and_each_its_own() -> None:
    fans = streaks(_metal(), SPACING_MM, 100.0, np.random.default_rng(0))
    assert not fans[:, :, [0, 4]].any()
    assert 0.15 < np.corrcoef(fans[:, :, 1].ravel(), fans[:, :, 2].ravel())[0, 1] < 0.95


def test_streaks_are_as_deep_as_asked_and_fade() -> None:
    fans = streaks(_metal(), SPACING_MM, 100.0, np.random.default_rng(0))[:, :, 2]
    x, y = np.indices(fans.shape) - 50
    radius = np.hypot(x, y)
    near, far = fans[(radius > 6) & (radius < 10)], fans[radius > 45]
    assert 40 < near.std() < 160
    assert far.std() < 0.4 * near.std()
    assert near.min() < -40 and near.max() > 40


def test_without_metal_there_are_none() -> None:
    soft = np.full((20, 20, 3), 400, np.float32)
    assert not streaks(soft, SPACING_MM, 100.0, np.random.default_rng(0)).any()
