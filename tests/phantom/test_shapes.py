"""Signed distances and volumes of the solids that mineral is made of."""

import numpy as np
import pytest

from calciscope.phantom.shapes import Capsule, Ellipsoid, Pipe, Shape, frame_from_normal

CENTER = np.array([3.0, -2.0, 5.0])
TILTED = frame_from_normal(np.array([1.0, 2.0, 0.5]), np.array([0.0, 0.0, 1.0]))

SHAPES: dict[str, Shape] = {
    "capsule": Capsule.along(CENTER, np.array([1.0, 1.0, 3.0]), 10.0, 3.0),
    "sphere": Ellipsoid.sphere(CENTER, 4.0),
    "plate": Ellipsoid(CENTER, np.array([9.0, 6.0, 1.0]), TILTED),
    "pipe": Pipe(CENTER, CENTER + np.array([0.0, 3.0, 12.0]), 2.5, 1.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_counted_volume_equals_the_analytic_one(name: str) -> None:
    shape = SHAPES[name]
    low, high = shape.bounds_mm()
    axes = [np.arange(a - 0.5, b + 0.5, 0.1) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    counted = np.count_nonzero(shape.distance_mm(points) < 0) * 0.1**3
    assert counted == pytest.approx(shape.volume_mm3, rel=0.02)


def test_volumes_by_hand() -> None:
    # A capsule of 10 mm with caps of radius 1.5: cylinder of 7 mm and one ball.
    assert SHAPES["capsule"].volume_mm3 == pytest.approx(np.pi * 1.5**2 * (7 + 4 / 3 * 1.5))
    # The twin's plate of 18 x 12 x 2 mm: pi / 6 of its box, 226.2 mm3.
    assert SHAPES["plate"].volume_mm3 == pytest.approx(np.pi / 6 * 18 * 12 * 2)


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_lies_outside_of_the_bounds(name: str) -> None:
    shape = SHAPES[name]
    low, high = shape.bounds_mm()
    points = np.random.default_rng(0).uniform(low - 5, high + 5, (20000, 3))
    inside = points[shape.distance_mm(points) < 0]
    assert len(inside) > 100
    assert (inside >= low - 1e-9).all()
    assert (inside <= high + 1e-9).all()


def test_distance_along_a_line_through_a_capsule() -> None:
    rod = Capsule(np.zeros(3), np.array([0.0, 0.0, 7.0]), 1.5)
    points = np.array([[0.0, 0, 3.5], [1.5, 0, 3.5], [4.5, 0, 3.5], [0, 0, 10.5]])
    assert rod.distance_mm(points) == pytest.approx([-1.5, 0.0, 3.0, 2.0])


def test_the_lumen_of_a_pipe_is_open() -> None:
    pipe = Pipe(np.zeros(3), np.array([0.0, 0.0, 10.0]), 2.5, 1.0)
    assert (pipe.distance_mm(np.array([[0.0, 0, 0], [0, 0, 5], [0, 0, 10]])) > 0).all()
    assert pipe.distance_mm(np.array([2.5, 0.0, 5.0])) == pytest.approx(-0.5)


def test_frame_is_right_handed_and_holds_the_normal() -> None:
    frame = frame_from_normal(np.array([0.0, 0.0, 2.0]), np.array([0.0, 0.0, 1.0]))
    assert frame.T @ frame == pytest.approx(np.eye(3))
    assert np.linalg.det(frame) == pytest.approx(1.0)
    assert frame[:, 2] == pytest.approx([0, 0, 1])
