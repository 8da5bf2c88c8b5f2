"""Mass and partial-volume-aware volume against shapes with a closed form."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from calciscope.ct.lesions import find_lesions
from calciscope.ct.mineral_mass import Mineral, background_hu, measure_mineral
from calciscope.ct.neighborhood import study_surroundings
from calciscope.ct.settings import MeasurementSettings
from calciscope.physics import ha_mg_cc_per_hu, ha_slope_hu_per_mg_cc
from calciscope.volume import Volume

SETTINGS = MeasurementSettings(minimum_volume_mm3=0, minimum_voxels=1)
KVP = 120.0
SOFT = (1.0, 1.0, 2.5)
FINE = (0.5, 0.5, 1.25)
CUBE_MM3 = 6.0**3
SPHERE_MM3 = 4 / 3 * np.pi * 2.5**3
ROD_MM3 = np.pi * 1.75**2 * 8.5 + 4 / 3 * np.pi * 1.75**3


def sphere(center: np.ndarray, radius: float = 2.5) -> Callable[..., np.ndarray]:
    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        offsets = (x - center[0]) ** 2 + (y - center[1]) ** 2 + (z - center[2]) ** 2
        return np.asarray(np.sqrt(offsets) - radius)

    return distance


def rod(
    center: np.ndarray, length: float = 12.0, radius: float = 1.75
) -> Callable[..., np.ndarray]:
    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        half = length / 2 - radius
        along = (z - center[2]) - np.clip(z - center[2], -half, half)
        return np.asarray(np.sqrt((x - center[0]) ** 2 + (y - center[1]) ** 2 + along**2) - radius)

    return distance


def block(
    center: np.ndarray, half: tuple[float, float, float] = (3, 3, 3)
) -> Callable[..., np.ndarray]:
    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        beyond = [np.abs(p - c) - h for p, c, h in zip((x, y, z), center, half, strict=True)]
        return np.maximum(np.maximum(beyond[0], beyond[1]), beyond[2])

    return distance


@pytest.fixture
def minerals(segment: Callable[..., object]) -> Callable[..., list[Mineral]]:
    """Measure all lesions of an HU array; the mask is given."""

    def measure(
        hu: np.ndarray,
        mask: np.ndarray,
        spacing_mm: tuple[float, ...],
        tissues: np.ndarray,
        beneath: int = 2,
    ) -> list[Mineral]:
        ct = Volume.from_spacing(hu, spacing_mm)
        labels = tissues.copy()
        labels[mask] = 6
        lesions = find_lesions(ct.with_array(mask), SETTINGS)
        surroundings = study_surroundings(ct, segment(ct, labels, beneath), lesions, labels == 3)
        found = []
        for number in range(1, lesions.count + 1):
            near = surroundings.neighborhood(number, 6.0)
            around = background_hu(near, KVP, SETTINGS)
            found.append(measure_mineral(near, around, ha_mg_cc_per_hu(KVP), SETTINGS))
        return found

    return measure


@pytest.mark.parametrize("fwhm_mm", [0.7, 1.2])
@pytest.mark.parametrize("spacing_mm", [SOFT, FINE], ids=["soft", "fine"])
@pytest.mark.parametrize(
    ("shape", "volume_mm3", "ha_mg_cc"),
    [(block, CUBE_MM3, 800), (sphere, SPHERE_MM3, 300), (rod, ROD_MM3, 350)],
    ids=["cube", "sphere", "rod"],
)
def test_mass_is_that_of_the_closed_form_wherever_the_grid_lies(
    minerals: Callable[..., list[Mineral]],
    render: Callable[..., np.ndarray],
    shape: Callable[..., object],
    volume_mm3: float,
    ha_mg_cc: float,
    spacing_mm: tuple[float, float, float],
    fwhm_mm: float,
) -> None:
    counts = tuple(int(np.ceil(24 / s)) for s in spacing_mm)
    masses = []
    for shift in (0.0, 0.25, 0.5):
        center = (np.array(counts) // 2 + shift) * np.array(spacing_mm)
        share = render(counts, spacing_mm, shape(center), fwhm_mm)
        hu = 50.0 + ha_slope_hu_per_mg_cc(KVP) * ha_mg_cc * share
        mask = share > 0.5 * share.max()
        (mineral,) = minerals(hu, mask, spacing_mm, np.full(counts, 2, np.uint8))
        masses.append(mineral.ha_mass_mg)
        assert mineral.background_hu == pytest.approx(50.0, abs=0.5)
    expected = volume_mm3 * ha_mg_cc / 1000
    assert masses == pytest.approx([expected] * 3, rel=0.03)
    assert max(masses) - min(masses) < 0.03 * expected


def test_volume_aware_of_partial_volume_beats_counting_voxels(
    minerals: Callable[..., list[Mineral]], render: Callable[..., np.ndarray]
) -> None:
    counts = (24, 24, 10)
    share = render(counts, SOFT, rod(np.array([12.5, 12.5, 13.0])), 1.2)
    hu = 50.0 + ha_slope_hu_per_mg_cc(KVP) * 345 * share  # 500 HU within
    mask = hu >= 130
    (mineral,) = minerals(hu, mask, SOFT, np.full(counts, 2, np.uint8))
    assert mask.sum() * 2.5 > 1.4 * ROD_MM3
    assert mineral.volume_pv_mm3 == pytest.approx(ROD_MM3, rel=0.05)


def test_noise_adds_no_mass(
    minerals: Callable[..., list[Mineral]], render: Callable[..., np.ndarray]
) -> None:
    counts = (24, 24, 10)
    share = render(counts, SOFT, rod(np.array([12.5, 12.5, 13.0])), 0.7)
    hu = 50.0 + ha_slope_hu_per_mg_cc(KVP) * 350 * share
    mask = share > 0.5 * share.max()
    rng = np.random.default_rng(11)
    tissues = np.full(counts, 2, np.uint8)
    found = [minerals(hu + rng.normal(0, 70, counts), mask, SOFT, tissues)[0] for _ in range(12)]
    # Clipping at the background instead would add a seventh at this noise.
    assert np.mean([m.ha_mass_mg for m in found]) == pytest.approx(ROD_MM3 * 0.35, rel=0.05)
    # Nor does noise raise the core that the volume is measured against.
    assert np.mean([m.volume_pv_mm3 for m in found]) == pytest.approx(ROD_MM3, rel=0.1)


def test_mineral_between_two_lesions_is_shared_not_doubled(
    minerals: Callable[..., list[Mineral]], render: Callable[..., np.ndarray]
) -> None:
    counts, slope = (40, 24, 10), ha_slope_hu_per_mg_cc(KVP)
    one = render(counts, SOFT, rod(np.array([15.5, 12.5, 13.0])), 1.2)
    two = render(counts, SOFT, rod(np.array([20.5, 12.5, 13.0])), 1.2)
    mask = np.maximum(one, two) > 0.5 * one.max()
    found = minerals(50 + slope * 350 * (one + two), mask, SOFT, np.full(counts, 2, np.uint8))
    assert len(found) == 2
    total = sum(mineral.ha_mass_mg for mineral in found)
    assert total == pytest.approx(2 * ROD_MM3 * 0.35, rel=0.03)


def test_bone_and_air_beside_a_lesion_are_neither_background_nor_mineral(
    minerals: Callable[..., list[Mineral]], render: Callable[..., np.ndarray]
) -> None:
    counts = (40, 24, 10)
    share = render(counts, SOFT, rod(np.array([20.5, 12.5, 13.0])), 1.2)
    hu = 50.0 + ha_slope_hu_per_mg_cc(KVP) * 350 * share
    tissues = np.full(counts, 2, np.uint8)
    hu[:17], tissues[:17] = 1200.0, 3  # bone from 3.5 mm beside the rod's axis
    hu[25:], tissues[25:] = -1000.0, 0  # air 4.5 mm on the other side
    (mineral,) = minerals(hu, share > 0.5 * share.max(), SOFT, tissues)
    assert mineral.ha_mass_mg == pytest.approx(ROD_MM3 * 0.35, rel=0.03)
    assert mineral.background_hu == pytest.approx(50.0, abs=1.0)


def test_a_plaque_in_thin_fat_is_compared_with_fat(
    minerals: Callable[..., list[Mineral]], render: Callable[..., np.ndarray]
) -> None:
    counts = (40, 24, 10)

    plate = block(np.array([20.3, 12.5, 12.5]), half=(8, 1, 5))
    share = render(counts, SOFT, plate, 1.2)
    tissues = np.full(counts, 2, np.uint8)
    tissues[:, 9:16] = 1  # 7 mm of fat between muscle and muscle
    hu = np.where(tissues == 1, -100.0, 50.0) + ha_slope_hu_per_mg_cc(KVP) * 300 * share
    (mineral,) = minerals(hu, share > 0.5 * share.max(), SOFT, tissues, beneath=1)
    assert mineral.background_hu < -90
    assert mineral.ha_mass_mg == pytest.approx(16 * 2 * 10 * 0.3, rel=0.05)


def test_blur_that_was_taken_for_muscle_does_not_lower_the_mass_of_a_plaque(
    minerals: Callable[..., list[Mineral]], render: Callable[..., np.ndarray]
) -> None:
    """Between mineral and fat the CT has the HU of muscle, and a network calls it that."""
    counts = (40, 40, 10)
    plate = block(np.array([20.3, 20.5, 12.5]), half=(8, 1, 5))
    share = render(counts, SOFT, plate, 1.2)
    mask = share > 0.5 * share.max()
    hu = -100.0 + ha_slope_hu_per_mg_cc(KVP) * 300 * share
    tissues = np.full(counts, 1, np.uint8)
    tissues[ndimage.binary_dilation(mask)] = 2
    (mineral,) = minerals(hu, mask, SOFT, tissues, beneath=2)
    assert mineral.background_hu < -95
    assert mineral.ha_mass_mg == pytest.approx(16 * 2 * 10 * 0.3, rel=0.05)


def test_small_lesions_take_the_fallback_core(minerals: Callable[..., list[Mineral]]) -> None:
    hu = np.full((16, 16, 16), 50.0)
    mask = np.zeros(hu.shape, bool)
    mask[8, 8, 7:9] = True
    hu[mask] = 275.0
    tissues = np.full(hu.shape, 2, np.uint8)
    (faint,) = minerals(hu, mask, (1, 1, 1), tissues)
    # Two voxels at half the way from 50 to the fallback of 500: one voxel of pure mineral.
    assert faint.volume_pv_mm3 == pytest.approx(1.0)
    hu[mask] = 1050.0
    (dense,) = minerals(hu, mask, (1, 1, 1), tissues)
    assert dense.volume_pv_mm3 == pytest.approx(2.0)
    # 2 mm3 of 1000 HU over background at 0.7675 mg/cm3 per HU.
    assert dense.ha_mass_mg == pytest.approx(2 * 1000 * 0.7675 / 1000, rel=1e-3)


def test_without_any_background_textbook_muscle_stands_in(segment: Callable[..., object]) -> None:
    ct = Volume.from_spacing(np.full((4, 4, 4), 300.0), (1, 1, 1))
    labels = np.full((4, 4, 4), 6, np.uint8)
    lesions = find_lesions(ct.with_array(labels == 6), SETTINGS)
    near = study_surroundings(ct, segment(ct, labels), lesions, labels == 3).neighborhood(1, 6.0)
    around = background_hu(near, KVP, SETTINGS)
    assert around.hu == pytest.approx(43.0)
    assert around.noise_hu > 0
    assert not around.sample.any()
