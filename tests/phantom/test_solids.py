"""Irregular solids and sheets: distances, trimming, and mass on the grid."""

from dataclasses import dataclass

import numpy as np
import pytest

from calciscope.phantom.mineral import Deposit, Lesion, rasterize
from calciscope.phantom.shapes import Ellipsoid, Points
from calciscope.phantom.solids import Blend, Inset, Polyhedron, Trimmed
from calciscope.phantom.surfaces import Layer, Net
from calciscope.volume import Volume

BALL = Ellipsoid.sphere(np.zeros(3), 12.0)


@dataclass(frozen=True)
class Height:
    """Distance in front of the plane y = 0."""

    def at(self, points: Points) -> Points:
        return np.asarray(-points[..., 1])


def grid() -> Volume:
    return Volume.from_spacing(np.zeros((60, 60, 24), np.uint8), (1.0, 1.0, 2.5), (-30, -30, -30))


def counted_mm3(shape: Ellipsoid | Blend | Trimmed | Layer | Net | Inset | Polyhedron) -> float:
    patch = rasterize(Lesion("C1", "", (Deposit(shape, 100.0),)), grid())
    assert patch is not None
    return float(patch.fraction.sum() * grid().voxel_volume_mm3)


def test_one_smooth_part_stays_what_it_is() -> None:
    assert counted_mm3(Blend((BALL,))) == pytest.approx(BALL.volume_mm3, rel=0.02)
    assert Blend((BALL,)).volume_mm3 == pytest.approx(BALL.volume_mm3, rel=0.02)


def test_two_far_parts_add_up_and_two_near_ones_merge() -> None:
    shifted = Ellipsoid.sphere(np.array([16.0, 0, 0]), 12.0)
    apart = counted_mm3(Blend((BALL, shifted), 0.2))
    assert apart == pytest.approx(2 * BALL.volume_mm3, rel=0.03)
    near = Ellipsoid.sphere(np.array([4.0, 0, 0]), 12.0)
    assert counted_mm3(Blend((BALL, near), 0.2)) < 0.8 * apart


def test_a_rough_surface_keeps_the_volume_and_is_a_function_of_its_seed() -> None:
    rough = Blend((BALL,), 0.1, 0.6, 4.0, seed=3)
    assert counted_mm3(rough) == pytest.approx(BALL.volume_mm3, rel=0.15)
    points = np.random.default_rng(0).uniform(-8, 8, (100, 3))
    again = Blend((BALL,), 0.1, 0.6, 4.0, seed=3).distance_mm(points)
    assert (rough.distance_mm(points) == again).all()
    assert (rough.distance_mm(points) != Blend((BALL,), 0.1, 0.6, 4.0, 4).distance_mm(points)).any()


def test_a_trimmed_ball_is_half_a_ball() -> None:
    half = Trimmed(BALL, ((Height(), 0.0),))
    assert counted_mm3(half) == pytest.approx(0.5 * BALL.volume_mm3, rel=0.03)


def test_a_core_is_the_ball_less_its_rim() -> None:
    assert counted_mm3(Inset(BALL, 2.0)) == pytest.approx(4 / 3 * np.pi * 4**3, rel=0.04)


def test_a_cube_is_a_polyhedron() -> None:
    faces = np.concatenate([np.eye(3), -np.eye(3)])
    cube = Polyhedron(np.zeros(3), faces, np.full(6, 4.0))
    assert counted_mm3(cube) == pytest.approx(8.0**3, rel=0.03)


@pytest.mark.parametrize("thickness", [1.0, 2.5])
def test_a_sheet_has_the_volume_of_area_times_thickness(thickness: float) -> None:
    patch = Ellipsoid(np.zeros(3), np.array([15.0, 15.0, 15.0]), np.eye(3))
    sheet = Layer(Height(), 0.0, thickness, patch)
    assert counted_mm3(sheet) == pytest.approx(np.pi * 15**2 * thickness, rel=0.05)


def test_a_net_has_cords_and_holes() -> None:
    a, c = np.meshgrid(np.arange(-20, 21, 8.0), np.arange(-20, 21, 8.0), indexing="ij")
    seeds = np.column_stack([a.ravel(), np.zeros(a.size), c.ravel()])
    patch = Ellipsoid.sphere(np.zeros(3), 24.0)
    net = Net(Height(), 0.0, patch, seeds, 0.8)
    # Seeds 8 mm apart: cords halfway between, at x = 0; seeds themselves are free.
    cord, middle = np.array([[0.0, 0.0, 4.0]]), np.array([[4.0, 0.0, 4.0]])
    assert net.distance_mm(cord)[0] == pytest.approx(-0.8, abs=1e-6)
    assert net.distance_mm(middle)[0] > 2.0
    gone = Net(Height(), 0.0, patch, seeds, 0.8, missing=1.0)
    assert gone.distance_mm(cord)[0] > 0


def test_soft_mineral_fades_in_and_gaps_are_free_of_it() -> None:
    def mass(deposit: Deposit) -> float:
        patch = rasterize(Lesion("C5", "", (deposit,)), grid())
        assert patch is not None
        return float(patch.ha_mg_cc.sum())

    sharp = mass(Deposit(Blend((BALL,)), 100.0))
    assert 0.2 * sharp < mass(Deposit(Blend((BALL,)), 100.0, soft_mm=4.0)) < 0.6 * sharp
    thin = Blend((Ellipsoid(np.zeros(3), np.array([25.0, 25.0, 25.0]), np.eye(3)),))
    whole = mass(Deposit(thin, 100.0))
    half = mass(Deposit(thin, 100.0, gaps=0.5, grain_mm=2.0, seed=2))
    assert half == pytest.approx(0.5 * whole, rel=0.15)
