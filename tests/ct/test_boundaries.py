"""Lesions are redrawn at about half of their contrast."""

import numpy as np
import pytest
from scipy import ndimage

from calciscope.ct.boundaries import drawn_at_half_contrast
from calciscope.evaluation.metrics import dice
from calciscope.labels import Label
from calciscope.volume import Volume

SPACING = (1.0, 1.0, 2.5)


def ball(radius_mm: float, center: tuple[float, float, float] = (20, 20, 20)) -> np.ndarray:
    axes = [np.arange(n) * s for n, s in zip((40, 40, 16), SPACING, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    return np.asarray(
        (x - center[0]) ** 2 + (y - center[1]) ** 2 + (z - center[2]) ** 2 < radius_mm**2
    )


def scan(mask: np.ndarray, hu: float, noise: float = 0.0) -> Volume:
    image = ndimage.gaussian_filter(np.where(mask, hu, 50.0), (0.5, 0.5, 0))
    image = image + np.random.default_rng(0).normal(0, noise, mask.shape)
    return Volume.from_spacing(image.astype(np.float32), SPACING)


def muscle(mask: np.ndarray) -> np.ndarray:
    return np.full(mask.shape, Label.MUSCLE, np.uint8)


@pytest.mark.parametrize("noise", [0.0, 20.0])
@pytest.mark.parametrize("error", ["too large", "too small"])
def test_a_wrong_edge_is_mended(error: str, noise: float) -> None:
    truth = ball(5.0)
    turn = ndimage.binary_dilation if error == "too large" else ndimage.binary_erosion
    found = turn(truth)
    drawn = drawn_at_half_contrast(scan(truth, 500.0, noise), found, muscle(truth))
    assert dice(truth, found) < 0.85
    assert dice(truth, drawn) > 0.88


def test_a_faint_lesion_keeps_the_edge_of_the_network() -> None:
    truth = ball(5.0)
    found = ndimage.binary_dilation(truth)
    drawn = drawn_at_half_contrast(scan(truth, 130.0), found, muscle(truth))
    assert (drawn == found).all()


def test_a_lesion_does_not_grow_into_bone_or_into_its_neighbor() -> None:
    lesion, neighbor = ball(4.0, (14, 20, 20)), ball(4.0, (23.5, 20, 20))
    bone = ball(4.0, (14, 28.5, 20))
    ct = scan(lesion | neighbor | bone, 500.0)
    tissue = muscle(lesion)
    tissue[bone] = Label.BONE
    drawn = drawn_at_half_contrast(ct, lesion, tissue)
    assert not (drawn & bone).any()
    both = drawn_at_half_contrast(ct, lesion | neighbor, tissue)
    assert dice(lesion | neighbor, both) > 0.9


def test_a_large_cloudy_mass_is_not_hollowed_out() -> None:
    mass, hole = ball(12.0), ball(5.0)
    image = np.where(mass, 500.0, 50.0)
    image[hole] = 150.0
    ct = Volume.from_spacing(image.astype(np.float32), SPACING)
    assert drawn_at_half_contrast(ct, mass, muscle(mass))[hole].all()


def test_nothing_found_stays_nothing() -> None:
    none = np.zeros((40, 40, 16), bool)
    assert not drawn_at_half_contrast(scan(none, 500.0), none, muscle(none)).any()
