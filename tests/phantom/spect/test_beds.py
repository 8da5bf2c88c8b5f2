"""Bed positions: where they lie, how they are stitched, and that counts are kept."""

import numpy as np
import pytest

from calciscope.errors import PhantomError
from calciscope.phantom.spect import SpectProtocol
from calciscope.phantom.spect.beds import bed_planes, scan_beds, stitch
from calciscope.volume import Volume


def test_one_bed_where_the_field_is_long_enough() -> None:
    """400 mm hold 83 planes of 4.8 mm."""
    assert bed_planes(83, 4.8) == [(0, 83)]


def test_as_few_beds_as_cover_all() -> None:
    """Two beds of 83 reach 159 planes with 7 shared (33.6 mm); 152 share 14, 161 take three."""
    assert bed_planes(152, 4.8) == [(0, 83), (69, 152)]
    assert bed_planes(159, 4.8) == [(0, 83), (76, 159)]
    assert bed_planes(161, 4.8) == [(0, 83), (39, 122), (78, 161)]


def test_stitching_blends_linearly() -> None:
    """Beds of 1 and 3, four planes shared: weights 1/8, 3/8, 5/8, 7/8 of the second."""
    beds = [
        Volume.from_spacing(np.full((2, 2, 6), value, np.float32), (4.8,) * 3, (0, 0, z))
        for value, z in ((1.0, 0.0), (3.0, 9.6))
    ]
    image = stitch(beds, [(0, 6), (2, 8)])
    expected = [1, 1, 1.25, 1.75, 2.25, 2.75, 3, 3]
    assert image.array[0, 1] == pytest.approx(expected)
    assert image.affine == pytest.approx(beds[0].affine)


@pytest.mark.slow
def test_two_beds_show_what_one_long_bed_would() -> None:
    """A rod of water along the axis with SUV 2: its mean is kept at the seam of the beds."""
    shape = (40, 40, 200)
    x, y = np.ogrid[:40, :40]
    rod = (x - 19.5) ** 2 + (y - 19.5) ** 2 < 12**2
    grid = Volume.from_spacing(np.zeros(shape, np.uint8), (2.4,) * 3, (-46.8, -46.8, -240))
    activity = grid.with_array(
        np.where(rod[:, :, None], np.float32(2), np.float32(0)) * np.ones(shape, np.float32)
    )
    ct = grid.with_array(np.where(activity.array > 0, 0, -1000).astype(np.int16))
    protocol = SpectProtocol(views=30, iterations=2, seconds_per_view=200)
    image = scan_beds(activity, ct, protocol, np.random.default_rng(3))
    assert image.shape[2] == 100
    assert image.lps_mm([0, 0, 0])[2] == pytest.approx(-240 + 1.2)
    middle = image.shape[0] // 2
    along = image.array[middle - 2 : middle + 2, middle - 2 : middle + 2].mean(axis=(0, 1))
    assert along[8:-8] == pytest.approx(2.0, rel=0.2)
    # Planes 17 to 83 are in both beds.
    assert along[15:85].mean() == pytest.approx(2.0, rel=0.06)
    again = scan_beds(activity, ct, protocol, np.random.default_rng(3))
    assert np.array_equal(again.array, image.array)


def test_voxels_that_do_not_fit_are_refused() -> None:
    activity = Volume.from_spacing(np.zeros((8, 8, 8), np.float32), (2.4,) * 3)
    with pytest.raises(PhantomError, match="no whole number of voxels"):
        scan_beds(activity, activity, SpectProtocol(voxel_mm=4.42), np.random.default_rng(0))
