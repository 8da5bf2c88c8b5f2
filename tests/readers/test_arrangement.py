import re
from collections.abc import Callable

import pytest

from calciscope.errors import SeriesGeometryError
from calciscope.readers.arrangement import MixedStackError, arrange
from calciscope.readers.slices import Slice

Make = Callable[..., Slice]
TURNED = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def test_slices_are_sorted_along_the_normal(make_slice: Make) -> None:
    slices = [make_slice((0, 0, z)) for z in (7.5, 0.0, 5.0, 2.5)]
    stack = arrange(slices, "series 1")
    assert [each.position[2] for each in stack.slices if each.position] == [0.0, 2.5, 5.0, 7.5]
    # Prone: rows run to the right, columns forward; the normal still points to the head.
    prone = [make_slice((0, 0, z), orientation=(-1.0, 0, 0, 0, -1.0, 0)) for z in (5.0, 0.0, 2.5)]
    assert [each.position[2] for each in arrange(prone, "s").slices if each.position] == [0, 2.5, 5]
    # Columns forward only: the normal points to the feet, so does the order.
    down = [make_slice((0, 0, z), orientation=(1.0, 0, 0, 0, -1.0, 0)) for z in (5.0, 0.0, 2.5)]
    assert [each.position[2] for each in arrange(down, "s").slices if each.position] == [5, 2.5, 0]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_slices(make_slice: Make, count: int) -> None:
    with pytest.raises(SeriesGeometryError, match=f"series 1 has {count} slice, too few"):
        arrange([make_slice((0, 0, 0))] * count, "series 1")


@pytest.mark.parametrize(
    "changes",
    [
        {"position": None},
        {"orientation": None},
        {"pixel_spacing": None},
        {"pixel_spacing": (1e-300, 1e-300)},
        {"rows": 0},
    ],
)
def test_slices_that_cannot_be_placed(make_slice: Make, changes: dict[str, object]) -> None:
    bad = make_slice(**({"position": (0, 0, 5.0)} | changes))
    with pytest.raises(SeriesGeometryError, match=re.escape(bad.file.name)):
        arrange([make_slice((0, 0, 0)), make_slice((0, 0, 2.5)), bad], "series 1")


def test_missing_slices_are_listed_by_position(make_slice: Make) -> None:
    heights = [h for h in (0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5) if h not in (12.5, 15)]
    with pytest.raises(
        SeriesGeometryError, match=r"series 1 is incomplete, slices missing at z = 12\.5, 15\.0 mm;"
    ) as caught:
        arrange([make_slice((0, 0, h)) for h in heights], "series 1")
    assert not isinstance(caught.value, MixedStackError)


def test_missing_slices_are_told_along_the_axis_they_run(make_slice: Make) -> None:
    sagittal = [
        make_slice((x, 0, 0), orientation=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
        for x in (-20, -17, -14, -8, -5, -2, 1)
    ]
    with pytest.raises(SeriesGeometryError, match=r"x = -11\.0 mm;"):
        arrange(sagittal, "series 1")


def test_a_long_list_of_missing_slices_is_cut(make_slice: Make) -> None:
    heights = [k * 0.5 for k in range(60) if not 20 <= k < 40]
    with pytest.raises(SeriesGeometryError, match=r"10\.00, 10\.50, .* mm and 8 more;"):
        arrange([make_slice((0, 0, h)) for h in heights], "series 1")


def test_duplicate_slices_name_both_files(make_slice: Make) -> None:
    slices = [make_slice((0, 0, h)) for h in (0, 2.5, 5, 7.5)]
    twin = make_slice((0, 0, 5.001))
    with pytest.raises(
        MixedStackError,
        match=r"duplicate slices at z = 5\.0 mm \(slice at \(0, 0, 5\) and slice at \(0, 0, 5\.001",
    ):
        arrange([*slices, twin], "series 1")


def test_mixed_orientation_names_both_files(make_slice: Make) -> None:
    slices = [make_slice((0, 0, 0)), make_slice((0, 0, 2.5)), make_slice((9, 0, 0))]
    slices[2] = make_slice((9, 0, 0), orientation=TURNED)
    with pytest.raises(
        MixedStackError, match=r"different orientation \(slice at \(0, 0, 0\) and slice at \(9"
    ):
        arrange(slices, "series 1")


@pytest.mark.parametrize("changes", [{"rows": 4}, {"columns": 3}, {"pixel_spacing": (0.7, 0.9)}])
def test_mixed_sizes(make_slice: Make, changes: dict[str, object]) -> None:
    slices = [make_slice((0, 0, 0)), make_slice((0, 0, 2.5)), make_slice((0, 0, 5), **changes)]
    with pytest.raises(MixedStackError, match="different size or pixel spacing"):
        arrange(slices, "series 1")


@pytest.mark.parametrize(
    "orientation",
    [
        (1.0, 0, 0, 1.0, 0, 0),
        (1.0, 0, 0, 0, 2.0, 0),
        (0.0, 0, 0, 0, 0, 0),
        (1.0, 0, 0, 0.2, 0.98, 0),
    ],
)
def test_orientation_must_be_two_perpendicular_unit_vectors(
    make_slice: Make, orientation: tuple[float, ...]
) -> None:
    slices = [make_slice((0, 0, z), orientation=orientation) for z in (0, 2.5)]
    with pytest.raises(SeriesGeometryError, match="not two perpendicular unit vectors"):
        arrange(slices, "series 1")
