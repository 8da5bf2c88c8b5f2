"""Labels of the CT averaged over the voxels of the SPECT."""

from collections.abc import Callable

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.followup.rigid import euler
from calciscope.labels import Label
from calciscope.spect.on_grid import POINTS, label_shares
from calciscope.volume import Volume


def grid_of(shape: tuple[int, int, int], spacing: float, first: float) -> Volume:
    return Volume.from_spacing(np.zeros(shape, np.float32), (spacing,) * 3, (first,) * 3)


def test_shares_are_those_of_the_voxels_within() -> None:
    # Voxels of 1 mm from 0 to 8, of which those below x = 3 are bone, the rest muscle.
    labels = Volume.from_spacing(np.full((8, 8, 8), 2, np.uint8), (1, 1, 1), (0.5, 0.5, 0.5))
    labels.array[:3] = Label.BONE
    shares = label_shares(labels, grid_of((2, 2, 2), 4.0, 2.0))
    np.testing.assert_allclose(shares.share(Label.BONE)[:, 0, 0], [0.75, 0.0])
    np.testing.assert_allclose(shares.share(Label.BONE, Label.MUSCLE), 1.0)
    assert shares.covered.all()
    assert (shares.counts.sum(axis=-1) == POINTS**3).all()


def test_what_the_ct_does_not_show_is_told() -> None:
    labels = Volume.from_spacing(np.full((8, 8, 8), 2, np.uint8), (1, 1, 1), (0.5, 0.5, 0.5))
    shares = label_shares(labels, grid_of((3, 1, 1), 4.0, 2.0))
    np.testing.assert_array_equal(shares.covered[:, 0, 0], [True, True, False])
    far = label_shares(labels, grid_of((2, 2, 2), 4.0, 100.0))
    assert not far.covered.any()
    assert not far.share(Label.MUSCLE).any()


def test_slices_thicker_than_the_spect_leave_no_hole() -> None:
    labels = Volume.from_spacing(np.full((8, 8, 4), 2, np.uint8), (1, 1, 6), (0.5, 0.5, 3.0))
    grid = Volume.from_spacing(np.zeros((2, 2, 6), np.float32), (4, 4, 4), (2, 2, 2))
    np.testing.assert_allclose(label_shares(labels, grid).share(Label.MUSCLE), 1.0)


@pytest.mark.parametrize("flips", [(True, False, False), (True, True, True)])
def test_flipped_and_permuted_grids_agree(
    stored: Callable[..., Volume], flips: tuple[bool, ...]
) -> None:
    values = np.random.default_rng(1).integers(0, 7, (20, 18, 16)).astype(np.uint8)
    labels = Volume.from_spacing(values, (1.1, 0.9, 2.0), (3, 4, 5))
    grid = grid_of((5, 4, 6), 4.0, 3.0)
    expected = label_shares(labels, grid)
    for order in [(0, 1, 2), (1, 2, 0)]:
        got = label_shares(stored(labels, order, flips), stored(grid, (2, 1, 0), flips))
        turned = stored(grid.with_array(expected.share(Label.BONE)), (2, 1, 0), flips)
        np.testing.assert_allclose(got.share(Label.BONE), turned.array)


def test_a_turn_of_both_grids_changes_nothing() -> None:
    values = np.random.default_rng(1).integers(0, 7, (20, 18, 16)).astype(np.uint8)
    labels = Volume.from_spacing(values, (1.1, 0.9, 2.0), (3, 4, 5))
    grid = grid_of((5, 4, 6), 4.0, 3.0)
    turn = np.eye(4)
    turn[:3, :3] = euler(5.0, 10.0, 20.0)
    turned = label_shares(
        Volume(values, turn @ labels.affine), Volume(grid.array, turn @ grid.affine)
    )
    np.testing.assert_allclose(turned.counts, label_shares(labels, grid).counts, atol=1)


def test_an_oblique_spect_sees_the_share_of_a_ball() -> None:
    labels = Volume.from_spacing(np.zeros((60, 60, 60), np.uint8), (1, 1, 1), (-29.5,) * 3)
    places = labels.lps_mm(np.moveaxis(np.indices(labels.shape), 0, -1))
    labels.array[np.linalg.norm(places, axis=-1) <= 15.0] = Label.BONE
    affine = np.eye(4)
    affine[:3, :3] = 4.8 * euler(15.0, 20.0, 30.0)
    affine[:3, 3] = affine[:3, :3] @ np.full(3, -5.0)
    shares = label_shares(labels, Volume(np.zeros((11, 11, 11), np.float32), affine))
    volume = shares.share(Label.BONE).sum() * 4.8**3
    assert volume == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.02)


def test_values_that_are_no_label_are_refused() -> None:
    labels = Volume.from_spacing(np.full((2, 2, 2), 255, np.uint8), (1, 1, 1))
    with pytest.raises(InputError, match="no label"):
        label_shares(labels, grid_of((1, 1, 1), 4.0, 0.0))
