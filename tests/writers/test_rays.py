"""Rays keep the brightest of the body, and of lesions the densest with its compartment."""

import numpy as np
from numpy.typing import NDArray

from calciscope.writers.rays import AIR_HU, cast_rays, gap_between_legs

EVERYTHING = (slice(None),)


def cube() -> tuple[NDArray[np.int16], NDArray[np.bool_], NDArray[np.uint16]]:
    shape = (3, 4, 2)
    return np.full(shape, -1000, np.int16), np.ones(shape, bool), np.zeros(shape, np.uint16)


def test_the_table_is_left_out() -> None:
    hu, body, ids = cube()
    hu[1, 2, 0], hu[1, 3, 0] = 300, 900
    body[1, 3, 0] = False
    coronal, (sagittal,) = cast_rays(hu, body, ids, np.zeros(1, np.int32), EVERYTHING)
    assert coronal.hu[1].tolist() == [300, -1000]
    assert sagittal.hu[:, 0].tolist() == [-1000, -1000, 300, -1000]


def test_without_a_body_all_is_shown() -> None:
    hu, body, ids = cube()
    hu[1, 3, 0] = 900
    coronal, _ = cast_rays(hu, ~body, ids, np.zeros(1, np.int32), EVERYTHING)
    assert coronal.hu[1, 0] == 900


def test_the_densest_lesion_on_a_ray_gives_the_compartment() -> None:
    """Lesions 1 (code 5) and 2 (code 3) lie behind each other, behind bone and outside the body."""
    hu, body, ids = cube()
    hu[1, 0, 1], hu[1, 1, 1], hu[1, 2, 1] = 1500, 250, 400
    ids[1, 1, 1], ids[1, 2, 1] = 1, 2
    body[1, 2, 1] = False
    coronal, (sagittal,) = cast_rays(hu, body, ids, np.array([0, 5, 3], np.int32), EVERYTHING)
    assert (coronal.code[1, 1], coronal.lesion_hu[1, 1], coronal.hu[1, 1]) == (3, 400, 1500)
    assert sagittal.code[:, 1].tolist() == [0, 5, 3, 0]
    assert (coronal.code[0, 0], coronal.lesion_hu[0, 0]) == (0, AIR_HU)


def test_each_side_has_rays_of_its_own() -> None:
    hu, body, ids = cube()
    hu[0, 1, 0], hu[2, 1, 0] = 100, 200
    ids[2, 1, 0] = 1
    _, (right, left) = cast_rays(
        hu, body, ids, np.array([0, 2], np.int32), (slice(1), slice(1, None))
    )
    assert (right.hu[1, 0], left.hu[1, 0]) == (100, 200)
    assert not right.code.any()
    assert left.code[1, 0] == 2


def legs(*widths: tuple[int, int]) -> NDArray[np.bool_]:
    body = np.zeros((100, 5, 5), bool)
    for start, stop in widths:
        body[start:stop] = True
    return body


def test_two_legs_are_parted_in_the_middle_of_the_gap() -> None:
    gap = gap_between_legs(legs((5, 40), (60, 95)))
    assert gap is not None
    assert 49 <= gap <= 51


def test_touching_legs_are_parted_where_they_are_thinnest() -> None:
    body = legs((5, 95))
    body[48:52, 1:] = False
    gap = gap_between_legs(body)
    assert gap is not None
    assert 48 <= gap < 52


def test_one_leg_is_not_parted() -> None:
    assert gap_between_legs(legs((5, 95))) is None
    assert gap_between_legs(legs((10, 30))) is None
    assert gap_between_legs(legs()) is None
    assert gap_between_legs(np.ones((2, 5, 5), bool)) is None
