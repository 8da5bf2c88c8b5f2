"""Small scenes drawn from formulas: two legs with a bone each, and foci of known place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.labels import Label
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

LEGS_X_MM = (85.0, -85.0)
LEG_MM, MUSCLE_MM, BONE_MM = 52.0, 46.0, 12.0
HEIGHT_MM = 240.0


@dataclass(frozen=True)
class Blob:
    """A Gaussian focus: place (LPS mm), uptake above what is there, width."""

    lps_mm: tuple[float, float, float]
    uptake: float
    fwhm_mm: float = 14.0


def positions(grid: Volume) -> NDArray[np.float64]:
    """World positions of the voxels; shape (I, J, K, 3)."""
    return grid.lps_mm(np.moveaxis(np.indices(grid.shape), 0, -1))


def leg_labels(grid: Volume) -> NDArray[np.uint8]:
    """Two legs along z: bone within muscle within fat."""
    places = positions(grid)
    labels = np.zeros(grid.shape, np.uint8)
    for x in LEGS_X_MM:
        across = np.hypot(places[..., 0] - x, places[..., 1])
        labels[across <= LEG_MM] = Label.SUBCUTANEOUS
        labels[across <= MUSCLE_MM] = Label.MUSCLE
        labels[across <= BONE_MM] = Label.BONE
    return labels


HU = np.array([-1000, -100, 50, 800, 300, 3000, 300], np.int16)


@pytest.fixture(scope="session")
def leg_ct() -> tuple[Volume, Volume]:
    """CT and labels of the legs, 2 x 2 x 3 mm, centered on the origin."""
    empty = np.zeros((140, 60, int(HEIGHT_MM / 3)), np.uint8)
    labels = Volume.from_spacing(empty, (2.0, 2.0, 3.0), (-139.0, -59.0, -HEIGHT_MM / 2 + 1.5))
    labels = labels.with_array(leg_labels(labels))
    return labels.with_array(HU[labels.array]), labels


@pytest.fixture(scope="session")
def spect_grid() -> Volume:
    """The SPECT grid of the legs: 4.8 mm, wider than the CT."""
    return Volume.from_spacing(
        np.zeros((64, 40, 50), np.float32), (4.8,) * 3, (-151.2, -93.6, -117.6)
    )


@pytest.fixture(scope="session")
def draw_uptake() -> Callable[..., Volume]:
    """Uptake of tissues by label, blurred like a SPECT, with foci and noise."""

    def draw(
        grid: Volume,
        blobs: Sequence[Blob] = (),
        by_label: Sequence[float] = (0.0, 0.25, 0.5, 0.5),
        noise: float = 0.0,
        seed: int = 0,
    ) -> Volume:
        values = np.array([*by_label, *[0.5] * 7])[leg_labels(grid)]
        values = ndimage.gaussian_filter(values, 10.0 / 2.3548 / grid.spacing_mm)
        places = positions(grid)
        for blob in blobs:
            distance2 = ((places - np.array(blob.lps_mm)) ** 2).sum(axis=-1)
            values += blob.uptake * np.exp(-4 * np.log(2) * distance2 / blob.fwhm_mm**2)
        if noise:
            white = np.random.default_rng(seed).normal(size=grid.shape)
            white = ndimage.gaussian_filter(white, 8.0 / 2.3548 / grid.spacing_mm)
            values += noise * white / white.std() * np.sqrt(np.maximum(values, 0) * 0.5)
        return grid.with_array(np.maximum(values, 0).astype(np.float32))

    return draw


@pytest.fixture(scope="session")
def make_scene(leg_ct: tuple[Volume, Volume]) -> Callable[..., SpectScene]:
    """The legs' CT with some uptake; `paint` changes the labels beforehand."""

    def make(
        uptake: Volume,
        is_suv: bool = True,
        paint: Callable[[Volume], NDArray[np.uint8]] | None = None,
    ) -> SpectScene:
        ct, labels = leg_ct
        if paint is not None:
            labels = labels.with_array(paint(labels))
        calcified = labels.array == Label.CALCIFICATION
        return SpectScene(
            uptake,
            is_suv,
            ct.with_array(HU[labels.array]),
            labels,
            labels.with_array(np.where(calcified, 230, 0).astype(np.uint8)),
            labels.with_array(labels.array > 0),
        )

    return make
