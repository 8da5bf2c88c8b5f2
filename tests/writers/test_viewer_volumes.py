"""Volumes of the viewer: coarse, but in the right place, and no lesion is lost."""

from typing import Any

import numpy as np
import pytest

from calciscope.volume import Volume
from calciscope.writers import viewer_volumes as module
from calciscope.writers.viewer_volumes import (
    LAST_LABEL,
    block_centers,
    block_means,
    block_size,
    kept_labels,
    toned,
    viewer_volumes,
)


def grid(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    return Volume.from_spacing(np.zeros(shape, np.int16), spacing_mm)


@pytest.mark.parametrize(
    ("spacing_mm", "blocks"),
    [
        ((0.98, 0.98, 2.5), (1, 1, 1)),  # 1.4 / 0.98 = 1.43
        ((0.8, 0.8, 1.0), (2, 2, 1)),  # 1.75 and 1.4
        ((0.45, 0.45, 0.5), (3, 3, 3)),  # 3.1 and 2.8
        ((3.0, 3.0, 5.0), (1, 1, 1)),
    ],
)
def test_blocks_come_near_to_the_wanted_spacing(
    spacing_mm: tuple[float, float, float], blocks: tuple[int, int, int]
) -> None:
    assert block_size(grid((40, 40, 40), spacing_mm)) == blocks


def test_blocks_grow_along_the_finest_axis_until_the_page_can_hold_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # (2, 2, 1) leaves 20 x 20 x 40 = 16,000; z is the finest (1.0 mm): (2, 2, 2) leaves 8,000.
    monkeypatch.setattr(module, "MAX_VOXELS", 10_000)
    assert block_size(grid((40, 40, 40), (0.8, 0.8, 1.0))) == (2, 2, 2)


def test_a_block_is_never_larger_than_the_volume() -> None:
    assert block_size(grid((1, 40, 40), (0.3, 0.3, 0.3))) == (1, 5, 5)


def test_means_of_blocks_and_of_the_rest() -> None:
    hu = np.array([0, 10, 20, 31, -5], np.int16).reshape(5, 1, 1)
    # (0 + 10) / 2, (20 + 31) / 2 rounded down, and -5 alone.
    assert block_means(hu, (2, 1, 1)).ravel().tolist() == [5, 25, -5]
    ones = np.ones((3, 4, 5), np.int16)
    assert (block_means(ones, (2, 3, 4)) == 1).all()
    assert block_means(ones, (2, 3, 4)).shape == (2, 2, 2)


def test_the_middle_of_blocks() -> None:
    array = np.arange(5).reshape(1, 5, 1)
    # Blocks 0 1, 2 3 and 4: their middles are 1, 3 and, since there is no fifth, 4.
    assert block_centers(array, (1, 2, 1)).ravel().tolist() == [1, 3, 4]


@pytest.mark.parametrize(
    ("hu", "value"),
    [(-1000, 1), (-160, 1), (40, 48), (240, 96), (920, 112), (1600, 127), (3071, 127)],
)
def test_tones(hu: int, value: int) -> None:
    """40 is half of -160..240: 1 + 95 / 2 = 48.5; 920 half of 240..1600: 96 + 31 / 2 = 111.5.

    Halves go to the even neighbor.
    """
    assert toned(np.array([hu], np.int16)).tolist() == [value]


def test_fractional_hu_are_rounded_first() -> None:
    """A fractional rescale, or a resampled NIfTI file, gives float32."""
    hu = np.array([10.4, 20.6, -0.5, 0.5], np.float32).reshape(4, 1, 1)
    # 10 and 21 are 31, half of it 15 and a half; -0 and 0.
    assert block_means(hu, (2, 1, 1)).ravel().tolist() == [15, 0]


def test_a_voxel_takes_its_block_and_the_higher_id_wins() -> None:
    ids = np.zeros((7, 4, 3), np.uint16)
    ids[0:2, 0, 0] = 1
    ids[1, 1, 1] = 2  # in the same block of 2 x 2 x 2
    ids[6, 3, 2] = LAST_LABEL + 7  # in the last, smaller block
    labels = kept_labels(ids, (2, 2, 2))
    assert labels.shape == (4, 2, 2)
    assert labels[0, 0, 0] == 2
    assert labels[3, 1, 1] == LAST_LABEL
    assert np.count_nonzero(labels) == 2


@pytest.mark.parametrize("flips", [(False, False, False), (True, True, False), (True, False, True)])
def test_a_lesion_stays_where_it_is(stored: Any, flips: tuple[bool, bool, bool]) -> None:
    """Voxels of 0.7 mm, coarsened twofold: the lesion's middle moves less than a coarse voxel."""
    blank = Volume.from_spacing(np.zeros((60, 50, 40), np.int16), (0.7, 0.7, 0.7), (-10, 20, 300))
    ids = np.zeros(blank.shape, np.uint16)
    ids[41:46, 11:15, 21:25] = 1
    body = np.zeros(blank.shape, bool)
    body[5:55, 5:45, :] = True
    hu = np.where(body, 50, -1000).astype(np.int16)
    order = (1, 0, 2)
    volumes = viewer_volumes(
        *(stored(blank.with_array(array), order, flips) for array in (hu, body, ids))
    )
    np.testing.assert_allclose(volumes.lesions.spacing_mm, 1.4)
    assert volumes.ct.same_grid(volumes.lesions)
    middle = volumes.lesions.lps_mm(np.argwhere(volumes.lesions.array == 1)).mean(axis=0)
    # Indices 41..45, 11..14 and 21..24: middles 43, 12.5 and 22.5.
    np.testing.assert_allclose(middle, [-10 + 43 * 0.7, 20 + 8.75, 300 + 15.75], atol=1.4)
    # Inside the body are 50 HU: 1 + 95 * 210 / 400 = 50.9; outside is 0, its skin in between.
    values, counts = np.unique(volumes.ct.array, return_counts=True)
    assert (values.min(), values.max()) == (0, 51)
    assert values[np.argmax(counts)] == 51


def test_without_a_body_all_is_shown() -> None:
    blank = Volume.from_spacing(np.zeros((8, 8, 8), np.int16), (3, 3, 3))
    nothing = blank.with_array(np.zeros(blank.shape, bool))
    assert (viewer_volumes(blank, nothing, blank).ct.array > 0).all()
