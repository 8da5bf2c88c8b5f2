"""Where voxels lie: the DICOM formula (PS3.3 C.7.6.2.1.1), checked for every orientation."""

import random
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.readers.arrangement import arrange
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.slices import Slice
from calciscope.volume import Volume

Make = Callable[..., Slice]
ROW_SPACING, COLUMN_SPACING, SLICE_SPACING = 0.7, 0.8, 2.5

ALL_48 = [
    np.stack([sign * axis for sign, axis in zip(signs, axes, strict=True)], axis=1)
    for axes in permutations(np.eye(3))
    for signs in product((1.0, -1.0), repeat=3)
]
"""All right- and left-handed turns: columns are the directions of i, j and k."""


def dicom_formula(
    position: NDArray[np.float64], row: NDArray[np.float64], column: NDArray[np.float64]
) -> Callable[[float, float], NDArray[np.float64]]:
    """The matrix of PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1, written out."""
    matrix = np.array(
        [
            [row[0] * COLUMN_SPACING, column[0] * ROW_SPACING, 0, position[0]],
            [row[1] * COLUMN_SPACING, column[1] * ROW_SPACING, 0, position[1]],
            [row[2] * COLUMN_SPACING, column[2] * ROW_SPACING, 0, position[2]],
            [0, 0, 0, 1],
        ]
    )
    return lambda i, j: (matrix @ np.array([i, j, 0, 1]))[:3]


def stack_slices(turn: NDArray[np.float64], origin: NDArray[np.float64]) -> list[Slice]:
    """Five slices with rows along the first, columns along the second, steps along the third."""
    slices = []
    for k in range(5):
        position = origin + k * SLICE_SPACING * turn[:, 2]
        slices.append(
            Slice(
                file=FoundFile(Path(f"{k}"), f"{k}"),
                frame=None,
                sop_instance_uid=f"1.2.{k}",
                instance_number=k,
                rows=3,
                columns=4,
                samples_per_pixel=1,
                position=tuple(position),
                orientation=(*turn[:, 0], *turn[:, 1]),
                pixel_spacing=(ROW_SPACING, COLUMN_SPACING),
                thickness=2.5,
                slope=1.0,
                intercept=0.0,
                rescale_type="",
                image_type=(),
                acquisition_number=None,
                temporal_position=None,
                kernel="",
            )
        )
    return slices


def check_world_positions(turn: NDArray[np.float64], origin: NDArray[np.float64]) -> None:
    slices = stack_slices(turn, origin)
    random.Random(1).shuffle(slices)
    stack = arrange(slices, "series")
    volume = Volume(np.zeros((4, 3, 5), np.int16), stack.affine)
    for k, each in enumerate(stack.slices):
        world = dicom_formula(np.array(each.position), turn[:, 0], turn[:, 1])
        np.testing.assert_allclose(volume.lps_mm([3, 1, k]), world(3, 1), atol=1e-9)
        np.testing.assert_allclose(volume.lps_mm([0, 2, k]), world(0, 2), atol=1e-9)
    # Slices are sorted along the normal, so that the grid is right-handed whatever came.
    assert np.linalg.det(stack.affine[:3, :3]) == pytest.approx(0.7 * 0.8 * 2.5)
    assert stack.is_even
    assert stack.is_straight
    assert stack.extent_mm == pytest.approx(4 * 2.5)


@pytest.mark.parametrize("turn", ALL_48)
def test_world_positions_for_all_48_axis_orientations(turn: NDArray[np.float64]) -> None:
    check_world_positions(turn, np.array([-211.9, -122.1, 699.8]))


@st.composite
def rotations(draw: st.DrawFn) -> NDArray[np.float64]:
    """Rotation matrices from unit quaternions, so any oblique orientation."""
    part = st.floats(-1, 1, allow_subnormal=False)
    w, x, y, z = (draw(part) for _ in range(4))
    norm = (w * w + x * x + y * y + z * z) ** 0.5
    w, x, y, z = (1.0, 0.0, 0.0, 0.0) if norm < 1e-3 else (w / norm, x / norm, y / norm, z / norm)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


@settings(max_examples=60, deadline=None)
@given(rotations(), st.tuples(*[st.floats(-1000, 1000)] * 3))
def test_world_positions_for_oblique_orientations(
    turn: NDArray[np.float64], origin: tuple[float, float, float]
) -> None:
    check_world_positions(turn, np.array(origin))


@pytest.mark.parametrize("turn", ALL_48)
def test_left_and_right_survive_writing_and_reading(
    tmp_path: Path, turn: NDArray[np.float64]
) -> None:
    patient = Volume.from_spacing(
        np.arange(-1000, -1000 + 60, dtype=np.int16).reshape(5, 4, 3), (1.0, 1.5, 2.0), (-7, 8, 9)
    )
    # The same patient with axes in another order and direction.
    order = np.abs(turn).argmax(axis=0)
    flips = turn.sum(axis=0) < 0
    mirrored = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    array = patient.array.transpose(order)[mirrored]
    first = np.zeros(3)
    first[order] = np.where(flips, np.array(patient.shape)[order] - 1, 0)
    affine = np.eye(4)
    affine[:3, :3] = turn * patient.spacing_mm[order]
    affine[:3, 3] = patient.lps_mm(first)

    write_ct_series(Volume(array, affine), tmp_path, uid_seed="turn")
    seen = read_ct(tmp_path).volume.canonical().volume
    np.testing.assert_array_equal(seen.array, patient.array)
    np.testing.assert_allclose(seen.affine, patient.affine, atol=1e-9)


def test_a_tilted_gantry_is_seen(make_slice: Make) -> None:
    # 20 degrees: each slice 2.5 mm higher lies 2.5 * tan(20 deg) further back.
    back = 2.5 * np.tan(np.radians(20))
    stack = arrange([make_slice((0, k * back, k * 2.5)) for k in range(8)], "series")
    assert not stack.is_straight
    assert stack.is_even
    assert stack.tilt_degrees == pytest.approx(20)
    np.testing.assert_allclose(stack.offsets[7], [0, 7 * back / 0.7])


def test_a_shifted_slice_is_seen(make_slice: Make) -> None:
    shifted = [make_slice((3.0 if k == 4 else 0.0, 0, k * 2.5)) for k in range(8)]
    assert not arrange(shifted, "series").is_straight
    nearly = [make_slice((0.1 if k == 4 else 0.0, 0, k * 2.5)) for k in range(8)]
    assert arrange(nearly, "series").is_straight


def test_rounded_positions_count_as_even(make_slice: Make) -> None:
    # 0.625 mm rounded to one decimal, as some archives write it.
    stack = arrange([make_slice((0, 0, round(0.625 * k, 1))) for k in range(40)], "series")
    assert stack.is_even
    assert stack.spacing_mm == pytest.approx(0.625, abs=0.08)
    assert stack.slice_step[2] == pytest.approx(24.4 / 39)  # 39 * 0.625 = 24.375
