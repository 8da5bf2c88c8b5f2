"""Surface figures against spheres moved by a known distance, beside DeepMind's surface-distance.

A sphere moved by d has, at a point whose normal is n, its old surface at a distance of d |n_x|.
|n_x| is uniform over a sphere: the share of its surface within t of the other is t / d.
"""

import numpy as np
import pytest
from surface_distance import (
    compute_robust_hausdorff,
    compute_surface_dice_at_tolerance,
    compute_surface_distances,
)

from calciscope.evaluation.metrics import (
    hausdorff_95_mm,
    normalized_surface_dice,
    surface_scores,
)

# The library imports from a namespace that SciPy wants gone.
pytestmark = pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning")

MODEL_GRID_MM = (1.0, 0.8, 2.5)
FINE_MM = (0.5, 0.5, 0.5)
MOVED_MM = 2.0


def spheres(spacing_mm: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Two spheres of 15 mm radius, 2 mm apart along x."""
    counts = [int(40 / step) for step in spacing_mm]
    axes = [(np.arange(n) + 0.5) * step - 20 for n, step in zip(counts, spacing_mm, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    rest = y**2 + z**2
    return (x + MOVED_MM / 2) ** 2 + rest < 15**2, (x - MOVED_MM / 2) ** 2 + rest < 15**2


@pytest.mark.parametrize("tolerance_mm", [0.5, 1.0, 1.5])
def test_the_share_within_a_tolerance_is_that_of_geometry(tolerance_mm: float) -> None:
    exact = tolerance_mm / MOVED_MM
    fine = surface_scores(*spheres(FINE_MM), FINE_MM, tolerance_mm)
    assert fine.normalized_dice == pytest.approx(exact, abs=0.08)
    coarse = surface_scores(*spheres(MODEL_GRID_MM), MODEL_GRID_MM, tolerance_mm)
    assert coarse.normalized_dice == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize("spacing_mm", [FINE_MM, MODEL_GRID_MM])
def test_the_other_program_agrees_on_distances_and_is_never_stricter(
    spacing_mm: tuple[float, float, float],
) -> None:
    one, two = spheres(spacing_mm)
    theirs = compute_surface_distances(one, two, spacing_mm)
    ours = surface_scores(one, two, spacing_mm, 1.0)
    assert ours.hausdorff_95_mm == pytest.approx(compute_robust_hausdorff(theirs, 95), abs=0.2)
    assert ours.normalized_dice <= compute_surface_dice_at_tolerance(theirs, 1.0)


def test_at_once_is_as_one_by_one() -> None:
    one, two = spheres(MODEL_GRID_MM)
    none = np.zeros_like(one)
    for a, b in ((one, two), (one, none), (none, two), (none, none)):
        both = surface_scores(a, b, MODEL_GRID_MM, 1.0)
        assert both.normalized_dice == normalized_surface_dice(a, b, MODEL_GRID_MM, 1.0)
        assert both.hausdorff_95_mm == hausdorff_95_mm(a, b, MODEL_GRID_MM)
