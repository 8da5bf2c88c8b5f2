"""Planes of the gallery: the right slice, the right way up, outlines where the masks are."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calciscope.evaluation.report import CaseArrays
from calciscope.evaluation.report.case_pictures import (
    PREDICTION_COLOR,
    REFERENCE_COLOR,
    three_planes,
)
from calciscope.volume import Volume
from calciscope.writers.pictures import Picture

LESION_AT = (20.0, 30.0, 25.0)
INVENTED_AT = (60.0, 45.0, 50.0)


def pixels(picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(picture.png)).convert("RGB"))


def count(picture: Picture, color: str) -> int:
    """Pixels near a color."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(pixels(picture).astype(int) - wanted).max(axis=2) < 40).sum())


def test_three_planes_to_scale(pictures: Callable[[str], CaseArrays | None]) -> None:
    arrays = pictures("case-a")
    assert arrays is not None
    planes = three_planes(arrays, LESION_AT, "a miss")
    assert [plane.alternative for plane in planes] == [
        "Axial slice: a miss", "Coronal slice: a miss", "Sagittal slice: a miss"
    ]  # fmt: skip
    for plane in planes:
        assert 80.0 <= plane.width_mm <= 85.0
        shown = plane.width_mm / plane.width_px * plane.height_px
        assert 80.0 <= shown <= 85.0


def test_the_reference_is_outlined_at_its_place_and_the_prediction_at_its(
    pictures: Callable[[str], CaseArrays | None],
) -> None:
    arrays = pictures("case-a")
    assert arrays is not None
    for plane in three_planes(arrays, LESION_AT, "a miss"):
        assert count(plane, REFERENCE_COLOR) > 40
        assert count(plane, PREDICTION_COLOR) == 0
    for plane in three_planes(arrays, INVENTED_AT, "an invention"):
        assert count(plane, PREDICTION_COLOR) > 20
        assert count(plane, REFERENCE_COLOR) == 0


def half_bright(axis: int) -> CaseArrays:
    """Bone-like in the half that grows along an axis (left, back or head)."""
    hu = np.zeros((60, 60, 60), np.int16)
    place: list[slice] = [slice(None)] * 3
    place[axis] = slice(30, None)
    hu[tuple(place)] = 1000
    nothing = np.zeros(hu.shape, np.uint8)
    return CaseArrays(Volume.from_spacing(hu, (1.5, 1.5, 1.5)), nothing, nothing.astype(bool))


def bright_side(picture: Picture) -> str:
    gray = pixels(picture).mean(axis=2)
    h, w = gray.shape
    parts = {"top": gray[: h // 3], "bottom": gray[2 * h // 3 :],
             "left": gray[:, : w // 3], "right": gray[:, 2 * w // 3 :]}  # fmt: skip
    return max(parts, key=lambda side: float(parts[side].mean()))


def test_left_is_right_back_is_below_and_the_head_is_on_top() -> None:
    center = (44.25, 44.25, 44.25)
    left = three_planes(half_bright(0), center, "")
    assert [bright_side(left[0]), bright_side(left[1])] == ["right", "right"]
    back = three_planes(half_bright(1), center, "")
    assert [bright_side(back[0]), bright_side(back[2])] == ["bottom", "right"]
    head = three_planes(half_bright(2), center, "")
    assert [bright_side(head[1]), bright_side(head[2])] == ["top", "top"]


def test_another_orientation_of_the_same_case_gives_the_same_pictures(
    pictures: Callable[[str], CaseArrays | None],
) -> None:
    arrays = pictures("case-a")
    assert arrays is not None
    ct = arrays.ct
    affine = ct.affine.copy()
    affine[:3, 3] = ct.lps_mm((ct.shape[0] - 1, 0, 0))
    affine[:, 0] *= -1.0
    order = [2, 0, 1]
    turned = Volume(ct.array[::-1].transpose(order), affine[:, [*order, 3]])
    other = CaseArrays(
        turned, arrays.reference[::-1].transpose(order), arrays.prediction[::-1].transpose(order)
    )
    expected = [plane.png for plane in three_planes(arrays, LESION_AT, "")]
    assert [plane.png for plane in three_planes(other, LESION_AT, "")] == expected


def test_a_place_at_the_border_or_outside_is_drawn() -> None:
    for place in ((0.0, 0.0, 0.0), (-50.0, 500.0, 30.0)):
        assert len(three_planes(half_bright(0), place, "")) == 3
