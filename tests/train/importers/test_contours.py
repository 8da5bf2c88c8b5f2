"""Contours to voxels: counted by hand, in the world."""

import numpy as np

from calciscope.volume import Volume
from calciscope_train.importers.contours import filled, voxels_inside


def square(low: float, high: float) -> np.ndarray:
    return np.array([[low, low], [high, low], [high, high], [low, high]])


def test_a_square_holds_the_centers_inside_it() -> None:
    mask = filled(square(1.5, 4.5), (8, 8))
    assert np.argwhere(mask).tolist() == [[i, j] for i in (2, 3, 4) for j in (2, 3, 4)]


def test_centers_on_the_outline_are_inside_whichever_way_it_is_drawn() -> None:
    for corners in (square(2, 4), square(2, 4)[::-1]):
        assert filled(corners, (8, 8)).sum() == 9


def test_what_lies_outside_of_the_plane_is_cut_off() -> None:
    assert filled(square(-3.5, 1.5), (8, 8)).sum() == 4
    assert filled(square(20, 30), (8, 8)).sum() == 0
    assert filled(square(1.5, 4.5)[:2], (8, 8)).sum() == 0


def test_contours_of_a_plane_cut_holes_and_planes_add_up() -> None:
    volume = Volume.from_spacing(np.zeros((10, 10, 4)), (2.0, 2.0, 3.0), (-9.0, 5.0, 100.0))

    def at(corners: np.ndarray, k: float) -> np.ndarray:
        index = np.column_stack([corners, np.full(len(corners), k)])
        return volume.lps_mm(index)

    ring = [at(square(0.5, 8.5), 1), at(square(2.5, 5.5), 1)]
    mask = voxels_inside(ring, volume)
    assert mask[:, :, 1].sum() == 64 - 9
    assert not mask[:, :, [0, 2, 3]].any()
    twice = [at(square(0.5, 3.5), 1.8), at(square(0.5, 4.5), 2.1), at(square(0.5, 4.5), 9)]
    assert np.argwhere(voxels_inside(twice, volume).any(axis=(0, 1))).tolist() == [[2]]
    assert voxels_inside(twice, volume).sum() == 16
