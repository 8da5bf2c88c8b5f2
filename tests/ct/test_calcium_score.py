"""The extended Agatston score, area by area."""

import numpy as np
import pytest

from calciscope.ct.calcium_score import AgatstonRule, agatston_score

RULE = AgatstonRule.for_kvp(120)


def score(hu: np.ndarray, territory: np.ndarray | None = None, **options: float) -> float:
    settings = {"pixel_area_mm2": 1.0, "increment_mm": 3.0} | options
    everywhere = np.ones(hu.shape, bool) if territory is None else territory
    return agatston_score(
        hu, everywhere, settings["pixel_area_mm2"], settings["increment_mm"], RULE
    )


def slices(*planes: np.ndarray) -> np.ndarray:
    return np.stack(planes, axis=-1).astype(float)


@pytest.mark.parametrize(
    ("peak_hu", "weight"),
    [
        (129.9, 0),
        (130, 1),
        (199.9, 1),
        (200, 2),
        (299.9, 2),
        (300, 3),
        (399.9, 3),
        (400, 4),
        (3000, 4),
    ],
)
def test_weights(peak_hu: float, weight: int) -> None:
    assert RULE.weight(peak_hu) == weight
    plane = np.zeros((4, 4))
    plane[1, 1:3] = peak_hu
    assert score(slices(plane)) == pytest.approx(2 * weight)


def test_each_slice_has_its_own_peak() -> None:
    first, second = np.zeros((5, 5)), np.zeros((5, 5))
    first[1:3, 1:3] = 150  # 4 mm2, weight 1
    second[1:3, 1:3] = 150
    second[1, 1] = 450  # 4 mm2, weight 4
    assert score(slices(first, second)) == pytest.approx(4 * 1 + 4 * 4)


def test_areas_of_a_slice_are_eight_connected_and_weighted_apart() -> None:
    plane = np.zeros((6, 6))
    plane[0, 0] = plane[1, 1] = 250  # one area of 2 mm2 across a corner, weight 2
    plane[4, 4:6] = 350  # another of 2 mm2, weight 3
    assert score(slices(plane)) == pytest.approx(2 * 2 + 2 * 3)


def test_areas_under_one_square_millimeter_do_not_count() -> None:
    plane = np.zeros((6, 6))
    plane[0, 0] = 500
    plane[3, 3:6] = 500
    # At 0.4 mm2 a pixel: one pixel is too small, three are 1.2 mm2 of weight 4.
    assert score(slices(plane), pixel_area_mm2=0.4) == pytest.approx(1.2 * 4)


def test_scaled_by_slice_increment() -> None:
    plane = np.full((2, 2), 150.0)
    assert score(slices(plane), increment_mm=1.5) == pytest.approx(4 * 1.5 / 3)


def test_voxels_of_others_do_not_count() -> None:
    plane = np.full((2, 2), 150.0)
    territory = np.zeros((2, 2, 1), bool)
    territory[0] = True
    assert score(slices(plane), territory) == pytest.approx(2.0)
    assert score(slices(plane), np.zeros((2, 2, 1), bool)) == 0.0


@pytest.mark.parametrize(
    ("kvp", "ratio"), [(80, 1.38), (100, 1.14), (110, 1.06), (120, 1.0), (130, 0.947), (140, 0.90)]
)
def test_thresholds_mean_the_same_mineral_at_every_voltage(kvp: float, ratio: float) -> None:
    rule = AgatstonRule.for_kvp(kvp)
    assert rule.weights_from_hu == pytest.approx(
        [130 * ratio, 200 * ratio, 300 * ratio, 400 * ratio], rel=0.005
    )
    assert rule.threshold_hu == rule.weights_from_hu[0]
