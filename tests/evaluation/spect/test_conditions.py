"""What the classifier sees under each condition: moved by known amounts, blind, or noisier."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope.evaluation.spect.conditions import (
    CT_ONLY,
    ITSELF,
    SPECT_ONLY,
    Condition,
    Family,
    changed_scene,
    noisier,
    shift_direction,
    standard_conditions,
)
from calciscope.labels import Label
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume


@pytest.fixture
def scene() -> SpectScene:
    uptake = np.full((12, 12, 12), 2.0, np.float32)
    uptake[5:7, 5:7, 5:7] = 8.0
    ct = np.zeros((20, 20, 20), np.int16)
    body = np.ones(ct.shape, dtype=bool)
    fine = Volume.from_spacing(ct, (3.0, 3.0, 3.0))
    coarse = Volume.from_spacing(uptake, (4.8, 4.8, 4.8))
    tissues = fine.with_array(np.full(ct.shape, 2, np.uint8))
    return SpectScene(
        coarse, True, fine, tissues, fine.with_array(np.zeros(ct.shape, np.uint8)),
        fine.with_array(body),
    )  # fmt: skip


@pytest.fixture
def ids(scene: SpectScene) -> Volume:
    return scene.uptake.with_array((scene.uptake.array > 4).astype(np.uint16))


def test_keys_are_unique_and_the_case_itself_comes_first() -> None:
    conditions = standard_conditions(("small", "large"))
    assert conditions[0] is ITSELF
    assert len({condition.key for condition in conditions}) == len(conditions)
    assert [c.model for c in conditions if c.model] == ["small", "large"]
    assert max(c.value for c in conditions if c.family is Family.SHIFT) == 15.0


def test_itself_changes_nothing(scene: SpectScene, ids: Volume) -> None:
    seen, there = changed_scene(scene, ids, ITSELF, "case")
    assert seen is scene and there is ids


def test_a_shift_moves_uptake_and_hot_spots_together_and_not_the_ct(
    scene: SpectScene, ids: Volume
) -> None:
    shift = Condition("shift", Family.SHIFT, 7.5)
    seen, there = changed_scene(scene, ids, shift, "case")
    vector = seen.uptake.lps_mm((0, 0, 0)) - scene.uptake.lps_mm((0, 0, 0))
    assert np.linalg.norm(vector) == pytest.approx(7.5)
    assert seen.uptake.same_grid(there)
    assert seen.ct is scene.ct and seen.tissues is scene.tissues
    np.testing.assert_array_equal(seen.uptake.array, scene.uptake.array)


def test_directions_are_of_length_one_the_same_each_time_and_differ_between_cases() -> None:
    directions = np.array([shift_direction(f"case-{n}") for n in range(400)])
    assert np.linalg.norm(directions, axis=1) == pytest.approx(np.ones(400))
    assert shift_direction("case-3") == pytest.approx(directions[3])
    # Evenly over the sphere: the mean of 400 has a length of about 1 / sqrt(400).
    assert np.linalg.norm(directions.mean(axis=0)) < 0.15


def test_spect_only_sees_nothing_of_the_ct_but_the_outline(scene: SpectScene, ids: Volume) -> None:
    body = np.zeros(scene.ct.shape, dtype=bool)
    body[4:16] = True
    hu = np.where(body, 900, -1000).astype(np.int16)
    dense = replace(scene, ct=scene.ct.with_array(hu), body=scene.body.with_array(body))
    seen, there = changed_scene(dense, ids, SPECT_ONLY, "case")
    assert seen.uptake is scene.uptake and there is ids
    np.testing.assert_array_equal(seen.ct.array, np.where(body, 40, -1000))
    np.testing.assert_array_equal(seen.tissues.array == Label.MUSCLE, body)
    assert not seen.calcification.array.any() and seen.body is dense.body


def test_ct_only_keeps_place_and_form_of_hot_spots_alone(scene: SpectScene, ids: Volume) -> None:
    seen, _ = changed_scene(scene, ids, CT_ONLY, "case")
    assert seen.ct is scene.ct
    assert set(np.unique(seen.uptake.array)) == {1.0, 5.0}
    np.testing.assert_array_equal(seen.uptake.array == 5.0, ids.array > 0)


def test_noise_is_as_strong_as_said_and_always_the_same() -> None:
    uptake = Volume.from_spacing(np.full((40, 40, 40), 2.0, np.float32), (4.8, 4.8, 4.8))
    noisy = noisier(uptake, 0.1, "case")
    # A tenth of the mean, 2; seven SD to 0, so that nothing is cut off.
    assert noisy.array.std() == pytest.approx(0.2, rel=0.01)
    assert noisy.array.mean() == pytest.approx(2.0, abs=0.02)
    np.testing.assert_array_equal(noisy.array, noisier(uptake, 0.1, "case").array)
    assert (noisier(uptake, 0.1, "other").array != noisy.array).any()


def test_noise_leaves_air_as_it_is() -> None:
    array = np.zeros((20, 20, 20), np.float32)
    array[10:] = 2.0
    noisy = noisier(Volume.from_spacing(array, (4.8, 4.8, 4.8)), 0.2, "case")
    assert (noisy.array[:10] == 0).all() and (noisy.array >= 0).all()
