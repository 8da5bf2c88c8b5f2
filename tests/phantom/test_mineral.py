"""Rasterizing mineral: volume and mass kept, contrast by the HU formula, truth at half-maximum."""

import numpy as np
import pytest

from calciscope.phantom.mineral import (
    Deposit,
    Lesion,
    Patch,
    analytic_volume_and_mass,
    contrast_hu,
    half_maximum,
    mineral_field,
    rasterize,
)
from calciscope.phantom.shapes import Capsule, Ellipsoid
from calciscope.volume import Volume


def grid(spacing: tuple[float, float, float] = (1.0, 1.0, 2.5)) -> Volume:
    shape = tuple(int(60 / s) for s in spacing)
    return Volume.from_spacing(np.zeros(shape, np.uint8), spacing, (-30, -30, -30))


def lesion(deposit: Deposit, kind: str = "C3") -> Lesion:
    return Lesion(kind, "muscle", (deposit,))


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 2.5), (0.7, 0.7, 1.25)])
def test_mass_does_not_depend_on_the_grid(
    shift: float, spacing: tuple[float, float, float]
) -> None:
    rod = Capsule.along(np.full(3, shift), np.array([0.2, 0.1, 1.0]), 12.0, 3.5)
    volume_grid = grid(spacing)
    patch = rasterize(lesion(Deposit(rod, 400.0)), volume_grid)
    assert patch is not None
    mass_mg = patch.ha_mg_cc.sum() * volume_grid.voxel_volume_mm3 / 1000
    assert mass_mg == pytest.approx(rod.volume_mm3 * 400 / 1000, rel=0.03)


def test_volume_and_mass_of_the_twin_rod() -> None:
    # RM1 of the case report: 6 capsules of 10 x 3 mm, 350 mg/mL: 381.7 mm3 and 133.6 mg in all.
    rod = Capsule.along(np.zeros(3), np.array([0.0, 0, 1]), 10.0, 3.0)
    volume, mass = analytic_volume_and_mass(lesion(Deposit(rod, 350.0)))
    assert 6 * volume == pytest.approx(381.7, abs=0.1)
    assert 6 * mass == pytest.approx(133.6, abs=0.1)


def test_a_shell_has_the_mass_of_its_rim() -> None:
    ball = Ellipsoid.sphere(np.zeros(3), 12.0)
    shell = Deposit(ball, 600.0, core_ha_mg_cc=0.0, rim_mm=1.5)
    _, mass = analytic_volume_and_mass(lesion(shell, "C7"))
    assert mass == pytest.approx(4 / 3 * np.pi * (6**3 - 4.5**3) * 0.6, rel=0.03)


def test_sediment_lies_behind_the_level() -> None:
    ball = Ellipsoid.sphere(np.zeros(3), 20.0)
    pool = Deposit(ball, 200.0, level_y_mm=0.0, sediment_ha_mg_cc=800.0)
    patch = rasterize(lesion(pool, "C4"), grid())
    assert patch is not None
    middle = patch.ha_mg_cc.shape[1] // 2
    front, back = patch.ha_mg_cc[:, : middle - 2].max(), patch.ha_mg_cc[:, middle + 2 :].max()
    assert front == pytest.approx(200, rel=0.01)
    assert back == pytest.approx(800, rel=0.01)


def test_overlapping_deposits_do_not_add_up() -> None:
    ball = Ellipsoid.sphere(np.zeros(3), 10.0)
    both = Lesion("C1", "subcutaneous", (Deposit(ball, 300.0), Deposit(ball, 500.0)))
    patch = rasterize(both, grid())
    assert patch is not None
    assert patch.ha_mg_cc.max() == pytest.approx(500, rel=0.01)
    assert patch.fraction.max() == pytest.approx(1.0)


def test_a_lesion_outside_of_the_grid_is_left_out() -> None:
    far = lesion(Deposit(Ellipsoid.sphere(np.full(3, 500.0), 5.0), 300.0))
    near = lesion(Deposit(Ellipsoid.sphere(np.zeros(3), 5.0), 300.0))
    assert mineral_field([far, near], grid()).lesions == [near]


def test_contrast_by_the_formula() -> None:
    # 350 mg/mL in muscle of 43 HU at 120 kVp: 43 (1 - 350/3160) + 1.30 x 350 = 494 - 0.6.
    patch = Patch(
        (slice(0, 1),) * 3, np.ones((1, 1, 1), np.float32), np.full((1, 1, 1), 350, np.float32)
    )
    contrast = contrast_hu(patch, np.full((1, 1, 1), 43, np.float32), 1.30)
    assert contrast.item() == pytest.approx(350 * 1.30 - 350 * 43 / 3160, rel=1e-5)


def profile(width: int, peak: float) -> np.ndarray:
    """A bar of `width` voxels of `peak` HU, blurred by [1/4, 1/2, 1/4] along x."""
    bar = np.zeros((21, 9, 9), np.float32)
    bar[10 - width // 2 : 10 + width // 2 + 1, 3:6, 3:6] = peak
    return np.asarray(0.25 * np.roll(bar, 1, 0) + 0.5 * bar + 0.25 * np.roll(bar, -1, 0))


def test_truth_is_the_half_maximum() -> None:
    contrast = profile(5, 400.0)
    visible, faint = half_maximum(contrast, (contrast > 390) * 1.0, np.ones(3), 60.0)
    # Edge voxels of the bar hold 300 of 400, the first voxel outside 100: half is 200.
    assert visible[:, 4, 4].sum() == 5
    assert not faint.any()


def test_what_is_too_faint_to_see_is_ignored_and_not_blamed() -> None:
    contrast = profile(5, 50.0)
    fraction = np.asarray(contrast > 30, np.float32)
    visible, faint = half_maximum(contrast, fraction, np.ones(3), 60.0)
    assert not visible.any()
    assert faint.sum() == np.count_nonzero(fraction)


@pytest.mark.parametrize(("kind", "target"), [("C3", True), ("H1", True), ("V2", False)])
def test_kinds_that_the_network_is_to_find(kind: str, target: bool) -> None:
    ball = Deposit(Ellipsoid.sphere(np.zeros(3), 3.0), 300.0)
    assert lesion(ball, kind).is_calcification is target
