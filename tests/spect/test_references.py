"""Reference uptake of muscle, bone and the other side."""

from collections.abc import Callable

import numpy as np
import pytest

from calciscope.ct.anatomy import Anatomy, find_anatomy
from calciscope.ct.settings import MeasurementSettings
from calciscope.ct.sides import SideMap
from calciscope.labels import Label
from calciscope.locations import Laterality
from calciscope.spect.hot_spots import find_hot_spots
from calciscope.spect.references import contralateral_mean, find_references, trimmed_mean
from calciscope.spect.scene import SpectScene
from calciscope.spect.settings import SpectSettings
from calciscope.volume import Volume

from .conftest import Blob, leg_labels

Draw = Callable[..., Volume]
Make = Callable[..., SpectScene]


def anatomy_of(scene: SpectScene) -> Anatomy:
    bone = scene.tissues.with_array(scene.tissues.array == Label.BONE)
    return find_anatomy(scene.body, bone, MeasurementSettings())


def even_uptake(grid: Volume, bone_left: float = 2.0) -> Volume:
    """Muscle 0.5, fat 0.2, bone 1.2, or another value on the left; no blur."""
    values = np.array([0.0, 0.2, 0.5, 1.2])[leg_labels(grid)]
    left = grid.lps_mm(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 0] > 0
    values[left & (values == 1.2)] = bone_left
    return grid.with_array(values.astype(np.float32))


def test_references_are_those_of_the_tissues(spect_grid: Volume, make_scene: Make) -> None:
    scene = make_scene(even_uptake(spect_grid, bone_left=1.4))
    found = find_hot_spots(scene)
    assert found.count == 0
    references = find_references(scene.uptake, found, [], anatomy_of(scene), SpectSettings())
    assert references.muscle == pytest.approx(0.5, abs=1e-6)
    # Voxels on the rim of the bone hold some muscle.
    assert references.bone_of(Laterality.RIGHT) == pytest.approx(1.2, abs=0.12)
    assert references.bone_of(Laterality.LEFT) == pytest.approx(1.4, abs=0.15)
    both = [references.bone[Laterality.LEFT], references.bone[Laterality.RIGHT]]
    assert references.bone_of(Laterality.MIDLINE) == pytest.approx(np.mean(both))


def test_hot_spots_do_not_count(spect_grid: Volume, draw_uptake: Draw, make_scene: Make) -> None:
    hot = draw_uptake(spect_grid, [Blob((115.0, 0, 0), 30.0, 40.0)])
    scene = make_scene(hot)
    found = find_hot_spots(scene)
    references = find_references(scene.uptake, found, [], anatomy_of(scene), SpectSettings())
    assert found.count == 1
    assert references.muscle == pytest.approx(0.5, abs=0.05)


def test_too_little_is_no_reference(spect_grid: Volume) -> None:
    mask = np.zeros(spect_grid.shape, dtype=bool)
    mask[10, 10, :10] = True
    assert trimmed_mean(spect_grid, mask) is None


def test_trimming_leaves_out_what_is_far_off() -> None:
    values = np.full((10, 10, 10), 1.0, np.float32)
    values[0, :5] = 50.0
    volume = Volume.from_spacing(values, (4.8, 4.8, 4.8))
    assert trimmed_mean(volume, np.ones(values.shape, dtype=bool)) == pytest.approx(1.0)


def test_the_other_side_is_the_mirrored_place(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    blobs = [Blob((110.0, 10.0, 20.0), 8.0, 20.0), Blob((-110.0, 10.0, 20.0), 4.0, 20.0)]
    scene = make_scene(draw_uptake(spect_grid, blobs))
    found = find_hot_spots(scene)
    means = [
        contralateral_mean(scene.uptake, voxels, anatomy_of(scene), found.shares, scene.body)
        for voxels in found.voxels
    ]
    own = [float(scene.uptake.array[tuple(voxels.T)].mean()) for voxels in found.voxels]
    # The same Gaussian half as high: (4 m + 0.5) for (8 m + 0.5).
    assert means[0] == pytest.approx((own[0] - 0.5) / 2 + 0.5, rel=0.1)
    assert means[1] == pytest.approx((own[1] - 0.5) * 2 + 0.5, rel=0.1)


def test_a_single_limb_and_the_middle_have_no_other_side(
    spect_grid: Volume, draw_uptake: Draw, make_scene: Make
) -> None:
    scene = make_scene(draw_uptake(spect_grid, [Blob((110.0, 0, 0), 8.0, 20.0)]))
    found = find_hot_spots(scene)
    empty, pairs = np.zeros(0), np.zeros((0, 2))
    single = Anatomy(SideMap(empty, pairs, pairs, limb_side=Laterality.LEFT), {}, 460.0)
    middle = Anatomy(SideMap(empty, pairs, pairs, middle_x_mm=110.0), {}, 460.0)
    for anatomy in (single, middle):
        assert (
            contralateral_mean(scene.uptake, found.voxels[0], anatomy, found.shares, scene.body)
            is None
        )


def test_mirroring_across_legs_that_lie_askew() -> None:
    """A dividing line through (10, 0) whose normal points to the left and the back, 3 to 4."""
    sides = SideMap(np.array([0.0]), np.array([[10.0, 0.0]]), np.array([[0.6, 0.8]]))
    mirrored = sides.mirrored(np.array([[16.0, 8.0, 5.0]]))
    assert mirrored is not None
    # Its offset is 6 x 0.6 + 8 x 0.8 = 10 along (0.6, 0.8).
    np.testing.assert_allclose(mirrored, [[16.0 - 12.0, 8.0 - 16.0, 5.0]])
