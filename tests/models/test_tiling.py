import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calciscope.models import tiling
from calciscope.models.tiling import GRAIN, HALO, Tiling, plan_tiling

MULTIPLE = (16, 16, 4)
MULTIPLES = st.sampled_from([MULTIPLE, (16, 16, 8), (8, 8, 8), (32, 32, 2), (64, 64, 64)])


@st.composite
def bodies(draw: st.DrawFn) -> np.ndarray:
    """One to three boxes in a small volume."""
    shape = draw(st.tuples(st.integers(1, 150), st.integers(1, 150), st.integers(1, 60)))
    body = np.zeros(shape, dtype=bool)
    for _ in range(draw(st.integers(1, 3))):
        start = [draw(st.integers(0, count - 1)) for count in shape]
        extent = [draw(st.integers(1, count)) for count in shape]
        body[tuple(slice(a, a + n) for a, n in zip(start, extent, strict=True))] = True
    return body


def count_kept(plan: Tiling, shape: tuple[int, ...]) -> np.ndarray:
    kept = np.zeros(shape, dtype=int)
    for window in plan.windows:
        kept[window.kept] += 1
    return kept


@settings(deadline=None, max_examples=60)
@given(bodies(), st.sampled_from([1 << 14, 1 << 17, 1 << 22]), MULTIPLES)
def test_every_voxel_of_the_body_is_kept_once(
    body: np.ndarray, most: int, multiple: tuple[int, int, int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiling, "MOST_VOXELS", most)
        plan = plan_tiling(body, multiple)
    kept = count_kept(plan, body.shape)
    assert kept.max() == 1
    assert kept[body].min() == 1
    assert all(size % step == 0 for size, step in zip(plan.size, multiple, strict=True))
    for window in plan.windows:
        for axis in range(3):
            assert window.start[axis] % multiple[axis] == 0
            assert 0 <= window.start[axis] <= window.kept[axis].start
            assert window.kept[axis].stop <= window.start[axis] + plan.size[axis]


@settings(deadline=None, max_examples=60)
@given(bodies(), st.sampled_from([1 << 14, 1 << 17, 1 << 22]), MULTIPLES)
def test_body_is_seen_with_its_surroundings(
    body: np.ndarray, most: int, multiple: tuple[int, int, int]
) -> None:
    """Within a halo of a kept voxel of the body the window sees all of the body in its row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiling, "MOST_VOXELS", most)
        plan = plan_tiling(body, multiple)
    for window in plan.windows:
        for axis in range(3):
            # Planned along Z first, then Y in that slab, then X in that row.
            row = [slice(None)] * 3
            for later in range(axis + 1, 3):
                kept = window.kept[later]
                row[later] = slice(kept.start, kept.stop)
            others = tuple({0, 1, 2} - {axis})
            profile = body[tuple(row)].any(axis=others)
            mine = np.flatnonzero(profile[window.kept[axis]]) + window.kept[axis].start
            if not len(mine):
                continue
            low, high = window.start[axis], window.start[axis] + plan.size[axis]
            unseen = np.flatnonzero(profile[: max(0, low)]), high + np.flatnonzero(profile[high:])
            # Planning looks at blocks of GRAIN voxels, so a block of slack remains.
            reach = HALO[axis] - GRAIN[axis]
            assert not len(unseen[0]) or mine[0] - unseen[0][-1] >= reach
            assert not len(unseen[1]) or unseen[1][0] - mine[-1] >= reach


def test_nothing_to_cover_needs_no_window() -> None:
    assert plan_tiling(np.zeros((40, 40, 40), dtype=bool), MULTIPLE).windows == ()


def test_small_body_takes_one_fitting_window() -> None:
    body = np.zeros((200, 200, 60), dtype=bool)
    body[100:132, 68:100, 22:40] = True
    plan = plan_tiling(body, MULTIPLE)
    # 32 + 2 x 4 of margin = 40 needs 48; 18 + 2 x 2 = 22 slices need 24.
    assert plan.size == (48, 48, 24)
    assert [window.start for window in plan.windows] == [(96, 64, 20)]


def test_volume_smaller_than_a_window_starts_at_its_corner() -> None:
    plan = plan_tiling(np.ones((10, 20, 3), dtype=bool), MULTIPLE)
    assert plan.size == (16, 32, 4)
    assert [window.start for window in plan.windows] == [(0, 0, 0)]
    assert [window.kept for window in plan.windows] == [(slice(0, 10), slice(0, 20), slice(0, 3))]


def test_air_between_two_legs_is_not_computed() -> None:
    body = np.zeros((400, 120, 200), dtype=bool)
    body[20:110, 10:110] = True
    body[290:380, 10:110] = True
    plan = plan_tiling(body, MULTIPLE)
    middle = count_kept(plan, body.shape)[160:240]
    assert not middle.any()
    assert plan.voxels < 0.75 * body.size


def test_windows_are_not_larger_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "MOST_VOXELS", 1 << 18)
    plan = plan_tiling(np.ones((256, 256, 64), dtype=bool), MULTIPLE)
    assert np.prod(plan.size) <= 1 << 18
    assert plan.voxels == len(plan.windows) * np.prod(plan.size)
