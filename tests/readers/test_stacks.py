from collections.abc import Callable, Sequence

import pytest
from pydicom.uid import CTImageStorage

from calciscope.errors import NotHounsfieldError, SeriesGeometryError
from calciscope.readers.series import Series
from calciscope.readers.slices import Slice
from calciscope.readers.stacks import candidates_of

Make = Callable[..., Slice]


def series(slices: Sequence[Slice]) -> Series:
    return Series("1", "1.1", 4, "", "CT", CTImageStorage, len(slices), tuple(slices))


def heights(slices: Sequence[Slice]) -> list[float]:
    return [each.position[2] for each in slices if each.position]


def test_one_stack(make_slice: Make) -> None:
    (candidate,) = candidates_of(series([make_slice((0, 0, z)) for z in (6, 2, 4)]))
    assert heights(candidate.stack.slices) == [2, 4, 6]
    assert candidate.series.notes == ()


@pytest.mark.parametrize(
    ("keyword", "values", "what"),
    [
        ("acquisition_number", (1, 2), "acquisition number"),
        ("temporal_position", (1, 2), "temporal position"),
        ("kernel", ("B30f", "B70f"), "convolution kernel"),
        ("stack", ("1", "2"), "stack ID"),
        ("image_type", (("ORIGINAL", "PRIMARY"), ("DERIVED", "PRIMARY")), "image type"),
    ],
)
def test_positions_occupied_twice_are_told_apart(
    make_slice: Make, keyword: str, values: tuple[object, object], what: str
) -> None:
    slices = [make_slice((0, 0, z), **{keyword: v}) for z in (0, 2, 4, 6) for v in values]
    first, second = candidates_of(series(slices))
    assert heights(first.stack.slices) == heights(second.stack.slices) == [0, 2, 4, 6]
    assert {getattr(each, keyword) for each in first.stack.slices} == {values[0]}
    assert first.series.notes == (f"series 4 holds 2 stacks, told apart by {what}; one was used",)
    assert first.series.instances == 4


def test_two_orientations_of_two_acquisitions_are_told_apart(make_slice: Make) -> None:
    axial = [make_slice((0, 0, z), acquisition_number=1) for z in (0, 2, 4)]
    turned = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    sagittal = [
        make_slice((x, 0, 0), acquisition_number=2, orientation=turned) for x in (1, 3, 5, 7)
    ]
    assert [len(c.stack.slices) for c in candidates_of(series(axial + sagittal))] == [3, 4]


def test_a_single_odd_slice_is_dropped(make_slice: Make) -> None:
    slices = [make_slice((0, 0, z)) for z in (0, 2, 4)]
    odd = make_slice((0, 0, 2), acquisition_number=2)
    (candidate,) = candidates_of(series([*slices, odd]))
    assert candidate.stack.slices == tuple(slices)


def test_doubled_positions_that_nothing_tells_apart_are_refused(make_slice: Make) -> None:
    slices = [make_slice((0, 0, z)) for z in (0, 2, 2, 4)]
    with pytest.raises(SeriesGeometryError, match=r"series 4 has duplicate slices at z = 2\.0 mm"):
        candidates_of(series(slices))


def test_a_split_that_leaves_faulty_stacks_is_no_cure(make_slice: Make) -> None:
    slices = [make_slice((0, 0, z), acquisition_number=a) for z in (0, 2, 2, 4) for a in (1, 2)]
    with pytest.raises(SeriesGeometryError, match="duplicate slices"):
        candidates_of(series(slices))


def test_interleaved_stacks_are_told_apart(make_slice: Make) -> None:
    one = [make_slice((0, 0, 5 * k), acquisition_number=1) for k in range(6)]
    two = [make_slice((0, 0, 5 * k + 1.3), acquisition_number=2) for k in range(6)]
    assert [len(c.stack.slices) for c in candidates_of(series(one + two))] == [6, 6]


def test_blocks_that_continue_one_another_stay_together(make_slice: Make) -> None:
    fine = [make_slice((0, 0, 2.5 * k), acquisition_number=1) for k in range(6)]
    coarse = [make_slice((0, 0, 17.5 + 5 * k), acquisition_number=2) for k in range(6)]
    (candidate,) = candidates_of(series(fine + coarse))
    assert len(candidate.stack.slices) == 12
    assert not candidate.stack.is_even


def test_missing_slices_are_not_mended_by_splitting(make_slice: Make) -> None:
    slices = [make_slice((0, 0, z), acquisition_number=1 + z // 7) for z in (0, 2, 4, 6, 10, 12)]
    with pytest.raises(SeriesGeometryError, match=r"z = 8\.0 mm"):
        candidates_of(series(slices))


def test_headers_without_hu_are_refused(make_slice: Make) -> None:
    with pytest.raises(NotHounsfieldError, match="series 4"):
        candidates_of(series([make_slice((0, 0, z), slope=None) for z in (0, 2)]))
