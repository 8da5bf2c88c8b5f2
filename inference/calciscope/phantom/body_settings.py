"""The distributions of bodies and scanners: bodies.yaml, read once and checked."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml

from calciscope.errors import PhantomError

Rng = np.random.Generator
Range = tuple[float, float]


@dataclass(frozen=True)
class KernelSettings:
    """A family of reconstruction kernels.

    Attributes:
        weight: how often it is drawn.
        fwhm_mm: of the point spread in-plane; edge: strength of edge enhancement.
        peak_lp_mm: of the noise power spectrum; gain: of noise over a soft kernel.
    """

    weight: float
    fwhm_mm: Range
    edge: Range
    peak_lp_mm: Range
    gain: float


@dataclass(frozen=True)
class ScannerSettings:
    """What scanner settings are drawn from.

    Attributes:
        kvp: tube voltages, equally likely.
        thin_mm, usual_mm, thick_mm: slice thicknesses; thin_share, thick_share: how often.
        dose_mas: tube charge.
        kernels: by name.
    """

    kvp: tuple[float, ...]
    thin_mm: tuple[float, ...]
    usual_mm: tuple[float, ...]
    thick_mm: tuple[float, ...]
    thin_share: float
    thick_share: float
    dose_mas: Range
    kernels: MappingProxyType[str, KernelSettings]


@dataclass(frozen=True)
class BodySettings:
    """The content of bodies.yaml.

    Attributes:
        parts: weight of each body part.
        shares: probabilities; ranges: of uniform draws.
        scanners: training and held_out.
    """

    parts: MappingProxyType[str, float]
    shares: MappingProxyType[str, float]
    ranges: MappingProxyType[str, Range]
    scanners: MappingProxyType[str, ScannerSettings]

    def happens(self, share: str, rng: Rng) -> bool:
        """A draw with one of the probabilities."""
        return bool(rng.uniform() < self.shares[share])

    def draw(self, name: str, rng: Rng) -> float:
        """A draw from one of the ranges."""
        return float(rng.uniform(*self.ranges[name]))

    def scanner(self, name: str) -> ScannerSettings:
        """Scanner settings by name.

        Raises:
            PhantomError: there are none of that name.
        """
        if name not in self.scanners:
            raise PhantomError(f"no settings {name!r}; choose one of {', '.join(self.scanners)}")
        return self.scanners[name]


@cache
def body_settings() -> BodySettings:
    """Read bodies.yaml once.

    Raises:
        PhantomError: the file is not as described above.
    """
    text = resources.files("calciscope.phantom").joinpath("bodies.yaml").read_text("utf-8")
    return parse_settings(yaml.safe_load(text))


def parse_settings(raw: dict[str, Any]) -> BodySettings:
    """Settings from the mapping that the YAML file holds.

    Raises:
        PhantomError: a key is missing or unknown, a share is no probability, a range is empty.
    """
    try:
        settings = BodySettings(
            MappingProxyType({str(k): float(v) for k, v in raw["parts"].items()}),
            MappingProxyType({str(k): float(v) for k, v in raw["shares"].items()}),
            MappingProxyType({str(k): _range(v) for k, v in raw["ranges"].items()}),
            MappingProxyType({str(k): _scanner(v) for k, v in raw["scanners"].items()}),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PhantomError(f"bodies.yaml is malformed ({error!r}); mend the entry") from error
    wrong = [k for k, v in settings.shares.items() if not 0 <= v <= 1]
    wrong += [k for k, (low, high) in settings.ranges.items() if low > high]
    if wrong:
        raise PhantomError(
            f"bodies.yaml has impossible values of {', '.join(wrong)}; "
            "shares lie in 0-1 and ranges rise"
        )
    return settings


def _range(values: Any) -> Range:
    low, high = values
    return float(low), float(high)


def _scanner(raw: dict[str, Any]) -> ScannerSettings:
    kernels = {
        str(name): KernelSettings(
            float(row["weight"]), _range(row["fwhm_mm"]), _range(row["edge"]),
            _range(row["peak_lp_mm"]), float(row["gain"]),
        )
        for name, row in raw["kernels"].items()
    }  # fmt: skip

    def values(key: str) -> tuple[float, ...]:
        return tuple(float(v) for v in raw[key])

    return ScannerSettings(
        values("kvp"),
        values("thin_mm"),
        values("usual_mm"),
        values("thick_mm"),
        float(raw["thin_share"]),
        float(raw["thick_share"]),
        _range(raw["dose_mas"]),
        MappingProxyType(kernels),
    )
