"""The one scale of color that all fused pictures of a report share."""

from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from calciscope.readers.spect_study import SUVBW
from calciscope.spect.findings import SpectFindings
from calciscope.volume import Array
from calciscope.writers.pictures import to_bytes

COLORMAP = "inferno"
"""Perceptually uniform, and its lightness rises for color-blind readers too."""

FAINT, STRONG = 0.12, 0.5
"""Shares of the top below which uptake is not drawn, and from which on it is drawn fully."""

OPACITY = 0.78
STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class UptakeScale:
    """Uptake and its color.

    Attributes:
        top: uptake in units of the image that gets the last color; more looks alike.
        divisor: of what is written beside the bar.
        name: what is written there.
    """

    top: float
    divisor: float
    name: str

    @property
    def top_text(self) -> str:
        """The number at the upper end."""
        return f"{self.top / self.divisor:.3g}"

    def shares(self, uptake: Array) -> NDArray[np.float32]:
        """Uptake as a share of the top, 0 to 1."""
        return np.asarray(np.clip(uptake / self.top, 0.0, 1.0), dtype=np.float32)

    def overlay(self, uptake: Array) -> NDArray[np.uint8]:
        """Colors over a gray picture, shape (..., 4): faint uptake lets it through."""
        share = self.shares(uptake)
        rgba = np.asarray(colormaps[COLORMAP](share), dtype=np.float32)
        rgba[..., 3] = OPACITY * np.clip((share - FAINT) / (STRONG - FAINT), 0.0, 1.0)
        return to_bytes(rgba)

    def bar(self) -> NDArray[np.uint8]:
        """The bar over black, from nothing to the top; shape (1, 64, 3)."""
        ramp = np.linspace(0.0, self.top, 64, dtype=np.float32)[None]
        rgba = self.overlay(ramp)
        weight = rgba[..., 3:].astype(np.float32) / rgba[..., 3].max()
        return np.asarray(np.round(rgba[..., :3] * weight), dtype=np.uint8)


def uptake_scale(findings: SpectFindings, uptake: Array) -> UptakeScale:
    """The scale for a study: up to its hottest focus that is not physiologic.

    A bladder or a knee may be hotter; scaled to these, the foci that matter would be dark.
    """
    pathologic = [spot.uptake_max for spot in findings.hot_spots if not spot.physiologic]
    any_spot = [spot.uptake_max for spot in findings.hot_spots]
    highest = max(pathologic or any_spot or [float(uptake.max(initial=0.0))])
    divisor, name = 1.0, findings.units
    if findings.units == SUVBW:
        name = "SUV"
    elif findings.muscle_mean:
        divisor, name = findings.muscle_mean, "× muscle"
    return UptakeScale(rounded_up(max(highest, 1e-6) / divisor) * divisor, divisor, name)


def rounded_up(value: float) -> float:
    """The next number with few digits."""
    decade = 10.0 ** np.floor(np.log10(value))
    return float(next(step * decade for step in STEPS if step * decade >= value * (1 - 1e-9)))
