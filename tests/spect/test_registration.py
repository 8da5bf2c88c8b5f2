"""Misregistration: known shifts are found again; without bone uptake nothing is claimed."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.errors import InputError
from calciscope.followup.rigid import Rigid, euler
from calciscope.labels import Label
from calciscope.spect.on_grid import label_shares
from calciscope.spect.registration import find_misregistration, moved
from calciscope.volume import Volume

from .conftest import positions


@pytest.fixture(scope="module")
def knees() -> Volume:
    """Labels of two legs whose bones widen at the knee, 3 mm voxels; a deposit in the left calf."""
    empty = np.zeros((96, 48, 80), np.uint8)
    grid = Volume.from_spacing(empty, (3.0, 3.0, 3.0), (-142.5, -70.5, -118.5))
    places = positions(grid)
    z = places[..., 2]
    bone_mm = 11.0 + 20.0 * np.exp(-(((z - 60.0) / 25.0) ** 2))
    for x in (80.0, -80.0):
        across = np.hypot(places[..., 0] - x, places[..., 1] + 8.0)
        empty[np.hypot(places[..., 0] - x, places[..., 1]) <= 55.0] = Label.SUBCUTANEOUS
        empty[np.hypot(places[..., 0] - x, places[..., 1]) <= 48.0] = Label.MUSCLE
        empty[across <= bone_mm] = Label.BONE
    deposit = np.linalg.norm(places - np.array([80.0, 30.0, -60.0]), axis=-1) <= 6.0
    empty[deposit] = Label.CALCIFICATION
    return grid


def uptake_of(labels: Volume, levels: tuple[float, float, float]) -> Volume:
    """Bone, muscle and fat at some levels and a hot deposit, blurred, with noise."""
    grid = Volume.from_spacing(
        np.zeros((64, 34, 50), np.float32), (4.8,) * 3, (-151.2, -79.2, -117.6)
    )
    shares = label_shares(labels, grid)
    tissues = (Label.BONE, Label.MUSCLE, Label.SUBCUTANEOUS, Label.CALCIFICATION)
    values: NDArray[np.float32] = np.zeros(grid.shape, np.float32)
    for label, level in zip(tissues, (*levels, 20.0), strict=True):
        values += np.float32(level) * shares.share(label)
    values = ndimage.gaussian_filter(values, 10.0 / 2.3548 / 4.8)
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=grid.shape), 0.7)
    values = values + 0.25 * noise / noise.std() * np.sqrt(values * 0.5)
    return grid.with_array(np.maximum(values, 0).astype(np.float32))


@pytest.mark.parametrize(
    ("shift_mm", "turn_deg"),
    [
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((4.0, -2.0, 3.0), (0.0, 0.0, 2.0)),
        ((-6.0, 5.0, 12.0), (1.0, -2.0, 1.0)),
    ],
)
def test_known_shifts_are_found_to_2_mm(
    knees: Volume, shift_mm: tuple[float, ...], turn_deg: tuple[float, float, float]
) -> None:
    motion = Rigid.about((0, 0, 0), euler(*turn_deg), np.array(shift_mm))
    uptake = moved(uptake_of(knees, (1.6, 0.6, 0.25)), motion)
    found = find_misregistration(uptake, label_shares(knees, uptake))
    assert found is not None
    bones = knees.lps_mm(np.argwhere(knees.array == Label.BONE))
    left = np.linalg.norm(found.spect_to_ct(motion(bones)) - bones, axis=1)
    assert left.mean() < 2.0
    true_mm = float(np.linalg.norm(motion(bones) - bones, axis=1).mean())
    assert found.shift_mm == pytest.approx(true_mm, abs=2.0)


def test_without_uptake_in_bone_nothing_is_claimed(knees: Volume) -> None:
    uptake = uptake_of(knees, (0.6, 0.6, 0.25))
    assert find_misregistration(uptake, label_shares(knees, uptake)) is None


def test_without_bone_or_overlap_nothing_is_claimed(knees: Volume) -> None:
    uptake = uptake_of(knees, (1.6, 0.6, 0.25))
    soft = knees.with_array(np.where(knees.array == Label.BONE, 2, knees.array).astype(np.uint8))
    assert find_misregistration(uptake, label_shares(soft, uptake)) is None
    away = moved(uptake, Rigid(np.eye(3), np.array([0.0, 0.0, 900.0])))
    assert find_misregistration(away, label_shares(knees, away)) is None


def test_shares_of_another_grid_are_refused(knees: Volume) -> None:
    uptake = uptake_of(knees, (1.6, 0.6, 0.25))
    with pytest.raises(InputError, match="grid"):
        find_misregistration(uptake, label_shares(knees, knees))


def test_moving_a_volume_moves_its_places_and_no_voxel(knees: Volume) -> None:
    motion = Rigid.about((0, 0, 0), euler(0, 0, 90), (1.0, 2.0, 3.0))
    turned = moved(knees, motion)
    assert turned.array is knees.array
    # A quarter turn takes x to y and y to -x.
    x, y, z = knees.lps_mm((5, 6, 7))
    np.testing.assert_allclose(turned.lps_mm((5, 6, 7)), (-y + 1, x + 2, z + 3))
