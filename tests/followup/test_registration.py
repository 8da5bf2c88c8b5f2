"""Toy legs moved by known motions: what registration finds, and what it must not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calciscope.followup.alignment import align
from calciscope.followup.registration import JOINT_MM, register_part
from calciscope.followup.rigid import Rigid, euler
from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import Part, find_skeleton
from calciscope.followup.time_point import TimePoint
from calciscope.labels import Label
from calciscope.locations import Laterality
from calciscope.volume import Volume

MakePoint = Callable[..., TimePoint]
LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
SETTINGS = ComparisonSettings()
MOTIONS = {
    LEFT: Rigid.about((70, 0, 180), euler(4, -3, 12), (78, 6, 190)),
    RIGHT: Rigid.about((-70, 0, 180), euler(-2, 2, -9), (-76, -5, 172)),
}


def errors_mm(earlier: TimePoint, later: TimePoint) -> dict[Laterality, float]:
    """Mean distance of each side's surface from where it truly went, over usable parts."""
    skeletons = [find_skeleton(point.tissues, SETTINGS) for point in (earlier, later)]
    alignment = align(skeletons[0], skeletons[1], SETTINGS)
    found: dict[Laterality, list[float]] = {}
    for part in alignment.usable:
        side = part.part.side
        assert side is not None
        truth = MOTIONS[side](part.surface_mm)
        off = np.linalg.norm(part.earlier_to_later(part.surface_mm) - truth, axis=1)
        found.setdefault(side, []).append(float(off.mean()))
        assert part.residual_mm < 1.0
    return {side: max(values) for side, values in found.items()}


def test_each_leg_is_found_where_it_went(make_point: MakePoint) -> None:
    errors = errors_mm(make_point(), make_point(motions=MOTIONS))
    assert set(errors) == {LEFT, RIGHT}
    assert max(errors.values()) < 1.0


def test_the_later_scan_may_show_less_or_more(make_point: MakePoint) -> None:
    # 150 mm of 310 at one date, all at the other; the upper ends are in both.
    errors = errors_mm(make_point(z_mm=(189.0, 360.0)), make_point(motions=MOTIONS))
    assert max(errors.values()) < 1.0
    errors = errors_mm(make_point(), make_point(motions=MOTIONS, z_mm=(150.0, 360.0)))
    assert max(errors.values()) < 1.0


@pytest.mark.parametrize("top_mm", [100.0, 125.0, 150.0])
def test_a_bone_seen_in_small_part_is_not_compared(make_point: MakePoint, top_mm: float) -> None:
    """Of 330 mm the later scan shows the lowest 70 to 120: a shaft fits in many places."""
    earlier, later = make_point(legs=(LEFT,)), make_point(legs=(LEFT,), z_mm=(30.0, top_mm))
    skeletons = [find_skeleton(point.tissues, SETTINGS) for point in (earlier, later)]
    alignment = align(skeletons[0], skeletons[1], SETTINGS)
    assert alignment.usable == ()
    assert alignment.beside_earlier(np.array([70.0, 20.0, 60.0]), LEFT) is None
    assert alignment.beside_later(np.array([70.0, 20.0, 60.0]), LEFT) is None


def test_a_view_without_bone_is_refused_or_still(make_point: MakePoint) -> None:
    """Muscle to the borders of the images: no surface to register, and no crash."""
    labels = np.full((40, 40, 30), Label.MUSCLE, np.uint8)
    skeleton = find_skeleton(Volume.from_spacing(labels, (2.0, 2.0, 3.0)), SETTINGS)
    assert align(skeleton, skeleton, SETTINGS).usable == ()


def test_the_left_is_never_registered_to_the_right(make_point: MakePoint) -> None:
    earlier = find_skeleton(make_point().tissues, SETTINGS)
    only_right = find_skeleton(make_point(legs=(RIGHT,)).tissues, SETTINGS)
    alignment = align(earlier, only_right, SETTINGS)
    assert {part.part.side for part in alignment.usable} == {RIGHT}
    lost = [part for part in alignment.parts if part.part.side is LEFT]
    assert lost
    assert not any(part.is_shown for part in lost)
    point = np.array([70.0, 20.0, 180.0])
    assert alignment.beside_earlier(point, LEFT) is None
    assert alignment.beside_earlier(point * [-1, 1, 1], RIGHT) is not None


def test_the_same_input_gives_the_same_output(make_point: MakePoint) -> None:
    earlier, later = make_point(legs=(LEFT,)), make_point(legs=(LEFT,), motions=MOTIONS)
    skeletons = [find_skeleton(point.tissues, SETTINGS) for point in (earlier, later)]
    runs = [align(skeletons[0], skeletons[1], SETTINGS).parts for _ in range(2)]
    for one, two in zip(*runs, strict=True):
        assert np.array_equal(one.earlier_to_later.matrix, two.earlier_to_later.matrix)


def test_lesions_go_with_the_nearest_usable_part(make_point: MakePoint) -> None:
    skeletons = [
        find_skeleton(point.tissues, SETTINGS)
        for point in (make_point(), make_point(motions=MOTIONS))
    ]
    alignment = align(skeletons[0], skeletons[1], SETTINGS)
    place = np.array([85.0, 20.0, 200.0])
    part = alignment.beside_earlier(place, LEFT)
    assert part is not None
    assert part.part.side is LEFT
    back = alignment.beside_later(MOTIONS[LEFT](place), LEFT)
    assert back is part
    assert part.earlier_to_later(place) == pytest.approx(MOTIONS[LEFT](place), abs=1.5)


def test_a_shaft_goes_with_its_limb(make_point: MakePoint) -> None:
    # The upper part of the leg is given as a part of its own: alone it could slide.
    earlier, later = (
        find_skeleton(point.tissues, SETTINGS)
        for point in (make_point(legs=(LEFT,)), make_point(legs=(LEFT,), motions=MOTIONS))
    )
    labels = earlier.labels.array.copy()
    z = earlier.labels.lps_mm(np.argwhere(labels > 0))[:, 2]
    middle = (z > 150.0) & (z < 220.0)
    labels[labels > 0] = np.where(middle, 2, 1)
    parts = (Part("leg", LEFT), Part("shaft", LEFT))
    cut = replace(earlier, labels=earlier.labels.with_array(labels), parts=parts)
    shaft = align(cut, later, SETTINGS).parts[1]
    off = shaft.earlier_to_later(shaft.surface_mm) - MOTIONS[LEFT](shaft.surface_mm)
    assert np.linalg.norm(off, axis=1).mean() < 1.0
    alone = register_part([1], cut, later, SETTINGS)
    assert shaft.residual_mm <= alone.residual_mm + JOINT_MM
