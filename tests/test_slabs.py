import numpy as np
import pytest

from calciscope.resampling import resample_array
from calciscope.slabs import SLAB, refine_sparse, resample_rounded

INT16 = np.dtype(np.int16)


def noise(shape: tuple[int, int, int], order: str = "C") -> np.ndarray:
    values = np.random.default_rng(0).integers(-1000, 1500, shape, dtype=np.int16)
    return np.asarray(values, order=order)  # type: ignore[call-overload]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "shape",
    [(9, 8, 50), (9, 8, 20), (9, 8, 77), (5, 12, 50), (5, 12, 21), (9, 8, 1), (18, 16, 100)],
)
def test_slabs_equal_the_whole(shape: tuple[int, int, int], order: str) -> None:
    array = noise((9, 8, 50), order)
    assert array.shape[2] > 2 * SLAB
    result = resample_rounded(array, shape, INT16)
    assert result.dtype == np.int16
    assert result.flags.c_contiguous
    np.testing.assert_allclose(result, resample_array(array, shape), atol=0.51)


def test_what_does_not_fit_is_clipped() -> None:
    array = np.array([-1e6, 0.4, 1e6], dtype=np.float32).reshape(3, 1, 1)
    result = resample_rounded(array, (3, 1, 1), INT16)
    np.testing.assert_array_equal(result.ravel(), [-32768, 0, 32767])


def test_the_result_is_never_a_view() -> None:
    array = noise((4, 4, 4))
    assert not np.shares_memory(resample_rounded(array, (4, 4, 4), INT16), array)


@pytest.mark.parametrize("count", [1, 13, 20, 50])
def test_sparse_refining_equals_the_whole(count: int) -> None:
    rng = np.random.default_rng(1)
    array = np.zeros((10, 12, 20), dtype=np.uint8)
    array[rng.integers(0, 10, 6), rng.integers(0, 12, 6), rng.integers(0, 20, 6)] = 255
    result = refine_sparse(array, count)
    assert result.dtype == np.uint8
    np.testing.assert_allclose(result, resample_array(array, (10, 12, count)), atol=0.51)


def test_sparse_refining_of_nothing_is_nothing() -> None:
    result = refine_sparse(np.zeros((3, 4, 5), dtype=np.uint8), 9)
    assert result.shape == (3, 4, 9)
    assert not result.any()
