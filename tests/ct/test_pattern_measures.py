"""Measures of form, of voxels counted by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.ct.pattern_measures import measure_pattern, tunnels
from calciscope.ct.shape import measure_shape
from calciscope.findings import PatternMeasures
from calciscope.volume import Volume


def measured(
    mask: NDArray[np.bool_], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> PatternMeasures:
    grid = Volume.from_spacing(np.full(mask.shape, 300.0), spacing)
    return measure_pattern(mask, grid.array, measure_shape(np.argwhere(mask), grid), grid)


def block(*size: int) -> NDArray[np.bool_]:
    return np.pad(np.ones(size, bool), 1)


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5])
def test_a_layer_measures_its_thickness(layers: int) -> None:
    measures = measured(block(20, 20, layers), (1.0, 1.0, 0.8))
    assert measures.thickness_mm == pytest.approx(0.8 * layers, rel=0.02)
    # 20 x 20 layers: length sqrt(2) 19 + 1.41 mm across the diagonal; volume / (L t^2).
    length = np.sqrt(2) * 20
    assert measures.breadth == pytest.approx(400 / (length * 0.8 * layers), rel=0.05)
    assert measures.slenderness == pytest.approx(length / (0.8 * layers), rel=0.05)
    # Variances (n^2 - 1) / 12 in mm2: 33.25 twice and 0.64 (layers^2 - 1) / 12.
    expected = 1 - 0.64 * (layers**2 - 1) / 12 / 33.25
    assert measures.planarity == pytest.approx(expected)
    assert measures.hull_fill == pytest.approx(1.0)


def test_a_rod_and_a_cube() -> None:
    rod = measured(block(4, 4, 20))
    assert rod.thickness_mm == pytest.approx(4.0, rel=0.1)
    assert rod.planarity == pytest.approx(0.0, abs=1e-9)
    assert rod.breadth == pytest.approx(320 / (np.sqrt(2 * 9 + 361) + 1.1) / 16, rel=0.2)
    assert measured(block(10, 10, 10)).slenderness < 2.0


def test_an_l_fills_part_of_its_hull() -> None:
    """Two bars 1 x 10 and 10 x 1 that share a voxel: 19 of the hull's 1 + 9 + 9 + 81 / 2."""
    mask = np.zeros((12, 12, 3), bool)
    mask[1, 1:11, 1] = mask[1:11, 1, 1] = True
    assert measured(mask).hull_fill == pytest.approx(19 / (19 + 81 / 2))


def plate_with_holes(count: int) -> NDArray[np.bool_]:
    mask = block(5 + 8 * count, 11, 2)
    for n in range(count):
        mask[4 + 8 * n : 9 + 8 * n, 4:9] = False
    return mask


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_holes_are_tunnels(count: int) -> None:
    assert tunnels(plate_with_holes(count)) == count
    assert measured(plate_with_holes(count)).tunnels == count


def test_narrow_holes_are_closed_first() -> None:
    mask = block(15, 15, 2)
    mask[5:7, 5:7] = False
    assert tunnels(mask) == 1
    assert measured(mask).tunnels == 0


def test_a_cavity_is_no_tunnel_and_is_enclosed() -> None:
    mask = block(9, 9, 9)
    mask[4:7, 4:7, 4:7] = False
    assert tunnels(mask) == 0
    mask = block(11, 11, 11)
    mask[3:10, 3:10, 3:10] = False
    # 7^3 enclosed of 11^3, less the 8 corners that closing gaps takes from the cavity.
    assert measured(mask).enclosed_share == pytest.approx((343 - 8) / (1331 - 8))
    # Through a window of 5 x 5 in a wall, 24 of 49 columns are still enclosed along two axes: in
    # sections along the wall, and in those across it that miss the window. A tube is open.
    mask[4:9, 4:9, 10:] = False
    assert measured(mask).enclosed_share == pytest.approx(24 * 7 / (988 - 25 + 24 * 7), abs=0.01)
    tube = block(11, 11, 20)
    tube[3:10, 3:10] = False
    assert measured(tube).enclosed_share == 0.0


def test_voxels_that_meet_at_corners_are_joined() -> None:
    ring = np.zeros((6, 6, 3), bool)
    ring[1, 2:4, 1] = ring[4, 2:4, 1] = ring[2:4, 1, 1] = ring[2:4, 4, 1] = True
    assert tunnels(ring) == 1


def test_a_large_lesion_is_measured_on_its_own_voxels() -> None:
    mask = block(90, 90, 40)
    assert measured(mask).thickness_mm == pytest.approx(40.0, rel=0.1)


def test_nothing_has_no_form() -> None:
    grid = Volume.from_spacing(np.zeros((3, 3, 3)), (1, 1, 1))
    shape = measure_shape(np.array([[1, 1, 1]]), grid)
    with pytest.raises(ValueError, match="at least one voxel"):
        measure_pattern(np.zeros((3, 3, 3), bool), grid.array, shape, grid)
