"""Dense structures are bone or mineral as a whole, by majority."""

import numpy as np
import pytest

from calciscope.ct.bone_vote import bones_by_vote
from calciscope.labels import Label
from calciscope.volume import Volume

SHAPE = (60, 60, 16)


def scene() -> tuple[Volume, np.ndarray, np.ndarray]:
    """A tube of bone (radius 6-10 mm) at x = 18 and a solid rod of 6 mm radius at x = 44."""
    x, y = np.meshgrid(np.arange(60.0), np.arange(60.0), indexing="ij")
    bone = np.hypot(x - 18, y - 30)
    rod = np.hypot(x - 44, y - 30) < 6
    plane = np.where((bone < 10) & (bone >= 6), 1200, 50)
    plane = np.where(rod, 400, plane)
    ct = np.repeat(plane[..., None], 16, 2).astype(np.int16)
    tissue = np.full(SHAPE, Label.MUSCLE, np.uint8)
    tissue[np.repeat((bone < 10)[..., None], 16, 2)] = Label.BONE
    calcification = np.repeat(rod[..., None], 16, 2)
    return Volume.from_spacing(ct, (1, 1, 2.5)), tissue, calcification


def test_a_part_of_a_bone_is_not_called_calcification() -> None:
    ct, tissue, calcification = scene()
    calcification[8:14, 24:36, 4:8] = True
    blocked = bones_by_vote(ct, tissue, calcification)
    assert blocked[8:14, 24:36, 4:8].all()


def test_mineral_inside_the_marrow_of_a_bone_is_bone() -> None:
    ct, tissue, calcification = scene()
    calcification[17:20, 29:32, 8] = True
    assert bones_by_vote(ct, tissue, calcification)[18, 30, 8]


def test_a_large_calcification_keeps_its_own_label() -> None:
    ct, tissue, calcification = scene()
    # A quarter of it is labeled bone: still a minority.
    calcification[44:50, 30:36] = False
    tissue[44:50, 30:36] = Label.BONE
    assert not bones_by_vote(ct, tissue, calcification)[44, 28, 8]


@pytest.mark.parametrize("gap", [3, 5])
def test_a_lesion_beside_a_bone_is_kept(gap: int) -> None:
    ct, tissue, calcification = scene()
    start = 28 + gap
    ct.array[start : start + 3, 29:32, 6:9] = 500
    calcification[start : start + 3, 29:32, 6:9] = True
    blocked = bones_by_vote(ct, tissue, calcification)
    assert not blocked[start : start + 3, 29:32, 6:9].any()


@pytest.mark.parametrize(("hu", "bone"), [(1200, True), (500, False)])
def test_a_minority_is_enough_for_what_is_as_dense_as_cortex(hu: int, bone: bool) -> None:
    ct, tissue, calcification = scene()
    shaft = (ct.array > 1000) & (np.arange(60)[None, :, None] < 36)
    ct.array[ct.array > 1000] = hu
    calcification |= shaft
    assert bones_by_vote(ct, tissue, calcification)[shaft].all() == bone


def test_a_cast_around_the_limb_is_no_bone() -> None:
    ct, tissue, calcification = scene()
    x, y = np.meshgrid(np.arange(60.0), np.arange(60.0), indexing="ij")
    ring = (np.hypot(x - 30, y - 30) > 27) & (np.hypot(x - 30, y - 30) < 29)
    ct.array[ring] = 500
    assert not bones_by_vote(ct, tissue, calcification)[calcification].any()


def test_nothing_dense_blocks_nothing() -> None:
    ct = Volume.from_spacing(np.full(SHAPE, 50, np.int16), (1, 1, 2.5))
    none = np.zeros(SHAPE, bool)
    assert not bones_by_vote(ct, np.full(SHAPE, Label.MUSCLE, np.uint8), none).any()
