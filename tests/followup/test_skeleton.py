"""The bones of a date in parts, by side."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from calciscope.followup.settings import ComparisonSettings
from calciscope.followup.skeleton import Part, find_skeleton, find_skeletons
from calciscope.followup.time_point import TimePoint
from calciscope.labels import Label
from calciscope.locations import Laterality
from calciscope.volume import Volume

MakePoint = Callable[..., TimePoint]
LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
SETTINGS = ComparisonSettings()


def test_each_leg_has_parts_of_its_own(make_point: MakePoint) -> None:
    skeleton = find_skeleton(make_point().tissues, SETTINGS)
    assert {part.side for part in skeleton.parts} == {LEFT, RIGHT}
    assert skeleton.tissue == "bone"
    left = skeleton.labels.lps_mm(np.argwhere(skeleton.beside(LEFT)))
    assert left[:, 0].min() > 0
    right = skeleton.labels.lps_mm(np.argwhere(skeleton.beside(RIGHT)))
    assert right[:, 0].max() < 0


def test_marrow_is_filled(make_point: MakePoint) -> None:
    solid = make_point()
    hollow = solid.tissues.array.copy()
    x, y, _ = np.round(solid.tissues.index((62.0, -18.0, 180.0))).astype(int)
    hollow[x - 2 : x + 3, y - 2 : y + 3, :] = Label.MUSCLE
    counts = [
        np.count_nonzero(find_skeleton(tissues, SETTINGS).labels.array)
        for tissues in (solid.tissues, solid.tissues.with_array(hollow))
    ]
    assert counts[0] == counts[1]


def test_without_bone_the_body_stands_in(make_point: MakePoint) -> None:
    tissues = make_point().tissues
    soft = tissues.with_array(np.where(tissues.array == Label.BONE, Label.MUSCLE, tissues.array))
    skeleton = find_skeleton(soft, SETTINGS)
    assert skeleton.tissue == "body"
    assert {part.side for part in skeleton.parts} == {LEFT, RIGHT}


def test_what_is_too_small_is_no_part(make_point: MakePoint) -> None:
    tissues = make_point().tissues
    large = replace(SETTINGS, least_bone_mm3=1e9)
    assert find_skeleton(tissues, large).tissue == "body"
    assert find_skeleton(tissues, large).parts == ()


def test_names() -> None:
    assert str(Part("lower leg", Laterality.LEFT)) == "left lower leg"
    assert str(Part("pelvis and trunk", None)) == "pelvis and trunk"


def test_bone_is_never_compared_with_an_outline() -> None:
    """Bone just above what is needed at one date, just below it at the other."""
    labels = np.zeros((60, 60, 60), np.uint8)
    labels[5:55, 5:55] = Label.MUSCLE
    labels[25:35, 25:35, :] = Label.BONE  # 10 x 10 x 60 mm: 6,000 mm3
    enough = Volume.from_spacing(labels, (1.0, 1.0, 1.0))
    less = labels.copy()
    less[25:35, 25:35, 20:] = Label.MUSCLE  # 2,000 mm3
    few = Volume.from_spacing(less, (1.0, 1.0, 1.0))
    settings = ComparisonSettings()
    assert [s.tissue for s in find_skeletons([enough, enough], settings)] == ["bone", "bone"]
    assert [s.tissue for s in find_skeletons([enough, few], settings)] == ["body", "body"]
