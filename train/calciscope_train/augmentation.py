"""Random augmentation of crops, by MONAI's transforms, on HU before any windowing.

Flips along every axis are legal, as no label has a side. Rotation and zoom read a margin around the
crop, so that no corner is invented.
"""

from dataclasses import dataclass

import numpy as np
from monai.transforms.compose import Compose
from monai.transforms.intensity.dictionary import (
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandScaleIntensityd,
    RandShiftIntensityd,
)
from monai.transforms.spatial.dictionary import RandAffined, RandFlipd
from numpy.typing import NDArray

CT, LABELS = "ct", "labels"

ZOOM = 0.1
"""Largest relative zoom in and out, on each axis."""

TURN_RAD = (0.05, 0.05, 0.26)
"""Largest rotation about X, Y and Z: slices are thick, so tilting stays small."""

SIGMA_VOXELS = ((0.3, 0.7), (0.3, 0.7), (0.0, 0.3))
"""Range of the smoothing kernel along X, Y and Z."""


@dataclass(frozen=True)
class AugmentationSettings:
    """How often and how strongly crops are changed.

    Attributes:
        flip: probability of mirroring each axis.
        affine: probability of a small rotation with zoom; the costly one.
        noise: probability of added noise.
        noise_hu: largest standard deviation of that noise, HU.
        smooth: probability of smoothing, as by a softer kernel.
        gain: probability of multiplying HU, as by another tube voltage.
        gain_range: largest relative change of HU.
        offset: probability of adding to HU, as by poor calibration.
        offset_hu: largest change, HU.
    """

    flip: float = 0.5
    affine: float = 0.2
    noise: float = 0.25
    noise_hu: float = 20.0
    smooth: float = 0.15
    gain: float = 0.3
    gain_range: float = 0.08
    offset: float = 0.3
    offset_hu: float = 12.0


class Augmentation:
    """A seeded chain of random transforms.

    Attributes:
        margin: voxels that must surround the crop on each side, along X, Y, Z.
    """

    margin = (8, 8, 2)

    def __init__(self, settings: AugmentationSettings) -> None:
        self.settings = settings

    def __call__(
        self,
        ct: NDArray[np.int16],
        labels: NDArray[np.uint8],
        size: tuple[int, int, int],
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Change one crop.

        Args:
            ct: HU of the crop with its margin.
            labels: its labels, same shape.
            size: shape of the result, without the margin.
            generator: decides everything that is random.

        Returns:
            HU float32 and labels uint8, both of shape `size`.
        """
        chain = self._chain(size)
        chain.set_random_state(seed=int(generator.integers(2**31)))
        given = {CT: ct[np.newaxis].astype(np.float32), LABELS: labels[np.newaxis]}
        changed = chain(given)
        return (
            np.ascontiguousarray(changed[CT][0].numpy(), dtype=np.float32),
            np.ascontiguousarray(changed[LABELS][0].numpy(), dtype=np.uint8),
        )

    def _chain(self, size: tuple[int, int, int]) -> Compose:
        s = self.settings
        flips = [RandFlipd((CT, LABELS), prob=s.flip, spatial_axis=axis) for axis in range(3)]
        return Compose(
            [
                RandAffined(
                    (CT, LABELS),
                    spatial_size=size,
                    prob=s.affine,
                    rotate_range=TURN_RAD,
                    scale_range=(ZOOM, ZOOM, ZOOM),
                    mode=("bilinear", "nearest"),
                    padding_mode="border",
                ),
                *flips,
                RandGaussianSmoothd(CT, *SIGMA_VOXELS, prob=s.smooth),
                RandScaleIntensityd(CT, factors=s.gain_range, prob=s.gain),
                RandShiftIntensityd(CT, offsets=s.offset_hu, prob=s.offset),
                RandGaussianNoised(CT, prob=s.noise, std=s.noise_hu),
            ]
        )
