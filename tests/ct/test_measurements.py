"""A small study from labels to findings, also mirrored, turned and cut."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calciscope.ct.measurements import CtMeasurement, measure_study
from calciscope.ct.settings import MeasurementSettings
from calciscope.errors import InputError
from calciscope.findings import Lesion
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.patterns import LesionPattern
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

ACQUISITION = CtAcquisition(kvp=120.0, kernel="B30s", slice_thickness_mm=2.0)
SPACING = (2.0, 2.0, 2.0)
ORIGIN = (-160.0, -80.0, 100.0)
SHAPE = (160, 80, 40)


def two_legs() -> tuple[Volume, np.ndarray]:
    """HU and labels: two legs with 10 mm of fat around muscle, tibia and fibula, two lesions."""
    x = (ORIGIN[0] + SPACING[0] * np.arange(SHAPE[0]))[:, None]
    y = (ORIGIN[1] + SPACING[1] * np.arange(SHAPE[1]))[None, :]
    plane = np.zeros(SHAPE[:2], np.uint8)
    for center in (-85.0, 85.0):
        distance = np.hypot(x - center, y)
        plane[distance <= 60] = 1
        plane[distance <= 50] = 2
        plane[np.hypot(x - center, y + 20) <= 13] = 3
        plane[np.hypot(x - center - np.sign(center) * 25, y) <= 6] = 3
    labels = np.repeat(plane[:, :, None], SHAPE[2], axis=2)
    hu = np.array([-1000, -100, 50, 900, 0, 0, 0], np.int16)[labels]
    rod = (slice(125, 127), slice(48, 50), slice(10, 18))  # left muscle: 2 x 2 x 8 voxels
    plaque = (slice(35, 40), slice(67, 68), slice(20, 24))  # right subcutis: 5 x 1 x 4 voxels
    labels[rod] = labels[plaque] = 6
    hu[rod], hu[plaque] = 550, 400
    return Volume.from_spacing(hu, SPACING, ORIGIN), labels


@pytest.fixture
def measure(segment: Callable[..., object]) -> Callable[..., CtMeasurement]:
    """Measure labels on a CT; beneath calcification lies what lies around it."""

    def run(
        ct: Volume, labels: np.ndarray, acquisition: CtAcquisition = ACQUISITION
    ) -> CtMeasurement:
        segmentation = segment(ct, labels)
        beneath = np.where(labels == 6, np.where(ct.array == 400, 1, 2), labels).astype(np.uint8)
        segmentation = replace(segmentation, tissue_beneath=ct.with_array(beneath))
        return measure_study(ct, segmentation, acquisition)

    return run


def by_compartment(measurement: CtMeasurement) -> tuple[Lesion, Lesion]:
    lesions = {lesion.compartment: lesion for lesion in measurement.findings.lesions}
    return lesions[Compartment.MUSCLE], lesions[Compartment.SUBCUTANEOUS]


def test_every_figure_of_two_lesions(measure: Callable[..., CtMeasurement]) -> None:
    ct, labels = two_legs()
    measurement = measure(ct, labels)
    rod, plaque = by_compartment(measurement)
    assert (rod.id, plaque.id) == (1, 2)
    assert (rod.laterality, plaque.laterality) == (Laterality.LEFT, Laterality.RIGHT)
    assert rod.volume_mm3 == pytest.approx(32 * 8)
    assert plaque.volume_mm3 == pytest.approx(20 * 8)
    # 500 HU over muscle; k at 120 kVp is 1 / 1.3030 = 0.7675 mg/cm3 per HU.
    assert rod.ha_mass_mg == pytest.approx(500 * 0.7675 * 0.256, rel=1e-3)
    assert plaque.ha_mass_mg == pytest.approx(500 * 0.7675 * 0.160, rel=1e-3)
    # 32 and 20 voxels are few: the core is 500 HU, or what is higher.
    assert rod.volume_pv_mm3 == pytest.approx(256)
    assert plaque.volume_pv_mm3 == pytest.approx(160 * 500 / 600)
    # Rod: 8 slices of 16 mm2, weight 4, times 2 / 3. Plaque: 4 slices of 20 mm2, weight 4.
    assert rod.agatston == pytest.approx(8 * 16 * 4 * 2 / 3)
    assert plaque.agatston == pytest.approx(4 * 20 * 4 * 2 / 3)
    assert (rod.hu_mean, rod.hu_max, rod.hu_p95) == (550, 550, 550)
    assert (rod.hu_sd, rod.hu_p5, rod.hu_p50) == (0, 550, 550)
    assert rod.calcium_mass_mg == pytest.approx(0.399 * rod.ha_mass_mg)
    # No noise in the image: what is left is the calibration's 12 %.
    assert rod.ha_mass_noise_mg == 0
    assert rod.ha_mass_uncertainty_mg == pytest.approx(0.12 * rod.ha_mass_mg)
    assert rod.pattern is LesionPattern.LINEAR
    assert plaque.pattern is LesionPattern.SHEET
    assert measurement.findings.distribution is not None
    assert measurement.findings.distribution.volume_share_by_pattern == pytest.approx(
        {
            LesionPattern.LINEAR: 256 / (256 + 400 / 3),
            LesionPattern.SHEET: 400 / 3 / (256 + 400 / 3),
        }
    )
    assert (rod.touches_border, rod.distance_to_metal_mm) == (False, None)
    # Farthest centers of the rod: 2, 2 and 14 mm apart, plus one voxel of 2 mm.
    assert rod.longest_diameter_mm == pytest.approx(np.sqrt(2**2 + 2**2 + 14**2) + 2)
    assert rod.linearity > 0.9
    assert rod.angle_to_bone_axis_deg == pytest.approx(0.0, abs=0.5)
    assert rod.centroid_lps_mm == pytest.approx((-160 + 125.5 * 2, -80 + 48.5 * 2, 100 + 13.5 * 2))
    assert rod.region is Region.LOWER_LEG
    assert rod.level is None
    assert rod.probability == pytest.approx(204 / 255)
    # The plaque's center line is at y = 54, leg radius 60: about 5 mm of fat above it.
    assert plaque.distance_to_skin_mm == pytest.approx(4.0, abs=2.0)
    assert plaque.centroid_to_skin_mm == pytest.approx(60 - np.hypot(85 - 85, 54), abs=2.0)
    assert rod.distance_to_bone_mm is not None
    assert 10 < rod.distance_to_bone_mm < 25


def test_burden_adds_up(measure: Callable[..., CtMeasurement]) -> None:
    measurement = measure(*two_legs())
    burden, lesions = measurement.findings.burden, measurement.findings.lesions
    assert burden.total.count == 2
    assert burden.total.ha_mass_mg == pytest.approx(sum(lesion.ha_mass_mg for lesion in lesions))
    muscle = burden.by_compartment[Compartment.MUSCLE]
    assert (muscle[Laterality.LEFT].count, muscle[Laterality.RIGHT].count) == (1, 0)
    assert [
        (place.compartment, place.laterality, place.region, place.figures.count)
        for place in burden.by_region
    ] == [
        (Compartment.MUSCLE, Laterality.LEFT, Region.LOWER_LEG, 1),
        (Compartment.SUBCUTANEOUS, Laterality.RIGHT, Region.LOWER_LEG, 1),
    ]


def test_metal_beside_a_lesion_is_told_of(measure: Callable[..., CtMeasurement]) -> None:
    ct, labels = two_legs()
    screw = (slice(118, 120), slice(48, 50), slice(10, 18))  # 5 voxels of 2 mm beside the rod
    labels[screw] = 5
    ct.array[screw] = 3071
    measurement = measure(ct, labels)
    rod, plaque = by_compartment(measurement)
    assert rod.distance_to_metal_mm == pytest.approx(5 * 2.0)
    assert plaque.distance_to_metal_mm is not None
    assert plaque.distance_to_metal_mm > 100
    (warning,) = measurement.warnings
    assert "1 of 2 lesions lies within 20 mm" in warning


def test_a_lesion_cut_by_the_last_slice_is_marked(measure: Callable[..., CtMeasurement]) -> None:
    ct, labels = two_legs()
    measurement = measure(ct.crop((0, 0, 0), (160, 80, 16)), labels[:, :, :16])
    (lesion,) = measurement.findings.lesions
    assert lesion.touches_border
    assert any("1 lesion ends at the border" in warning for warning in measurement.warnings)


def test_a_truncated_body_is_told_of_even_without_lesions(
    measure: Callable[..., CtMeasurement],
) -> None:
    ct, labels = two_legs()
    labels[labels == 6] = 2
    measurement = measure(ct.crop((0, 0, 0), (140, 80, 40)), labels[:140])
    assert any("reaches the edge of the field" in warning for warning in measurement.warnings)


def test_lesion_ids_lie_on_the_native_grid(measure: Callable[..., CtMeasurement]) -> None:
    ct, labels = two_legs()
    ids = measure(ct, labels).lesion_ids
    assert ids.same_grid(ct)
    assert ((ids.array > 0) == (labels == 6)).all()


def turned(volume: Volume, order: tuple[int, ...], flips: tuple[int, ...]) -> Volume:
    """The same patient on other axes."""
    array, affine = volume.array, volume.affine.copy()
    for axis in flips:
        array = np.flip(array, axis)
        affine[:3, 3] += affine[:3, axis] * (volume.shape[axis] - 1)
        affine[:3, axis] *= -1
    affine[:, :3] = affine[:, list(order)]
    return Volume(np.asfortranarray(array.transpose(order)), affine)


@pytest.mark.parametrize(
    ("order", "flips"),
    [((1, 0, 2), (0, 1)), ((0, 1, 2), (2,)), ((0, 1, 2), (0, 1, 2)), ((1, 0, 2), ())],
    ids=["prone", "feet first", "all flipped", "transposed"],
)
def test_the_way_the_grid_runs_changes_nothing(
    measure: Callable[..., CtMeasurement], order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    ct, labels = two_legs()
    straight = by_compartment(measure(ct, labels))
    other_labels = turned(ct.with_array(labels), order, flips).array
    other = by_compartment(measure(turned(ct, order, flips), other_labels))
    for expected, found in zip(straight, other, strict=True):
        assert found.laterality is expected.laterality
        assert found.centroid_lps_mm == pytest.approx(expected.centroid_lps_mm)
        assert found.ha_mass_mg == pytest.approx(expected.ha_mass_mg)
        assert found.distance_to_skin_mm == pytest.approx(expected.distance_to_skin_mm)
        assert found.angle_to_bone_axis_deg == pytest.approx(
            expected.angle_to_bone_axis_deg, abs=1e-3
        )


def test_a_mirrored_patient_swaps_sides_and_nothing_else(
    measure: Callable[..., CtMeasurement],
) -> None:
    ct, labels = two_legs()
    mirrored = measure(ct.with_array(np.flip(ct.array, 0)), np.flip(labels, 0))
    rod, plaque = by_compartment(mirrored)
    assert (rod.laterality, plaque.laterality) == (Laterality.RIGHT, Laterality.LEFT)
    assert rod.ha_mass_mg == pytest.approx(by_compartment(measure(ct, labels))[0].ha_mass_mg)


def test_one_leg_in_view_is_measured_with_a_warning(
    measure: Callable[..., CtMeasurement],
) -> None:
    ct, labels = two_legs()
    half = ct.crop((80, 0, 0), SHAPE)
    measurement = measure(half, labels[80:])
    assert [lesion.laterality for lesion in measurement.findings.lesions] == [Laterality.LEFT]
    assert any("Only one limb" in warning for warning in measurement.warnings)


def test_no_calcification(measure: Callable[..., CtMeasurement]) -> None:
    ct, labels = two_legs()
    measurement = measure(ct, np.where(labels == 6, 2, labels).astype(np.uint8))
    assert measurement.findings.lesions == ()
    assert measurement.findings.burden.total.count == 0
    assert not measurement.lesion_ids.array.any()
    assert measurement.warnings == ()


def test_neither_bone_nor_skin_in_view(measure: Callable[..., CtMeasurement]) -> None:
    hu = np.full((20, 20, 20), 50, np.int16)
    labels = np.full(hu.shape, 2, np.uint8)
    labels[8:12, 8:12, 8:12] = 6
    hu[labels == 6] = 500
    (lesion,) = measure(Volume.from_spacing(hu, (1, 1, 1)), labels).findings.lesions
    assert lesion.distance_to_bone_mm is None
    assert lesion.distance_to_skin_mm is None
    assert lesion.angle_to_bone_axis_deg is None
    assert (lesion.region, lesion.level) == (Region.UNKNOWN, None)


def test_a_segmentation_of_another_grid_is_refused(segment: Callable[..., object]) -> None:
    ct = Volume.from_spacing(np.zeros((4, 4, 4), np.int16), (1, 1, 1))
    other = Volume.from_spacing(np.zeros((4, 4, 4), np.int16), (1, 1, 2))
    with pytest.raises(InputError, match="grid"):
        measure_study(ct, segment(other, np.zeros((4, 4, 4), np.uint8)), ACQUISITION)


def test_settings_reach_the_lesions(segment: Callable[..., object]) -> None:
    ct, labels = two_legs()
    settings = MeasurementSettings(minimum_volume_mm3=200)
    measurement = measure_study(ct, segment(ct, labels), ACQUISITION, settings)
    assert len(measurement.findings.lesions) == 1
    assert measurement.findings.definition.minimum_volume_mm3 == 200
