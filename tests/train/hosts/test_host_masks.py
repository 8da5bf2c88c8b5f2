"""Mask operations of the host rules: sizes in mm, and borders that count as unknown."""

import numpy as np

from calciscope_train.host_masks import (
    closed,
    closed_3d,
    fill_slices,
    keep_components,
    opened,
    smoothed,
    within,
)

SPACING = np.array([1.0, 2.0, 3.0])


def test_within_measures_millimeters_in_the_slice() -> None:
    mask = np.zeros((11, 11, 3), dtype=bool)
    mask[5, 5, 1] = True
    near = within(mask, 2.0, SPACING)
    assert near[3, 5, 1] and near[5, 4, 1]
    assert not near[2, 5, 1] and not near[5, 3, 1]
    assert not near[:, :, 0].any()


def test_opening_drops_a_sheet_and_keeps_a_block() -> None:
    mask = np.zeros((40, 40, 1), dtype=bool)
    mask[:, 2] = True
    mask[10:30, 10:30] = True
    kept = opened(mask, 4.0, SPACING)
    assert not kept[:, 2].any()
    assert kept[20, 20, 0]


def test_opening_keeps_a_limb_that_the_border_cuts() -> None:
    mask = np.zeros((20, 20, 1), dtype=bool)
    mask[:, :2] = True
    assert opened(mask, 6.0, SPACING)[:, :2].all()


def test_closing_bridges_a_gap_below_twice_the_radius_only() -> None:
    mask = np.ones((30, 9, 1), dtype=bool)
    mask[8:12] = False
    mask[18:28] = False
    bridged = closed(mask, 3.0, SPACING)
    assert bridged[8:12].all()
    assert not bridged[20:26].any()


def test_closing_in_three_directions_bridges_a_missing_slice() -> None:
    mask = np.ones((9, 9, 7), dtype=bool)
    mask[:, :, 3] = False
    assert not closed(mask, 4.0, SPACING)[4, 4, 3]
    assert closed_3d(mask, 4.0, SPACING)[4, 4, 3]


def test_small_components_go_by_volume() -> None:
    mask = np.zeros((10, 10, 10), dtype=bool)
    mask[:2, 0, 0] = True
    mask[5:8, 5, 5] = True
    kept = keep_components(mask, 18.0, SPACING)
    assert kept.sum() == 3  # 3 voxels of 6 mm3; the two of 12 mm3 together are dropped


def test_marrow_that_the_border_cuts_is_filled_but_not_the_space_between_bones() -> None:
    ring = np.zeros((30, 30, 1), dtype=bool)
    x, y = np.mgrid[:30, :30]
    radius = np.hypot(x - 3, y - 15)
    ring[(radius > 7) & (radius < 10), 0] = True
    assert not fill_slices(ring)[0, 15, 0]
    assert fill_slices(ring, largest_cut=400)[0, 15, 0]
    assert not fill_slices(ring, largest_cut=50)[0, 15, 0]  # the space has about 100 voxels
    bars = np.zeros((30, 30, 1), dtype=bool)
    bars[:, 8:11] = bars[:, 20:23] = True
    assert not fill_slices(bars, largest_cut=400)[15, 15, 0]


def test_smoothing_keeps_the_mean_and_lowers_noise() -> None:
    noise = np.random.default_rng(0).normal(50, 20, (40, 40, 8)).astype(np.float32)
    quiet = smoothed(noise, SPACING)
    assert abs(float(quiet.mean()) - 50) < 1
    assert float(quiet.std()) < 10
