"""The majority rule: shares of the CT's tissues within a hot spot."""

from collections.abc import Callable

import numpy as np
import pytest

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment, Label
from calciscope.spect.rule import MajorityTissue
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

from .conftest import leg_labels

Make = Callable[..., SpectScene]


def spots_at(grid: Volume, *places: tuple[float, float, float]) -> Volume:
    """Hot spots of 3 x 3 x 3 voxels."""
    ids = np.zeros(grid.shape, np.uint16)
    for number, place in enumerate(places, start=1):
        i, j, k = np.rint(grid.index(place)).astype(int)
        ids[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2] = number
    return grid.with_array(ids)


def test_each_hot_spot_is_of_the_tissue_around(spect_grid: Volume, make_scene: Make) -> None:
    places = [(115.0, 0, 0), (85.0, 0, 0), (-85.0, 49.0, 0), (0.0, 45.0, 0)]
    ids = spots_at(spect_grid, *places)
    shares = MajorityTissue().classify(make_scene(spect_grid), ids, range(1, 5))
    names = [HOT_SPOT_COMPARTMENTS[n] for n in shares.argmax(axis=1)]
    assert names[:2] == [Compartment.MUSCLE, Compartment.BONE]
    assert names[3] is Compartment.ARTEFACT
    # At the skin a cube of 14.4 mm reaches from muscle to the air.
    assert shares[2, HOT_SPOT_COMPARTMENTS.index(Compartment.SUBCUTANEOUS)] > 0.2
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    assert shares.shape == (4, 11)


def test_mineral_says_nothing_of_the_tissue_around_it(spect_grid: Volume, make_scene: Make) -> None:
    def paint(grid: Volume) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
        labels = leg_labels(grid)
        near = np.abs(grid.lps_mm(np.moveaxis(np.indices(grid.shape), 0, -1)) - (115.0, 0, 0))
        labels[(near < 5.0).all(axis=-1)] = Label.CALCIFICATION
        return labels

    ids = spots_at(spect_grid, (115.0, 0, 0))
    shares = MajorityTissue().classify(make_scene(spect_grid, paint=paint), ids, [1])
    assert shares[0, HOT_SPOT_COMPARTMENTS.index(Compartment.MUSCLE)] == pytest.approx(1.0)


def test_where_the_ct_shows_nothing_all_are_alike(spect_grid: Volume, make_scene: Make) -> None:
    scene = make_scene(spect_grid)
    affine = spect_grid.affine.copy()
    affine[2, 3] += 1000.0
    ids = spots_at(spect_grid, (115.0, 0, 0))
    shares = MajorityTissue().classify(scene, Volume(ids.array, affine), [1])
    np.testing.assert_allclose(shares, 1 / 11)
