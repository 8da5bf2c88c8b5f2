from collections.abc import Callable

import numpy as np
import pytest
from pydicom import Dataset

from calciscope.errors import NotHounsfieldError
from calciscope.readers.hounsfield import (
    hounsfield,
    padding_range,
    refuse_unless_plausible,
    refuse_unless_rescaled,
)
from calciscope.readers.slices import Slice

Make = Callable[..., Slice]
INT16, FLOAT32 = np.dtype(np.int16), np.dtype(np.float32)


def test_rescale_is_slope_times_stored_plus_intercept(make_slice: Make) -> None:
    each = make_slice((0, 0, 0), slope=2.0, intercept=-1000.0)
    stored = np.array([[0, 10], [500, 700]], dtype=np.uint16)
    np.testing.assert_array_equal(hounsfield(stored, each, None, INT16), [[-1000, -980], [0, 400]])


def test_fractional_rescale_gives_fractions(make_slice: Make) -> None:
    each = make_slice((0, 0, 0), slope=0.5, intercept=-10.25)
    stored = np.array([[1, 3]], dtype=np.int16)
    np.testing.assert_array_equal(hounsfield(stored, each, None, FLOAT32), [[-9.75, -8.75]])


def test_values_are_kept_within_minus_1024_and_int16(make_slice: Make) -> None:
    each = make_slice((0, 0, 0), slope=1.0, intercept=-1024.0)
    stored = np.array([[-2000, 0, 65535]], dtype=np.int32)
    np.testing.assert_array_equal(hounsfield(stored, each, None, INT16), [[-1024, -1024, 32767]])
    floats = make_slice((0, 0, 0), slope=1.5, intercept=-3000.0)
    np.testing.assert_array_equal(
        hounsfield(np.array([[100, 3000]]), floats, None, FLOAT32), [[-1024, 1500]]
    )


def test_padding_becomes_minus_1024(make_slice: Make) -> None:
    each = make_slice((0, 0, 0), slope=1.0, intercept=0.0)
    stored = np.array([[-2000, 5, 3000, 3001, 3005]], dtype=np.int16)
    np.testing.assert_array_equal(
        hounsfield(stored, each, (3000, 3004), INT16), [[-1024, 5, -1024, -1024, 3005]]
    )


def header(**elements: int) -> Dataset:
    dataset = Dataset()
    dataset.BitsAllocated = 16
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def test_padding_is_read_in_the_sign_of_the_pixels() -> None:
    assert padding_range(header(PixelRepresentation=1)) is None
    signed = header(PixelRepresentation=1, PixelPaddingValue=-2000)
    assert padding_range(signed) == (-2000, -2000)
    # 63536 is -2000 in 16 bits: some writers declare the value with the wrong sign.
    mistaken = header(PixelRepresentation=0, PixelPaddingValue=63536)
    mistaken.PixelRepresentation = 1
    assert padding_range(mistaken) == (-2000, -2000)
    other_way = header(PixelRepresentation=1, PixelPaddingValue=-1)
    other_way.PixelRepresentation = 0
    assert padding_range(other_way) == (65535, 65535)


def test_a_padding_range_may_be_given_from_either_end() -> None:
    both = header(PixelRepresentation=0, PixelPaddingValue=4000, PixelPaddingRangeLimit=3990)
    assert padding_range(both) == (3990, 4000)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"slope": None}, "no Rescale Slope and Rescale Intercept"),
        ({"intercept": None}, "no Rescale Slope and Rescale Intercept"),
        ({"slope": 0.0}, "no Rescale Slope and Rescale Intercept"),
        ({"rescale_type": "MGML"}, "the Rescale Type MGML"),
        ({"rescale_type": "US"}, "the Rescale Type US"),
    ],
)
def test_headers_without_hu_are_refused(
    make_slice: Make, changes: dict[str, object], reason: str
) -> None:
    good, bad = make_slice((0, 0, 0)), make_slice((0, 0, 2.5), **changes)
    with pytest.raises(
        NotHounsfieldError,
        match=r"series 1 is not in Hounsfield units, as slice at \(0, 0, 2\.5\) has " + reason,
    ):
        refuse_unless_rescaled([good, bad], "series 1")


def test_headers_with_hu_pass(make_slice: Make) -> None:
    refuse_unless_rescaled([make_slice((0, 0, 0)), make_slice((0, 0, 1), rescale_type="")], "s")


@pytest.mark.parametrize(
    "values",
    [
        [0, 255],  # 8-bit picture or label map
        [0, 30_000],  # PET counts, MR, or CT without rescale
        [-1.0, 1.0],  # normalized
        [-3.2, 8.9],  # standardized
        [-1024, 200_000],  # no HU scale goes so far
    ],
)
def test_values_that_cannot_be_hu(values: list[float]) -> None:
    with pytest.raises(NotHounsfieldError, match=r"x\.nii is not in Hounsfield units, its values"):
        refuse_unless_plausible(np.array(values), "x.nii")


def test_values_that_can_be_hu() -> None:
    assert refuse_unless_plausible(np.array([-1000, 40, 3071]), "x.nii") == ()
    (warning,) = refuse_unless_plausible(np.array([-150, 250]), "x.nii")
    assert warning == "x.nii holds no air (lowest value -150); it may be clipped"
