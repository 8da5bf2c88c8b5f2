"""Small studies built from arrays and from shapes with known volume."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.boundaries import drawn_at_half_contrast
from calciscope.ct.measurements import CtMeasurement, measure_study
from calciscope.labels import Label
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

Distance = Callable[
    [NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]
]
FINE_MM = 0.25


@dataclass(frozen=True, eq=False)
class StandInSegmentation:
    """The part of a segmentation that measurement reads."""

    tissues: Volume
    tissue_beneath: Volume
    probability: Volume
    body: Volume
    lesion_probability: Volume | None = None


@pytest.fixture
def segment() -> Callable[..., StandInSegmentation]:
    """Make a segmentation: labels with calcification, and the label beneath it."""

    def build(grid: Volume, tissues: NDArray[np.uint8], beneath: int = 2) -> StandInSegmentation:
        calcified = tissues == Label.CALCIFICATION
        return StandInSegmentation(
            grid.with_array(tissues),
            grid.with_array(np.where(calcified, np.uint8(beneath), tissues)),
            grid.with_array(np.where(calcified, np.uint8(204), np.uint8(0))),
            grid.with_array(tissues > 0),
        )

    return build


@pytest.fixture
def render() -> Callable[..., NDArray[np.float32]]:
    """Render a signed distance (negative inside): the share of mineral in each blurred voxel."""

    def share(
        shape: tuple[int, int, int],
        spacing_mm: tuple[float, float, float],
        distance_mm: Distance,
        fwhm_mm: float,
    ) -> NDArray[np.float32]:
        fine = [round(spacing / FINE_MM) for spacing in spacing_mm]
        axes = [
            (np.arange(n * f) + 0.5) / f * s
            for n, f, s in zip(shape, fine, spacing_mm, strict=True)
        ]
        x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
        # Cells that the surface passes through are filled in part.
        dense = np.clip(0.5 - distance_mm(x, y, z) / FINE_MM, 0, 1).astype(np.float32)
        # In the plane the kernel's blur; along z a slice's edges are sharp but for 0.3 mm.
        for axis, sigma_mm in enumerate((fwhm_mm / 2.3548, fwhm_mm / 2.3548, 0.3)):
            step_mm = spacing_mm[axis] / fine[axis]
            dense = ndimage.gaussian_filter1d(dense, sigma_mm / step_mm, axis=axis)
        blocks = [size for n, f in zip(shape, fine, strict=True) for size in (n, f)]
        return np.asarray(dense.reshape(blocks).mean(axis=(1, 3, 5)))

    return share


@pytest.fixture
def measure_mineral_in(
    segment: Callable[..., StandInSegmentation],
) -> Callable[..., CtMeasurement]:
    """Measure what stands out of tissue, its boundary drawn by the house's own rule.

    The arguments are HU, the share of mineral in each voxel, and the labels without mineral.
    """

    def measure(
        hu: NDArray[np.float64],
        share: NDArray[np.float32],
        tissues: NDArray[np.uint8],
        spacing_mm: tuple[float, float, float],
        kvp: float = 120.0,
    ) -> CtMeasurement:
        ct = Volume.from_spacing(hu.astype(np.float32), spacing_mm)
        # What a network would have found: more or less the lesion.
        found = share > 0.3 * share.max()
        drawn = drawn_at_half_contrast(ct, found, tissues)
        segmentation = segment(ct, np.where(drawn, np.uint8(Label.CALCIFICATION), tissues))
        return measure_study(ct, segmentation, CtAcquisition(kvp=kvp))

    return measure
