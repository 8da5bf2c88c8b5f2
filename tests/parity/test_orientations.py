"""One anatomy, stored in any of 48 orientations or acquired obliquely: one result in the world."""

from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.ct.measurements import CtMeasurement, measure_study
from calciscope.ct.segmentation import CtSegmentation, CtSegmenter
from calciscope.labels import Label
from calciscope.models.engine import create_engine
from calciscope.models.registry import find_model
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

pytestmark = pytest.mark.slow

SPACING_MM = (0.9, 1.1, 2.0)
SHAPE = (104, 86, 34)
LESIONS = {"rod": (22.0, 10.0), "nodule": (-24.0, -6.0)}
"""Place of each lesion in mm; the rod runs along the limb, the nodule is a ball of 9 mm."""

ORIENTATIONS = tuple(product(permutations(range(3)), product((False, True), repeat=3)))


def anatomy_hu(x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray:
    """A limb with one bone and two lesions; mm in the patient frame."""
    radius = np.hypot(x, y)
    hu = np.where(radius < 40, -95.0, -1000.0)
    hu = np.where(radius < 33, 55.0, hu)
    bone = np.hypot(x - 2, y + 2)
    hu = np.where(bone < 11, 1250.0, hu)
    hu = np.where(bone < 6.5, -50.0, hu)
    rod_x, rod_y = LESIONS["rod"]
    rod = np.hypot(np.hypot(x - rod_x, y - rod_y), np.maximum(np.abs(z) - 8, 0))
    ball_x, ball_y = LESIONS["nodule"]
    ball = np.sqrt((x - ball_x) ** 2 + (y - ball_y) ** 2 + z**2)
    for distance in (rod - 3.0, ball - 4.5):
        # Blur of about a millimeter: the share of mineral falls over the edge.
        hu = hu + (600.0 - hu) / (1.0 + np.exp(np.clip(distance / 0.5, -50, 50)))
    return hu


def acquired(turn: NDArray[np.float64]) -> Volume:
    """The anatomy on a grid whose axes are the columns of a rotation matrix."""
    affine = np.eye(4)
    affine[:3, :3] = turn * SPACING_MM
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
    index = np.indices(SHAPE, dtype=np.float64).reshape(3, -1)
    x, y, z = (row.reshape(SHAPE) for row in affine[:3, :3] @ index + affine[:3, 3:])
    noise = np.random.default_rng(0).normal(0, 6, SHAPE)
    return Volume((anatomy_hu(x, y, z) + noise).astype(np.int16), affine)


@pytest.fixture(scope="module")
def segmenter() -> CtSegmenter:
    """The shipped model, once."""
    model = find_model()
    return CtSegmenter(model, create_engine(model, threads=1))


def analyze(segmenter: CtSegmenter, ct: Volume) -> tuple[CtSegmentation, CtMeasurement]:
    segmentation = segmenter.segment(ct)
    return segmentation, measure_study(ct, segmentation, CtAcquisition(kvp=120.0))


@pytest.fixture(scope="module")
def straight(segmenter: CtSegmenter) -> tuple[CtSegmentation, CtMeasurement]:
    """The limb on canonical axes."""
    return analyze(segmenter, acquired(np.eye(3)))


def test_both_lesions_are_found_where_they_are(
    straight: tuple[CtSegmentation, CtMeasurement],
) -> None:
    centers = [lesion.centroid_lps_mm for lesion in straight[1].findings.lesions]
    for x, y in LESIONS.values():
        assert min(np.hypot(cx - x, cy - y) for cx, cy, _ in centers) < 2


@pytest.mark.parametrize(("order", "flips"), ORIENTATIONS)
def test_storage_does_not_change_the_result(
    segmenter: CtSegmenter,
    straight: tuple[CtSegmentation, CtMeasurement],
    stored: Callable[[Volume, tuple[int, ...], tuple[bool, ...]], Volume],
    order: tuple[int, ...],
    flips: tuple[bool, ...],
) -> None:
    segmentation, measurement = analyze(segmenter, stored(acquired(np.eye(3)), order, flips))
    expected, measured = straight
    np.testing.assert_array_equal(
        segmentation.tissues.array, stored(expected.tissues, order, flips).array
    )
    pairs = zip(measurement.findings.lesions, measured.findings.lesions, strict=True)
    for found, wanted in pairs:
        assert found.centroid_lps_mm == pytest.approx(wanted.centroid_lps_mm, abs=1e-6)
        assert found.ha_mass_mg == pytest.approx(wanted.ha_mass_mg, rel=1e-6)
        assert found.probability == pytest.approx(wanted.probability)
        assert (found.laterality, found.compartment) == (wanted.laterality, wanted.compartment)


def turned(degrees: float, axis: int) -> NDArray[np.float64]:
    angle = np.radians(degrees)
    turn = np.eye(3)
    a, b = [each for each in range(3) if each != axis]
    turn[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return turn


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_oblique_slices_give_the_same_lesions(
    segmenter: CtSegmenter, straight: tuple[CtSegmentation, CtMeasurement], axis: int
) -> None:
    ct = acquired(turned(12.0, axis))
    segmentation, measurement = analyze(segmenter, ct)
    for wanted in straight[1].findings.lesions[: len(LESIONS)]:
        found = min(
            measurement.findings.lesions,
            key=lambda lesion: np.linalg.norm(
                np.subtract(lesion.centroid_lps_mm, wanted.centroid_lps_mm)
            ),
        )
        assert found.centroid_lps_mm == pytest.approx(wanted.centroid_lps_mm, abs=1.5)
        assert found.ha_mass_mg == pytest.approx(wanted.ha_mass_mg, rel=0.12)
    # A voxel of the marrow and one of the muscle, by their place in the world.
    for place, label in (((2.0, -2.0, 0.0), Label.BONE), ((0.0, 25.0, 6.0), Label.MUSCLE)):
        index = np.linalg.solve(ct.affine[:3, :3], np.array(place) - ct.affine[:3, 3])
        assert segmentation.tissues.array[tuple(np.rint(index).astype(int))] == label
