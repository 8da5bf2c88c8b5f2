"""Thinned masks keep their place in the world."""

import numpy as np

from calciscope.ct.coarse import thinned
from calciscope.volume import Volume


def test_every_few_voxels_are_kept_in_place() -> None:
    mask = np.zeros((20, 20, 10), bool)
    mask[8, 12, 4] = True
    volume = Volume.from_spacing(mask, (1, 1, 2.5), (-10, 5, 100))
    coarse = thinned(volume, (4.0, 4.0, 5.0))
    assert coarse.shape == (5, 5, 5)
    assert coarse.array[2, 3, 2]
    np.testing.assert_allclose(coarse.lps_mm([2, 3, 2]), volume.lps_mm([8, 12, 4]))


def test_steps_are_at_least_one_voxel_and_axes_canonical() -> None:
    affine = np.diag([-1.0, 1.0, 8.0, 1.0])
    volume = Volume(np.arange(27).reshape(3, 3, 3), affine)
    coarse = thinned(volume, (1.0, 1.0, 4.0))
    assert coarse.shape == (3, 3, 3)
    # The first axis ran to the patient's right; now it runs to the left.
    np.testing.assert_allclose(coarse.spacing_mm, [1, 1, 8])
    assert coarse.affine[0, 0] > 0
    np.testing.assert_array_equal(coarse.array, volume.array[::-1])
