"""Bodies cut by the sides of the grid and by the circle of the reconstruction."""

import tracemalloc

import numpy as np
import pytest

from calciscope.ct.field_of_view import find_field
from calciscope.volume import Volume

SHAPE = (100, 80, 6)
SPACING = (2.0, 2.0, 3.0)


def scan(center_mm: float, radius_mm: float, field_mm: float | None = None) -> tuple[Volume, ...]:
    """A round limb in noisy air; outside of a circle, as a scanner writes it, only -1024."""
    rng = np.random.default_rng(5)
    x = (np.arange(SHAPE[0]) - 49.5) * SPACING[0]
    y = (np.arange(SHAPE[1]) - 39.5) * SPACING[1]
    depth = radius_mm - np.hypot(x[:, None] - center_mm, y[None, :])
    tissue = np.clip(0.5 + depth / 2.0, 0, 1)[..., None]  # skin blurred over 2 mm
    hu = -1000.0 + 1050.0 * tissue + rng.normal(0, 10, SHAPE)
    body = np.broadcast_to(tissue > 0.5, SHAPE).copy()
    if field_mm is not None:
        outside = np.hypot(x[:, None], y[None, :]) > field_mm
        hu[outside], body[outside] = -1024.0, False
    ct = Volume.from_spacing(hu.astype(np.int16), SPACING, (10.0, 20.0, 30.0))
    return ct, ct.with_array(body)


def test_a_limb_well_inside_is_not_cut() -> None:
    for field_mm in (None, 75.0):
        field = find_field(*scan(10.0, 50.0, field_mm))
        assert field.cut_mm2 == 0
        assert not field.truncated


def test_the_circle_is_found() -> None:
    assert find_field(*scan(0.0, 50.0, 75.0)).radius_mm == pytest.approx(75.0, abs=2.0)
    assert find_field(*scan(0.0, 50.0)).radius_mm is None


def test_a_limb_cut_by_the_grid() -> None:
    """The side at x = +99 cuts a limb of 50 mm about 70 mm: a chord of 2 sqrt(50^2 - 30^2)."""
    field = find_field(*scan(70.0, 50.0))
    assert field.truncated
    assert field.cut_mm2 == pytest.approx(6 * 3.0 * 2 * np.sqrt(50**2 - 29**2), rel=0.06)


def test_a_limb_cut_by_the_circle() -> None:
    assert find_field(*scan(40.0, 50.0, 70.0)).truncated
    # One that ends two pixels before it keeps its skin.
    assert not find_field(*scan(20.0, 46.0, 70.0)).truncated


def test_clean_air_shows_no_circle() -> None:
    """Air clipped to one value looks like the outside of a circle through the limb's far side."""
    ct, body = scan(30.0, 40.0)
    clean = ct.with_array(np.where(body.array, ct.array, -1024).astype(np.int16))
    assert find_field(clean, body).radius_mm is None
    assert not find_field(clean, body).truncated


@pytest.mark.parametrize(
    ("index", "touches"),
    [
        ((50, 40, 3), False),
        ((50, 40, 0), True),  # first slice
        ((50, 40, 5), True),  # last slice
        ((0, 40, 3), True),  # side of the grid
        ((85, 40, 3), True),  # 71 of 72 mm: at the circle
        ((80, 40, 3), False),
    ],
)
def test_what_ends_where_the_images_end(index: tuple[int, int, int], touches: bool) -> None:
    ct, body = scan(40.0, 50.0, 72.0)
    assert find_field(ct, body).touches(ct.lps_mm([index])) is touches


def test_a_lesion_of_a_voxel_costs_no_map_of_the_slice() -> None:
    ct, body = scan(40.0, 50.0, 72.0)
    field = find_field(ct, body)
    assert field.radius_mm is not None
    voxel = ct.lps_mm([(80, 40, 3)])
    tracemalloc.start()
    try:
        field.touches(voxel)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The radii of 100 x 80 pixels alone would take 64,000 bytes.
    assert peak < 32_000


def test_the_way_the_grid_runs_changes_nothing() -> None:
    ct, body = scan(70.0, 50.0)
    affine = ct.affine.copy()
    affine[:, :3] = affine[:, [2, 0, 1]]
    turned = [Volume(v.array.transpose(2, 0, 1), affine) for v in (ct, body)]
    assert find_field(*turned).cut_mm2 == pytest.approx(find_field(ct, body).cut_mm2)
