"""Projections show each lesion on its side of the patient, however the volume is stored."""

from io import BytesIO
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from calciscope.labels import Compartment
from calciscope.volume import Volume
from calciscope.writers.pictures import Picture
from calciscope.writers.projections import Projection, project

SPACING = (2.0, 2.0, 4.0)


def stored(array: NDArray[Any], order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """The same patient with other array axes: `order` and `flips` of the L, P, S axes."""
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = (-80.0, -40.0, 500.0)
    for axis, flip in enumerate(flips):
        if flip:
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    turned = array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    return Volume(turned.transpose(order), affine[:, [*order, 3]])


def two_legs() -> tuple[NDArray[np.int16], NDArray[np.bool_], NDArray[np.uint16]]:
    """Canonical (80, 40, 30) voxels: two legs; one lesion in the left one, in front, near the head.

    The lesion is at x 110 to 113, y 20 to 23, z 96 to 103 mm from the first voxel.
    """
    x, y, _ = np.meshgrid(np.arange(80), np.arange(40), np.arange(30), indexing="ij")
    body = ((x - 20) ** 2 + (y - 20) ** 2 < 12**2) | ((x - 60) ** 2 + (y - 20) ** 2 < 12**2)
    hu = np.where(body, 50, -1000).astype(np.int16)
    hu[:, 36:38, :] = 800  # a table
    ids = np.zeros(hu.shape, np.uint16)
    ids[55:57, 10:12, 24:26] = 1
    hu[ids > 0] = 600
    return hu, body, ids


def make(
    make_lesion: Any, order: tuple[int, ...], flips: tuple[bool, ...], **changes: Any
) -> tuple[Projection, ...]:
    hu, body, ids = (stored(array, order, flips) for array in two_legs())
    center = tuple(ids.lps_mm(np.argwhere(ids.array == 1)).mean(axis=0))
    lesion = make_lesion(1, centroid_lps_mm=center, **changes)
    return project(hu, body, ids, [lesion])


def colored(picture: Picture, color: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Pixels of about that color; lesions may be shaded to four fifths."""
    rgb = np.asarray(Image.open(BytesIO(picture.png)).convert("RGB")).astype(float)
    near = [np.abs(rgb - np.array(color) * shade).max(axis=2) < 12 for shade in (0.8, 0.9, 1.0)]
    return np.asarray(np.any(near, axis=0))


ORANGE = (0xD5, 0x5E, 0x00)
ORIENTATIONS = [
    pytest.param(order, flips, marks=[pytest.mark.slow] if number % 5 else [])
    for number, (order, flips) in enumerate(
        product(permutations(range(3)), product([False, True], repeat=3))
    )
]
"""All 48 ways to store the same patient; the quick tests take every fifth."""


@pytest.mark.parametrize(("order", "flips"), ORIENTATIONS)
def test_a_lesion_of_the_left_leg_is_on_the_right_of_the_picture(
    make_lesion: Any, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    coronal, right, left = make(make_lesion, order, flips)
    assert [p.title for p in (coronal, right, left)] == [
        "Coronal",
        "Sagittal, right side",
        "Sagittal, left side",
    ]
    rows, columns = np.nonzero(colored(coronal.picture, ORANGE))
    assert columns.min() > coronal.picture.width_px / 2  # the patient's left
    assert rows.max() < coronal.picture.height_px / 3  # near the head
    assert not colored(right.picture, ORANGE).any()
    rows, columns = np.nonzero(colored(left.picture, ORANGE))
    assert columns.max() < left.picture.width_px / 2  # in front
    assert rows.max() < left.picture.height_px / 3


def test_lesions_are_drawn_to_scale_at_their_place(make_lesion: Any) -> None:
    """The body is 23 voxels wide about x 20 and 60 (x 9 to 71): with the margin of 8 mm, 5 to 75.

    The picture is thus 71 x 2 mm = 142 mm wide and 120 mm high, at 2 pixels per mm; the lesion
    begins 50 voxels from its left border and 4 slices below its top, and is 4 x 8 mm large.
    """
    coronal = make(make_lesion, (0, 1, 2), (False, False, False))[0].picture
    assert (coronal.width_px, coronal.height_px) == (284, 240)
    rows, columns = np.nonzero(colored(coronal, ORANGE))
    assert (columns.min(), columns.max() + 1) == pytest.approx((200, 208), abs=1)
    assert (rows.min(), rows.max() + 1) == pytest.approx((32, 48), abs=1)


def test_the_compartment_gives_the_color(make_lesion: Any) -> None:
    blue = (0x00, 0x96, 0xFF)
    pictures = make(
        make_lesion, (0, 1, 2), (False, False, False), compartment=Compartment.SUBCUTANEOUS
    )
    assert colored(pictures[0].picture, blue).any()
    assert not colored(pictures[0].picture, ORANGE).any()


def test_the_table_does_not_cover_the_legs() -> None:
    hu, body, ids = (stored(a, (0, 1, 2), (False, False, False)) for a in two_legs())
    picture = project(hu, body, ids.with_array(np.zeros_like(ids.array)), [])[0].picture
    gray = np.asarray(Image.open(BytesIO(picture.png)).convert("L"))
    between_legs = gray[60:200, 135:150]
    assert (between_legs == 0).all()


def test_a_lesion_without_findings_is_not_drawn() -> None:
    hu, body, ids = (stored(a, (0, 1, 2), (False, False, False)) for a in two_legs())
    assert not colored(project(hu, body, ids, [])[0].picture, ORANGE).any()


def test_one_leg_has_one_sagittal_projection() -> None:
    hu, body, ids = (stored(a, (0, 1, 2), (False, False, False)) for a in two_legs())
    box = [v.crop([40, 0, 0], [80, 40, 30]) for v in (hu, body, ids)]
    titles = [p.title for p in project(box[0], box[1], box[2], [])]
    assert titles == ["Coronal", "Sagittal"]


def test_no_body_shows_the_whole_volume() -> None:
    hu, body, ids = (stored(a, (0, 1, 2), (False, False, False)) for a in two_legs())
    nobody = body.with_array(np.zeros_like(body.array))
    picture = project(hu, nobody, ids, [])[0].picture
    assert (picture.width_px, picture.height_px) == (320, 240)


def test_numbers_stand_beside_their_lesions(make_lesion: Any) -> None:
    """White text appears up and right of the lesion, in the projections that show it."""
    hu, body, ids = (stored(a, (0, 1, 2), (False, False, False)) for a in two_legs())
    center = tuple(ids.lps_mm([55.5, 10.5, 24.5]))
    lesion = make_lesion(1, centroid_lps_mm=center)
    plain = project(hu, body, ids, [lesion])
    numbered = project(hu, body, ids, [lesion], [lesion])
    changed = [
        np.argwhere(
            np.asarray(Image.open(BytesIO(a.picture.png)).convert("L"))
            != np.asarray(Image.open(BytesIO(b.picture.png)).convert("L"))
        )
        for a, b in zip(plain, numbered, strict=True)
    ]
    coronal, right, left = changed
    assert len(right) == 0
    assert len(left) > 0
    rows, columns = coronal.mean(axis=0)
    assert 204 < columns < 220  # the lesion's center is at column 204, row 40
    assert 20 < rows < 40


def test_a_tall_body_is_kept_within_bounds() -> None:
    shape = (20, 20, 400)
    volume = Volume.from_spacing(np.zeros(shape, np.int16), (10.0, 10.0, 5.0))
    body = volume.with_array(np.ones(shape, bool))
    ids = volume.with_array(np.zeros(shape, np.uint16))
    picture = project(volume, body, ids, [])[0].picture
    assert (picture.width_px, picture.height_px) == (150, 1500)
