import numpy as np
import pytest

from calciscope.readers.gaps import missing_heights

UNKNOWN = [None] * 100


def numbered(count: int) -> list[int | None]:
    return list(range(1, count + 1))


def test_a_single_lost_slice() -> None:
    heights = np.array([0, 2, 4, 8, 10, 12.0])
    np.testing.assert_allclose(missing_heights(heights, UNKNOWN[:6]), [6])
    # Renumbering after the loss does not hide it.
    np.testing.assert_allclose(missing_heights(heights, numbered(6)), [6])


def test_several_lost_slices_side_by_side_and_apart() -> None:
    heights = np.array([h for h in range(0, 60, 3) if h not in (9, 12, 15, 30, 51)], dtype=float)
    np.testing.assert_allclose(
        missing_heights(heights, UNKNOWN[: len(heights)]), [9, 12, 15, 30, 51]
    )


def test_positions_may_be_rounded() -> None:
    heights = np.array([0.0, 0.6, 1.3, 1.9, 3.1, 3.8, 4.4])  # 0.625 mm, 2.5 lost
    np.testing.assert_allclose(missing_heights(heights, UNKNOWN[:7]), [2.5], atol=0.05)


def test_blocks_of_another_spacing_are_not_lost_slices() -> None:
    heights = np.array([0, 2.5, 5, 7.5, 10, 15, 20, 25, 30.0])
    assert missing_heights(heights, numbered(9)).size == 0
    assert missing_heights(heights, UNKNOWN[:9]).size == 0


def test_a_block_whose_instance_numbers_skip_is_lost_slices() -> None:
    heights = np.array([0, 2.5, 5, 7.5, 10, 15, 20, 25, 30.0])
    numbers: list[int | None] = [1, 2, 3, 4, 5, 7, 9, 11, 13]
    np.testing.assert_allclose(missing_heights(heights, numbers), [12.5, 17.5, 22.5, 27.5])
    falling: list[int | None] = [13, 12, 11, 10, 9, 7, 5, 3, 1]
    np.testing.assert_allclose(missing_heights(heights, falling), [12.5, 17.5, 22.5, 27.5])


def test_skipping_numbers_say_nothing_where_they_are_out_of_order() -> None:
    heights = np.array([0, 2.5, 5, 7.5, 10, 15, 20, 25, 30.0])
    shuffled: list[int | None] = [5, 2, 9, 1, 7, 3, 8, 4, 6]
    assert missing_heights(heights, shuffled).size == 0


@pytest.mark.parametrize(
    "heights",
    [
        [0, 2.4, 5.1, 7.0, 10.3, 12.2],  # jittered
        [0, 5, 8, 13, 16, 21, 24],  # alternating 5 and 3
        [0, 3, 7, 10, 14, 17, 21],  # alternating 3 and 4
        [0, 2.5, 7.5, 10, 15, 17.5, 22.5],  # alternating, though twice: half are no exception
    ],
)
def test_varied_gaps_are_not_lost_slices(heights: list[float]) -> None:
    assert missing_heights(np.array(heights, dtype=float), numbered(len(heights))).size == 0


def test_one_wide_hole_of_any_width_is_missing() -> None:
    heights = np.concatenate([np.arange(10) * 5.0, 83.3 + np.arange(10) * 5.0])
    missing = missing_heights(heights, numbered(20))
    # From 45 to 83.3 mm at 5 mm: seven slices in eight gaps of 38.3 / 8 = 4.7875 mm.
    np.testing.assert_allclose(missing, 45 + 4.7875 * np.arange(1, 8))
