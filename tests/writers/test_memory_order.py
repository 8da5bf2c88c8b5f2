"""Arrays come out with slices apart, unchanged."""

import numpy as np
import pytest

from calciscope.writers.memory_order import BLOCK, slices_apart


@pytest.mark.parametrize("rows", [1, BLOCK, BLOCK + 1])
def test_values_stay_and_slices_lie_apart(rows: int) -> None:
    array = np.arange(3 * rows * 4, dtype=np.uint16).reshape(3, rows, 4)
    result = slices_apart(array)
    assert result.flags.f_contiguous
    assert result.dtype == np.uint16
    assert np.array_equal(result, array)


def test_a_reversed_view_is_copied() -> None:
    array = np.asfortranarray(np.arange(24).reshape(2, 3, 4))[::-1]
    assert np.array_equal(slices_apart(array), array)


def test_what_is_in_order_is_not_copied() -> None:
    array = np.zeros((2, 3, 4), order="F")
    assert slices_apart(array) is array
