import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from calciscope.errors import ModelError
from calciscope.preprocessing import (
    ModelGrid,
    PreprocessingSpec,
    network_input,
    preprocess,
    restore_labels,
    restore_probability,
)
from calciscope.volume import Volume

SPEC = PreprocessingSpec()


def ramp_volume(order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Volume:
    """One and the same ramp of 2 HU per mm to the left and 3 per mm upwards, on any axes."""
    canonical = Volume.from_spacing(
        np.zeros((12, 10, 30), dtype=np.int16), (1.0, 1.0, 1.0), (-6.0, 0.0, -15.0)
    )
    index = np.stack(np.meshgrid(*map(np.arange, canonical.shape), indexing="ij"), axis=-1)
    hu = np.rint(canonical.lps_mm(index) @ (2.0, 0.0, 3.0)).astype(np.int16)
    array = hu.transpose(order)
    affine = canonical.affine.copy()
    affine[:3, :3] = canonical.affine[:3, list(order)]
    array = array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    for axis, flip in enumerate(flips):
        if flip:
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Volume(array, affine)


def test_spec_survives_json() -> None:
    spec = PreprocessingSpec((0.8, 0.9, 3.0), (0.5, 1.5), ((-100.0, 200.0),), (64, 64, 16))
    assert PreprocessingSpec.from_json(spec.to_json()) == spec
    assert json.loads(spec.to_json())["patch_size"] == [64, 64, 16]


def test_spec_of_another_version_is_refused() -> None:
    text = SPEC.to_json().replace('"version": 1', '"version": 2')
    with pytest.raises(ModelError, match="preprocessing version 2, this program has 1"):
        PreprocessingSpec.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"spacing_mm": (1.0, 0.0, 2.5)},
        {"spacing_mm": (1.0, 2.5)},
        {"spacing_band": (1.3, 0.7)},
        {"windows_hu": ()},
        {"windows_hu": ((300.0, -200.0),)},
        {"windows_hu": "soft"},
        {"patch_size": (96, 96)},
    ],
)
def test_spec_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="export the model again"):
        PreprocessingSpec.from_dict({**asdict(SPEC), **change})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}'])
def test_spec_that_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="export the model again"):
        PreprocessingSpec.from_json(text)


def test_network_input_scales_each_window() -> None:
    hu = np.array([-1000, -200, 50, 300, 800, 3000], dtype=np.int16).reshape(1, 1, 6)
    soft, hard = network_input(hu, SPEC)
    np.testing.assert_allclose(soft.ravel(), [-1, -1, 0, 1, 1, 1], atol=1e-6)
    # (300 - 800) / 700 = -5/7; 50 and below are under the window of 100..1500.
    np.testing.assert_allclose(hard.ravel(), [-1, -1, -1, -5 / 7, 0, 1], atol=1e-6)


def test_network_input_takes_batches() -> None:
    hu = np.random.default_rng(0).integers(-1000, 1500, (3, 4, 5, 6), dtype=np.int16)
    batch = network_input(hu, SPEC)
    assert batch.shape == (3, 2, 4, 5, 6)
    assert batch.dtype == np.float32
    for item, values in zip(hu, batch, strict=True):
        np.testing.assert_array_equal(network_input(item, SPEC), values)


def test_network_input_of_integers_and_floats_agree() -> None:
    hu = np.arange(-300, 400, dtype=np.int16).reshape(7, 10, 10)
    np.testing.assert_array_equal(
        network_input(hu, SPEC), network_input(hu.astype(np.float64), SPEC)
    )


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [
        ((1.0, 1.0, 2.5), (40, 40, 20)),
        ((0.977, 0.977, 3.27), (40, 40, 20)),  # inside the band: 3.27 / 2.5 = 1.31
        ((0.5, 0.5, 2.5), (20, 20, 20)),
        ((1.0, 1.0, 1.0), (40, 40, 8)),
        ((2.0, 1.0, 5.0), (80, 40, 40)),
    ],
)
def test_only_axes_outside_the_band_are_resampled(
    spacing: tuple[float, float, float], expected: tuple[int, int, int]
) -> None:
    volume = Volume.from_spacing(np.zeros((40, 40, 20), dtype=np.int16), spacing)
    model = preprocess(volume, SPEC).volume
    assert model.shape == expected
    extent = np.array(volume.shape) * volume.spacing_mm
    np.testing.assert_allclose(np.array(model.shape) * model.spacing_mm, extent)


def test_a_thin_scan_keeps_at_least_one_slice() -> None:
    volume = Volume.from_spacing(np.zeros((8, 8, 1), dtype=np.int16), (1.0, 1.0, 0.6))
    assert preprocess(volume, SPEC).volume.shape == (8, 8, 1)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, True, False), (True, False, True)])
def test_the_model_grid_does_not_depend_on_how_the_ct_is_stored(
    order: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    reference = preprocess(ramp_volume((0, 1, 2), (False, False, False)), SPEC).volume
    volume = ramp_volume(order, flips)
    model = preprocess(volume, SPEC).volume
    np.testing.assert_array_equal(model.array, reference.array)
    np.testing.assert_allclose(model.affine, reference.affine)
    assert model.array.dtype == np.int16
    assert model.array.flags.c_contiguous
    # 30 slices of 1 mm become 12 of 2.5 mm; the ramp is still 3 HU per mm.
    x, _, z = model.lps_mm([3, 4, 5])
    assert model.array[3, 4, 5] == pytest.approx(2 * x + 3 * z, abs=1.0)


def test_rounding_does_not_wrap_around() -> None:
    hu = np.full((8, 8, 10), 60000.0, dtype=np.float32)
    hu[:4] = -60000.0
    model = preprocess(Volume.from_spacing(hu, (1.0, 1.0, 2.5)), SPEC).volume
    assert model.array.min() == -32768
    assert model.array.max() == 32767


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, True, False), (False, True, True)])
def test_labels_return_to_the_voxels_they_belong_to(
    order: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    volume = ramp_volume(order, flips)
    grid = preprocess(volume, SPEC)
    labels = np.zeros(grid.volume.shape, dtype=np.uint8)
    labels[2, 7, 4] = 6  # its slice spans 10 to 12.5 mm from the lowest face at z = -15.5
    native = restore_labels(labels, grid)
    assert native.shape == volume.shape
    places = volume.lps_mm(np.argwhere(native == 6))
    np.testing.assert_allclose(places[:, :2], [[-4.0, 7.0]] * len(places))
    assert sorted(places[:, 2]) == [-5.0, -4.0]  # centers 10.5 and 11.5; 12.5 is the next's


def test_probability_is_interpolated_between_slices() -> None:
    volume = Volume.from_spacing(np.zeros((8, 8, 4), dtype=np.int16), (1.0, 1.0, 1.25))
    grid = preprocess(volume, SPEC)
    assert grid.volume.shape == (8, 8, 2)
    probability = np.zeros((8, 8, 2), dtype=np.uint8)
    probability[3, 3] = (0, 200)
    # Doubling: weights 0, 1/4, 3/4, 1 of the second slice.
    np.testing.assert_array_equal(restore_probability(probability, grid)[3, 3], [0, 50, 150, 200])
    assert restore_probability(probability, grid).dtype == np.uint8


def test_probability_is_interpolated_in_the_plane_too() -> None:
    volume = Volume.from_spacing(np.zeros((4, 8, 40), dtype=np.int16), (0.5, 1.0, 2.5))
    grid = preprocess(volume, SPEC)
    probability = np.zeros((2, 8, 40), dtype=np.uint8)
    probability[1, :, 33] = 100
    restored = restore_probability(probability, grid)
    np.testing.assert_array_equal(restored[:, 5, 33], [0, 25, 75, 100])
    assert not restored[:, :, :33].any()


def test_restoring_follows_the_native_axes() -> None:
    volume = ramp_volume((2, 0, 1), (True, False, True))
    spec = replace(SPEC, spacing_mm=(1.0, 1.0, 1.0))
    grid: ModelGrid = preprocess(volume, spec)
    as_labels = (grid.volume.array - grid.volume.array.min()).astype(np.uint8)
    native = (volume.array - volume.array.min()).astype(np.uint8)
    np.testing.assert_array_equal(restore_labels(as_labels, grid), native)
    np.testing.assert_array_equal(restore_probability(as_labels, grid), native)
