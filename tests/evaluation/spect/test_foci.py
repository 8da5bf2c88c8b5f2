"""Foci and hot spots by hand: distances in mm between voxels that a reader can count."""

import numpy as np
import pytest

from calciscope.evaluation.spect.foci import (
    are_false,
    focus_centers,
    focus_distances,
    focus_rows,
    hot_foci,
)
from calciscope.labels import Compartment
from calciscope.volume import Volume


def row(number: int, center: tuple[float, float, float], **changes: object) -> dict[str, object]:
    return {
        "id": number, "compartment": "muscle", "kind": "rod", "suv": 6.0, "volume_ml": 2.0,
        "center_mm": list(center), "classified": "calcified_hot", "lesion_ids": [],
        "physiologic": False, "length_mm": 20.0, **changes,
    }  # fmt: skip


@pytest.fixture
def ids() -> Volume:
    array = np.zeros((10, 10, 10), np.uint16)
    array[2, 2, 2] = 1
    array[7:9, 5, 5] = 2
    return Volume.from_spacing(array, (5.0, 5.0, 5.0))


def test_distances_are_to_the_nearest_voxel_of_each_hot_spot(ids: Volume) -> None:
    centers = np.array([[10.0, 10.0, 16.0], [30.0, 25.0, 25.0]])
    distances = focus_distances(centers, ids, [1, 2])
    # The first hot spot is at (10, 10, 10), the second at (35, 25, 25) and (40, 25, 25).
    assert distances[0, 0] == pytest.approx(6.0)
    assert distances[1, 1] == pytest.approx(5.0)
    assert distances[0, 1] == pytest.approx(np.sqrt(25**2 + 15**2 + 9**2))


def test_centers_are_where_the_spect_saw_them() -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = (4.0, 0.0, -3.0)
    meta = {"misregistration": {"matrix": matrix.tolist()}}
    assert focus_centers([row(1, (1.0, 2.0, 3.0))], meta).tolist() == [[5.0, 2.0, 0.0]]


def test_only_foci_as_hot_as_a_hot_spot_are_hot() -> None:
    meta = {"foci": [row(1, (0, 0, 0)), row(2, (0, 0, 0), suv=1.4), row(3, (0, 0, 0), suv=1.5)]}
    assert [focus["id"] for focus in hot_foci(meta, 1.5)] == [1, 3]


def test_found_within_10_mm_of_the_center() -> None:
    foci = [row(1, (0, 0, 0)), row(3, (0, 0, 0))]
    rows = focus_rows(foci, np.array([[10.0, 40.0], [10.1, 40.0]]), [Compartment.BONE] * 2)
    assert [(focus.id, focus.found) for focus in rows] == [(1, True), (3, False)]


@pytest.mark.parametrize(
    ("truth", "distance", "expected"),
    [(Compartment.MUSCLE, 30.0, True), (Compartment.MUSCLE, 30.1, False),
     (Compartment.BONE, 30.0, False), (None, 30.0, False)],
)  # fmt: skip
def test_a_long_focus_is_found_by_a_hot_spot_of_its_compartment_within_half_its_length(
    truth: Compartment | None, distance: float, expected: bool
) -> None:
    foci = [row(1, (0, 0, 0), length_mm=60.0)]
    assert focus_rows(foci, np.array([[distance]]), [truth])[0].found is expected


@pytest.mark.parametrize(
    ("ml", "mm", "expected"),
    [(0.5, 5.0, True), (0.4, 8.0, True), (0.4, 7.9, False)],
)
def test_large_enough_in_volume_or_length(ml: float, mm: float, expected: bool) -> None:
    foci = [row(1, (0, 0, 0), volume_ml=ml, length_mm=mm)]
    assert focus_rows(foci, np.array([[5.0]]), [None])[0].assessable is expected


def test_a_hot_spot_is_false_only_without_focus_and_without_true_uptake() -> None:
    distances = np.array([[3.0, 30.0, 30.0], [50.0, 60.0, 12.0]])
    highest = np.array([0.5, 0.5, 4.0])
    # The first has a focus near; the third lies over true uptake, such as bone.
    assert are_false(distances, highest, 1.5).tolist() == [False, True, False]


def test_without_foci_true_uptake_decides() -> None:
    assert are_false(np.zeros((0, 2)), np.array([1.4, 1.5]), 1.5).tolist() == [True, False]
