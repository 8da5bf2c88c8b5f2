"""Simulated scans: quantity, recovery, side and noise."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.phantom.spect import SpectProtocol, acquire_spect, planar_views
from calciscope.phantom.spect.protocol import random_spect_protocol
from calciscope.volume import Volume

QUIET = SpectProtocol(seconds_per_view=2000.0, views=32, iterations=4, subsets=8, filter_mm=0.0)
SHORT = replace(QUIET, seconds_per_view=15.0, iterations=2)


def cylinder(
    radius_mm: float = 60.0, length: int = 40, center_mm: tuple[float, float] = (0.0, 0.0)
) -> tuple[Volume, Volume]:
    """A cylinder of water at SUV 1 in air: activity on 2.4 mm voxels, and its CT."""
    size = 64
    grid = Volume.from_spacing(
        np.zeros((size, size, length), np.float32), (2.4,) * 3, (-75.6, -75.6, 0.0)
    )
    x, y = np.meshgrid(*(grid.affine[a, 3] + 2.4 * np.arange(size) for a in (0, 1)), indexing="ij")
    inside = np.hypot(x - center_mm[0], y - center_mm[1]) < radius_mm
    flat = np.broadcast_to(inside[:, :, None], grid.shape)
    return grid.with_array(flat.astype(np.float32)), grid.with_array(
        np.where(flat, 0.0, -1000.0).astype(np.float32)
    )


def test_suv_of_a_large_uniform_body_is_what_it_is() -> None:
    activity, ct = cylinder()
    scan = acquire_spect(activity, ct, QUIET, np.random.default_rng(0))
    middle = scan.image.array[13:19, 13:19, 6:14]
    assert float(middle.mean()) == pytest.approx(1.0, abs=0.04)


def test_left_stays_left_back_stays_back_and_up_stays_up() -> None:
    activity, ct = cylinder()
    hot = np.array([36.0, 24.0, 60.0])
    index = np.rint(activity.index(hot)).astype(int)
    activity.array[tuple(slice(i - 2, i + 3) for i in index)] = 30.0
    image = acquire_spect(activity, ct, QUIET, np.random.default_rng(0)).image
    peak = np.unravel_index(int(image.array.argmax()), image.shape)
    np.testing.assert_allclose(image.lps_mm(peak), hot, atol=4.0)
    views = planar_views(activity, ct, QUIET, np.random.default_rng(0))
    middle = 0.5 * (views.anterior.shape[0] - 1)
    # From the front the patient's left is on the right; from behind it is on the left.
    assert int(views.anterior.sum(axis=1).argmax()) > middle
    assert int(views.posterior.sum(axis=1).argmax()) < middle


def test_recovery_grows_with_size_as_table_5_3_of_the_domain_has_it() -> None:
    """Rods of 5, 10 and 20 mm at SUV 6 in 0.5: about 0.25, 0.6 and 1 at an 8 mm filter."""
    found = []
    for diameter in (5.0, 10.0, 20.0):
        grid, ct = cylinder()
        x, y = np.meshgrid(*(grid.affine[a, 3] + 2.4 * np.arange(64) for a in (0, 1)),
                           indexing="ij")  # fmt: skip
        # Area weights at the rod's edge: a 5 mm rod is two voxels wide.
        depth = diameter / 2 - np.hypot(x - 15, y - 10)
        share = np.clip(0.5 + depth / 2.4, 0, 1)[:, :, None]
        values = 0.5 * grid.array
        activity = grid.with_array((values + share * (6.0 - values)).astype(np.float32))
        protocol = replace(QUIET, iterations=3, filter_mm=8.0)
        image = acquire_spect(activity, ct, protocol, np.random.default_rng(0)).image
        found.append(float(image.array[:, :, 6:14].max()) / 6.0)
    assert 0.15 < found[0] < 0.4
    assert 0.45 < found[1] < 0.75
    assert 0.85 < found[2] < 1.3


def test_fewer_counts_are_noisier() -> None:
    activity, ct = cylinder()
    spread = []
    for seconds in (3.0, 300.0):
        protocol = replace(SHORT, seconds_per_view=seconds, filter_mm=6.0)
        image = acquire_spect(activity, ct, protocol, np.random.default_rng(0)).image
        spread.append(float(image.array[11:21, 11:21, 4:16].std()))
    assert spread[0] > 3 * spread[1]


def test_counts_follow_dose_decay_and_time() -> None:
    # 740 MBq, 3 h, 70 kg: SUV 1 is 7.5 kBq/mL (domain figures 5.1); 91 cps/MBq for 15 s.
    protocol = SpectProtocol()
    assert protocol.bq_per_ml_of_suv == pytest.approx(7484, rel=0.002)
    assert protocol.counts_per_suv_ml == pytest.approx(7484e-6 * 91 * 15, rel=0.002)


def test_a_patient_who_moved_is_attenuated_where_he_lies() -> None:
    activity, ct_there = cylinder(center_mm=(10.0, 0.0))
    _, ct_before = cylinder(center_mm=(-10.0, 0.0))
    moved = np.eye(4)
    moved[0, 3] = 20.0
    counts = [
        acquire_spect(activity, ct, SHORT, np.random.default_rng(0), by).counts
        for ct, by in ((ct_there, None), (ct_before, moved), (ct_before, None))
    ]
    assert counts[1] == pytest.approx(counts[0], rel=2e-3)
    # Attenuated where he lay before, he would lose other counts.
    assert abs(counts[2] / counts[0] - 1) > 0.01


def test_the_same_seed_makes_the_same_scan() -> None:
    activity, ct = cylinder(length=12)
    scans = [acquire_spect(activity, ct, SHORT, np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(scans[0].image.array, scans[1].image.array)


def test_views_that_do_not_part_are_refused() -> None:
    with pytest.raises(PhantomError, match="60 views cannot be parted into 7"):
        SpectProtocol(subsets=7)


@pytest.mark.parametrize("settings", ["training", "held_out"])
def test_random_protocols_are_sound_and_repeat(settings: str) -> None:
    drawn = [random_spect_protocol(np.random.default_rng(n), settings) for n in range(40)]
    assert drawn == [random_spect_protocol(np.random.default_rng(n), settings) for n in range(40)]
    assert len({protocol.collimator for protocol in drawn}) >= 2
    with pytest.raises(PhantomError, match="no SPECT settings"):
        random_spect_protocol(np.random.default_rng(0), "unknown")
