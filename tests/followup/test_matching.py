"""Matching of boxes of voxels, worked out by hand."""

import numpy as np
import pytest

from calciscope.followup.matching import Group, Placed, contact, match
from calciscope.followup.settings import ComparisonSettings
from calciscope.locations import Laterality

LEFT, RIGHT, MIDLINE = Laterality.LEFT, Laterality.RIGHT, Laterality.MIDLINE
SETTINGS = ComparisonSettings()


def bar(number: int, first: int, last: int, side: Laterality = LEFT, across: float = 0.0) -> Placed:
    """Voxels of 1 mm along x, from `first` to `last`; faces half a voxel beyond."""
    voxels = np.array([[float(x), across, 0.0] for x in range(first, last + 1)])
    return Placed(number, voxels, np.ones(3), side)


def test_contact_of_bars() -> None:
    # Voxels 0-9 and 8-17: 8 and 9 lie in both, and so do 7 and 10 touch with their faces.
    both = contact(bar(1, 0, 9), bar(2, 8, 17))
    assert both.gap_mm == 0.0
    assert both.shared == pytest.approx(0.3)
    # 0-9 and 14-17: the faces at 9.5 and 13.5 are 4 mm apart.
    apart = contact(bar(1, 0, 9), bar(2, 14, 17))
    assert apart.gap_mm == 4.0
    assert apart.shared == 0.0


def test_the_smaller_one_counts() -> None:
    # 4 voxels within 20: all of the smaller is shared, of the larger only a fifth.
    assert contact(bar(1, 0, 19), bar(2, 8, 11)).shared == 1.0
    assert contact(bar(1, 8, 11), bar(2, 0, 19)).shared == 1.0


def test_one_to_one_new_and_resolved() -> None:
    groups = match([bar(1, 0, 9), bar(2, 40, 49)], [bar(1, 1, 10), bar(2, 80, 85)], SETTINGS)
    assert set(groups) == {Group((1,), (1,)), Group((2,), ()), Group((), (2,))}


def test_merged_and_split() -> None:
    two, one = [bar(1, 0, 9), bar(2, 15, 24)], [bar(7, 0, 24)]
    assert match(two, one, SETTINGS) == (Group((1, 2), (7,)),)
    assert match(one, two, SETTINGS) == (Group((7,), (1, 2)),)


def test_regrouped() -> None:
    earlier = [bar(1, 0, 9), bar(2, 15, 24)]
    later = [bar(1, 0, 18), bar(2, 21, 30)]
    # 1-1, 2-1 (15 to 18 of 10 voxels and one more by its face) and 2-2 (21 to 24): one group.
    assert match(earlier, later, SETTINGS) == (Group((1, 2), (1, 2)),)


def test_a_chain_is_not_tied_together_by_distance() -> None:
    # Rods of 10 mm with gaps of 4 mm: each has its own later self.
    earlier = [bar(n + 1, 14 * n, 14 * n + 9) for n in range(5)]
    later = [bar(n + 1, 14 * n + 2, 14 * n + 11) for n in range(5)]
    groups = match(earlier, later, SETTINGS)
    assert groups == tuple(Group((n + 1,), (n + 1,)) for n in range(5))


def test_distance_ties_only_lesions_without_overlap() -> None:
    # Small ones that registration missed by 3 mm, and nothing else near.
    assert match([bar(1, 0, 1)], [bar(1, 0, 1, across=4.0)], SETTINGS) == (Group((1,), (1,)),)
    # 5 mm is the most: centers 6 mm apart have a gap of 5, 7 mm one of 6.
    assert len(match([bar(1, 0, 1)], [bar(1, 0, 1, across=6.0)], SETTINGS)) == 1
    assert len(match([bar(1, 0, 1)], [bar(1, 0, 1, across=7.0)], SETTINGS)) == 2
    # The nearer of two takes it.
    groups = match([bar(1, 0, 1), bar(2, 0, 1, across=7.0)], [bar(1, 0, 1, across=3.0)], SETTINGS)
    assert groups == (Group((1,), (1,)), Group((2,), ()))


def test_the_left_is_never_matched_with_the_right() -> None:
    groups = match([bar(1, 0, 9, LEFT)], [bar(1, 0, 9, RIGHT)], SETTINGS)
    assert set(groups) == {Group((1,), ()), Group((), (1,))}
    assert match([bar(1, 0, 9, MIDLINE)], [bar(1, 0, 9, RIGHT)], SETTINGS) == (Group((1,), (1,)),)


def test_nothing_to_match() -> None:
    assert match([], [], SETTINGS) == ()
    assert match([], [bar(3, 0, 1)], SETTINGS) == (Group((), (3,)),)
