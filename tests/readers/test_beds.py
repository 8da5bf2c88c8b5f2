import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.readers.beds import joined
from calciscope.volume import Volume


def bed(values: list[float], z_mm: float, x_mm: float = 0.0) -> Volume:
    """2 x 2 voxels wide, one value for each slice; 4 mm."""
    array = np.broadcast_to(np.float32(values), (2, 2, len(values)))
    return Volume.from_spacing(array, (4.0, 4.0, 4.0), (x_mm, 0.0, z_mm))


def test_one_bed_stays_as_it_is() -> None:
    one = bed([1, 2, 3], 100)
    assert joined([one], "it") is one


def test_the_overlap_is_blended_by_the_distance_from_the_ends() -> None:
    """Two slices overlap: the first bed weighs 2 and 1 there, the second 1 and 2."""
    whole = joined([bed([6, 6, 6, 6], 100), bed([12, 12, 12], 108)], "it")
    np.testing.assert_allclose(whole.array[0, 0], [6, 6, 8, 10, 12])
    np.testing.assert_allclose(whole.array, whole.array[:1, :1] + np.zeros((2, 2, 1)))
    np.testing.assert_allclose(whole.lps_mm([0, 0, 0]), [0, 0, 100])
    np.testing.assert_allclose(whole.spacing_mm, 4)


def test_a_bed_before_the_first_moves_the_origin() -> None:
    whole = joined([bed([5, 6], 100), bed([1, 2, 3], 88)], "it")
    np.testing.assert_allclose(whole.array[0, 0], [1, 2, 3, 5, 6])
    np.testing.assert_allclose(whole.lps_mm([1, 1, 0]), [4, 4, 88])


def test_a_bed_between_the_voxels_is_interpolated() -> None:
    """The second begins half a slice further: its slices at 2.5, 3.5 and 4.5."""
    whole = joined([bed([1, 1], 100), bed([2, 4, 6], 110)], "it")
    assert whole.shape == (2, 2, 6)
    np.testing.assert_allclose(whole.array[0, 0], [1, 1, 2, 3, 5, 6])


def test_a_bed_aside_keeps_its_place() -> None:
    """One column to the left; what lies beyond the first bed's plane stays, on a wider grid."""
    whole = joined([bed([1, 1], 100), bed([3, 3], 108, x_mm=4.0)], "it")
    np.testing.assert_allclose(whole.array[:, 0, 1], [1, 1, 0])
    np.testing.assert_allclose(whole.array[:, 0, 2], [0, 3, 3])
    before = joined([bed([1, 1], 100), bed([3, 3], 108, x_mm=-4.0)], "it")
    np.testing.assert_allclose(before.array[:, 0, 2], [3, 3, 0])
    np.testing.assert_allclose(before.lps_mm([0, 0, 0]), [-4, 0, 100])


def test_beside_a_bed_aside_nothing_is_dimmed() -> None:
    """Blended 2 : 1 and 1 : 2 where both lie, each alone where the other does not."""
    whole = joined([bed([6, 6, 6, 6], 100), bed([12, 12, 12], 108, x_mm=4.0)], "it")
    np.testing.assert_allclose(whole.array[:, 0, 2], [6, 8, 12])
    np.testing.assert_allclose(whole.array[:, 0, 3], [6, 10, 12])


def test_a_third_of_a_voxel_aside_is_no_wider_grid() -> None:
    whole = joined([bed([1, 1], 100), bed([3, 3], 108, x_mm=1.3)], "it")
    assert whole.shape == (2, 2, 4)
    np.testing.assert_allclose(whole.array[:, 0, 2], 3)


def test_the_order_of_the_others_does_not_matter() -> None:
    a, b, c = bed([1, 2, 3], 100), bed([4, 5, 6], 108), bed([7, 8, 9], 92)
    np.testing.assert_array_equal(joined([a, b, c], "").array, joined([a, c, b], "").array)


def test_beds_impossibly_far_apart_are_refused() -> None:
    with pytest.raises(InputError, match="it is of a volume of"):
        joined([bed([1, 2], 0), bed([1, 2], 1e11)], "it")
