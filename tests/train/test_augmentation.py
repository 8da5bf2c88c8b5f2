"""Augmentation: seeded, of the right size, and HU and labels move together."""

from dataclasses import replace

import numpy as np
import pytest

from calciscope_train.augmentation import Augmentation, AugmentationSettings

NONE = AugmentationSettings(flip=0.0, affine=0.0, noise=0.0, smooth=0.0, gain=0.0, offset=0.0)
SIZE = (24, 20, 8)


def crop_with_margin() -> tuple[np.ndarray, np.ndarray]:
    shape = tuple(s + 2 * m for s, m in zip(SIZE, Augmentation.margin, strict=True))
    labels = np.zeros(shape, dtype=np.uint8)
    labels[14:22, 12:18, 4:8] = 6
    labels[:, :, 0] = 255
    return np.where(labels == 6, 400, 0).astype(np.int16), labels


def test_nothing_asked_is_the_plain_crop() -> None:
    ct, labels = crop_with_margin()
    x, y, z = Augmentation.margin
    hu, got = Augmentation(NONE)(ct, labels, SIZE, np.random.default_rng(0))
    np.testing.assert_array_equal(got, labels[x:-x, y:-y, z:-z])
    np.testing.assert_allclose(hu, ct[x:-x, y:-y, z:-z], atol=1e-2)
    assert hu.dtype == np.float32
    assert got.dtype == np.uint8


@pytest.mark.parametrize("kind", ["flip", "affine"])
def test_labels_move_with_the_voxels(kind: str) -> None:
    ct, labels = crop_with_margin()
    settings = replace(NONE, **{kind: 1.0})
    x, y, z = Augmentation.margin
    hu, got = Augmentation(settings)(ct, labels, SIZE, np.random.default_rng(1))
    assert not np.array_equal(got, labels[x:-x, y:-y, z:-z])
    # Half of 400 HU is where linear interpolation puts the edge that nearest neighbor puts there.
    assert np.mean((hu > 200) == (got == 6)) > 0.98
    assert set(np.unique(got)) <= {0, 6, 255}


@pytest.mark.parametrize(
    ("kind", "smallest", "largest"),
    [("gain", 400 * 0.92, 400 * 1.08), ("offset", 400 - 12, 400 + 12), ("noise", 200, 600)],
)
def test_intensities_change_within_their_range(kind: str, smallest: float, largest: float) -> None:
    ct, labels = crop_with_margin()
    settings = replace(NONE, **{kind: 1.0})
    hu, got = Augmentation(settings)(ct, labels, SIZE, np.random.default_rng(2))
    inside = hu[got == 6]
    assert not np.allclose(inside, 400)
    assert smallest <= inside.min() <= inside.max() <= largest


def test_smoothing_keeps_the_total() -> None:
    ct, labels = crop_with_margin()
    hu, _ = Augmentation(replace(NONE, smooth=1.0))(ct, labels, SIZE, np.random.default_rng(3))
    assert hu.max() <= 400
    assert hu.sum() == pytest.approx(400 * 8 * 6 * 4, rel=1e-3)


def test_the_generator_decides_everything() -> None:
    ct, labels = crop_with_margin()
    every = AugmentationSettings(1.0, 1.0, 1.0, 20.0, 1.0, 1.0, 0.08, 1.0, 12.0)
    chain = Augmentation(every)
    first, again, other = (chain(ct, labels, SIZE, np.random.default_rng(s))[0] for s in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
