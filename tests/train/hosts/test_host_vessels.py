"""Vessels of a host: a tube in fat is followed, a sheet of skin is not."""

import numpy as np
import pytest

from calciscope.labels import Label
from calciscope.volume import Volume
from calciscope_train.host_vessels import find_vessels, vessel_from_points

SPACING_MM = (1.0, 1.0, 3.0)


def _fat(slices: int = 20) -> tuple[Volume, Volume]:
    rng = np.random.default_rng(0)
    hu = np.rint(rng.normal(-100, 6, (60, 60, slices))).astype(np.int16)
    ct = Volume.from_spacing(hu, SPACING_MM)
    return ct, ct.with_array(np.full(hu.shape, Label.SUBCUTANEOUS, np.uint8))


def _tube(ct: Volume, radius_mm: float) -> None:
    """A vessel of 45 HU that drifts by half a voxel a slice."""
    x, y = np.indices(ct.shape[:2])
    for k in range(ct.shape[2]):
        ct.array[:, :, k][np.hypot(x - 20 - 0.5 * k, y - 30) < radius_mm] = 45


def test_a_tube_in_fat_is_followed_to_within_a_voxel() -> None:
    ct, tissues = _fat()
    _tube(ct, 3.0)
    (vessel,) = find_vessels(ct, tissues)
    index = ct.index(vessel.points_mm)
    assert len(index) >= 18
    assert np.abs(index[:, 0] - (20 + 0.5 * index[:, 2])).max() < 1.0
    assert np.abs(index[:, 1] - 30).max() < 1.0
    assert vessel.radius_mm == pytest.approx(3.0, abs=1.0)
    assert not vessel.deep


def test_neither_fat_nor_a_sheet_nor_a_muscle_is_a_vessel() -> None:
    ct, tissues = _fat()
    assert find_vessels(ct, tissues) == []
    ct.array[28:31] = 45
    assert find_vessels(ct, tissues) == []
    ct.array[20:45, 15:40] = 45
    assert find_vessels(ct, tissues) == []


def test_a_short_piece_and_a_bone_are_left_out() -> None:
    ct, tissues = _fat(slices=8)  # 21 mm
    _tube(ct, 3.0)
    assert find_vessels(ct, tissues) == []
    ct, tissues = _fat()
    _tube(ct, 3.0)
    tissues.array[ct.array > 0] = Label.BONE
    assert find_vessels(ct, tissues) == []


def test_a_vessel_followed_by_eye_has_a_point_a_slice() -> None:
    ct, _ = _fat()
    vessel = vessel_from_points(ct, [(10, 20, 12), (16, 20, 0)])
    index = ct.index(vessel.points_mm)
    assert len(index) == 13
    assert index[0] == pytest.approx([16, 20, 0])
    assert index[6] == pytest.approx([13, 20, 6])
    assert vessel.deep
