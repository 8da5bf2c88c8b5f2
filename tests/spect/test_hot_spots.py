"""Detection: what is a hot spot, where neighbors part, and what is none."""

from collections.abc import Callable

import numpy as np
import pytest

from calciscope.followup.rigid import euler
from calciscope.spect.hot_spots import find_hot_spots
from calciscope.spect.scene import SpectScene
from calciscope.spect.settings import SpectSettings
from calciscope.volume import Volume

from .conftest import Blob

Draw = Callable[..., Volume]
Make = Callable[..., SpectScene]

LEFT_CALF = (110.0, 0.0, -12.0)


def test_a_focus_is_found_at_its_place_down_to_41_percent(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    uptake = draw_uptake(spect_grid, [Blob(LEFT_CALF, 9.5, 20.0)])
    found = find_hot_spots(make_scene(uptake))
    assert found.count == 1
    center = spect_grid.lps_mm(found.voxels[0]).mean(axis=0)
    assert np.linalg.norm(center - LEFT_CALF) < 2.0
    inside = uptake.array[found.ids.array == 1]
    assert inside.min() >= 0.41 * inside.max()
    # A Gaussian on 0.5 falls to 41 % of its 10 at 9.5 g = 3.6: r = fwhm / 2 sqrt(log2(9.5 / 3.6)),
    # 11.8 mm, 6.9 mL; 4.8 mm voxels tell that to some 10 %.
    volume_ml = len(found.voxels[0]) * spect_grid.voxel_volume_mm3 / 1000
    assert volume_ml == pytest.approx(6.9, rel=0.12)


def test_ids_follow_falling_uptake(spect_grid: Volume, draw_uptake: Draw, make_scene: Make) -> None:
    blobs = [Blob((60.0, 0, 60), 5.0), Blob((110.0, 0, 0), 9.0), Blob((-85.0, 25, -50), 7.0)]
    uptake = draw_uptake(spect_grid, blobs)
    found = find_hot_spots(make_scene(uptake))
    highest = [float(uptake.array[tuple(voxels.T)].max()) for voxels in found.voxels]
    assert found.count == 3
    assert highest == sorted(highest, reverse=True)
    assert [np.sign(spect_grid.lps_mm(v).mean(axis=0)[0]) for v in found.voxels] == [1, -1, 1]
    again = find_hot_spots(make_scene(uptake))
    np.testing.assert_array_equal(found.ids.array, again.ids.array)
    assert found.ids.array.dtype == np.uint16


@pytest.mark.parametrize(("apart_mm", "count"), [(24.0, 2), (18.0, 2), (10.0, 1)])
def test_maxima_part_from_15_mm(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make, apart_mm: float, count: int
) -> None:
    blobs = [
        Blob((85.0, 25.0, -apart_mm / 2), 6.0, 12.0),
        Blob((85.0, 25.0, apart_mm / 2), 5.0, 12),
    ]
    assert find_hot_spots(make_scene(draw_uptake(spect_grid, blobs))).count == count


def test_a_full_bladder_neither_hides_its_neighbor_nor_grows_a_tail(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    bladder, focus = Blob((85.0, 0, 0), 60.0, 30.0), Blob((85.0, 0, 62.0), 5.0, 14.0)
    uptake = draw_uptake(spect_grid, [bladder, focus])
    found = find_hot_spots(make_scene(uptake))
    assert found.count == 2
    weak = spect_grid.lps_mm(found.voxels[1]).mean(axis=0)
    assert np.linalg.norm(weak - focus.lps_mm) < 4.0
    # With noise on its slopes the bladder stays one.
    noisy = draw_uptake(spect_grid, [bladder, focus], noise=0.3, seed=4)
    assert find_hot_spots(make_scene(noisy)).count == 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_suv", [True, False])
def test_noise_alone_gives_none(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make, seed: int, is_suv: bool
) -> None:
    uptake = draw_uptake(spect_grid, noise=0.35, seed=seed)
    assert find_hot_spots(make_scene(uptake, is_suv)).count == 0


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_an_empty_image_gives_none(spect_grid: Volume, make_scene: Make, value: float) -> None:
    empty = spect_grid.with_array(np.full(spect_grid.shape, value, np.float32))
    found = find_hot_spots(make_scene(empty))
    assert (found.count, found.ids.array.any()) == (0, False)


def test_without_suv_only_ratios_count(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    suv = draw_uptake(spect_grid, [Blob(LEFT_CALF, 9.5), Blob((-85.0, 25.0, 40.0), 4.5)])
    counts = suv.with_array(suv.array * 730)
    with_suv, without = find_hot_spots(make_scene(suv)), find_hot_spots(make_scene(counts, False))
    assert (with_suv.count, without.count) == (2, 2)
    # Uptake of 0.9 is no hot spot where it is SUV, and is one where muscle takes up 0.1.
    faint = suv.with_array(suv.array * np.float32(0.09))
    assert find_hot_spots(make_scene(faint)).count == 0
    assert find_hot_spots(make_scene(faint, False)).count == 2


def test_what_stands_out_less_than_threefold_is_none(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    inflamed = draw_uptake(spect_grid, [Blob(LEFT_CALF, 1.6)], by_label=(0, 0.5, 1.0, 1.0))
    assert inflamed.array.max() > 1.5 + 0.5
    assert find_hot_spots(make_scene(inflamed)).count == 0
    settings = SpectSettings(background_factor=1.5)
    assert find_hot_spots(make_scene(inflamed), settings).count == 1


def test_less_than_a_milliliter_is_none(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    uptake = draw_uptake(spect_grid, [Blob(LEFT_CALF, 6.0, 7.0)])
    assert find_hot_spots(make_scene(uptake)).count == 0
    assert find_hot_spots(make_scene(uptake), SpectSettings(minimum_volume_ml=0.2)).count == 1


def test_much_uptake_does_not_hide_itself(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    """The median of the surroundings is that without the hot spots, however many these are."""
    ring = [
        Blob((85 + 26 * np.cos(a), 26 * np.sin(a), z), 4.0, 16.0)
        for a in np.arange(0, 2 * np.pi, np.pi / 3)
        for z in range(-60, 61, 12)
    ]
    uptake = draw_uptake(spect_grid, ring)
    found = find_hot_spots(make_scene(uptake))
    hot = found.ids.array > 0
    assert hot[uptake.array > 0.6 * uptake.array.max()].mean() > 0.7


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True), (True, True, True)])
def test_the_order_of_the_axes_changes_nothing(
    spect_grid: Volume,
    draw_uptake: Draw,
    make_scene: Make,
    stored: Callable[..., Volume],
    order: tuple[int, ...],
    flips: tuple[bool, ...],
) -> None:
    blobs = [Blob(LEFT_CALF, 9.5), Blob((-85.0, 25.0, 40.0), 4.5)]
    uptake = draw_uptake(spect_grid, blobs, noise=0.2)
    expected = find_hot_spots(make_scene(uptake))
    got = find_hot_spots(make_scene(stored(uptake, order, flips)))
    turned = stored(expected.ids, order, flips)
    np.testing.assert_array_equal(got.ids.array, turned.array)


def test_an_oblique_spect_finds_the_same_places(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    affine = spect_grid.affine.copy()
    affine[:3] = euler(8.0, 5.0, 12.0) @ affine[:3]
    blobs = [Blob(LEFT_CALF, 9.5), Blob((-85.0, 25.0, 40.0), 6.0)]
    tilted = draw_uptake(Volume(spect_grid.array, affine), blobs)
    found = find_hot_spots(make_scene(tilted))
    assert found.count == 2
    for blob, voxels in zip(blobs, found.voxels, strict=True):
        assert np.linalg.norm(tilted.lps_mm(voxels).mean(axis=0) - blob.lps_mm) < 2.5


def test_beyond_the_ct_hot_spots_are_found_and_told(draw_uptake: Draw, make_scene: Make) -> None:
    """The CT ends at z = 120; the SPECT shows 120 mm more."""
    grid = Volume.from_spacing(
        np.zeros((64, 40, 75), np.float32), (4.8,) * 3, (-151.2, -93.6, -117.6)
    )
    blobs = [Blob(LEFT_CALF, 9.5), Blob((-85.0, 25.0, 190.0), 6.0)]
    found = find_hot_spots(make_scene(draw_uptake(grid, blobs, noise=0.2)))
    assert found.count == 2
    assert found.outside_ct == (2,)


def test_a_spect_that_the_ct_misses_altogether(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    uptake = draw_uptake(spect_grid, [Blob(LEFT_CALF, 9.5)], noise=0.2)
    affine = uptake.affine.copy()
    affine[2, 3] += 1000.0
    found = find_hot_spots(make_scene(Volume(uptake.array, affine)))
    assert (found.count, found.outside_ct) == (1, (1,))
