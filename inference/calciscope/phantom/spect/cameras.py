"""Gamma cameras: collimators, attenuation at 140 keV, and the settings of cameras.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from calciscope.errors import PhantomError

SIGMA_PER_FWHM = 1.0 / np.sqrt(8.0 * np.log(2.0))


@dataclass(frozen=True)
class Collimator:
    """Parallel holes before a crystal.

    Attributes:
        hole_mm: diameter of a hole.
        effective_length_mm: length of the holes less twice the mean free path in lead.
        intrinsic_mm: FWHM of crystal and electronics.
        cps_per_mbq: sensitivity of one head in air.
    """

    hole_mm: float
    effective_length_mm: float
    intrinsic_mm: float
    cps_per_mbq: float

    def sigma_mm(self, distance_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """SD of the point spread at a distance from the collimator's face.

        Geometric resolution of parallel holes, D (L + d) / L (Anger 1964), taken as the FWHM of a
        Gaussian, in quadrature with the intrinsic one.
        """
        length = self.effective_length_mm
        geometric = self.hole_mm * (length + np.maximum(distance_mm, 0.0)) / length
        return np.asarray(SIGMA_PER_FWHM * np.hypot(geometric, self.intrinsic_mm))


@lru_cache(maxsize=1)
def camera_settings() -> Mapping[str, Any]:
    """The content of cameras.yaml."""
    text = resources.files("calciscope.phantom.spect").joinpath("cameras.yaml").read_text("utf-8")
    settings: dict[str, Any] = yaml.safe_load(text)
    return settings


def collimator(name: str) -> Collimator:
    """A collimator of cameras.yaml.

    Raises:
        PhantomError: there is none of that name.
    """
    settings = camera_settings()
    if name not in settings["collimators"]:
        known = ", ".join(settings["collimators"])
        raise PhantomError(f"no collimator {name!r}; choose one of {known}")
    row = settings["collimators"][name]
    free_path_mm = 10.0 / settings["septa_attenuation_per_cm"]
    return Collimator(
        row["hole_mm"],
        row["length_mm"] - 2.0 * free_path_mm,
        row["intrinsic_mm"],
        row["cps_per_mbq"],
    )


def attenuation_per_mm(hu: NDArray[Any], kvp: float) -> NDArray[np.float32]:
    """Linear attenuation of tissue at 140 keV from its HU at a tube voltage, per mm."""
    table = camera_settings()["attenuation"]
    slope = float(np.interp(kvp, table["kvp"], table["above_zero_per_hu"]))
    hu = np.asarray(hu, dtype=np.float32)
    per_hu = np.where(hu > 0, np.float32(slope), np.float32(table["below_zero_per_hu"]))
    per_cm = np.float32(table["water_per_cm"]) + per_hu * hu
    return np.asarray(np.maximum(0.1 * per_cm, 0), dtype=np.float32)


def decay_factor(hours: float) -> float:
    """Share of 99mTc that is left."""
    return float(0.5 ** (hours / camera_settings()["half_life_h"]))
