"""CT physics by tube voltage: HU of tissues and materials, and HU per milligram of hydroxyapatite.

The numbers live in `physics.yaml` beside this file, with their source. Between the tabulated
voltages (70 to 140 kVp) values are interpolated linearly; beyond them the last value holds.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml

DEFAULT_KVP = 120.0
"""Tube voltage assumed where a study does not state it."""


@dataclass(frozen=True)
class PhysicsTable:
    """The content of `physics.yaml`.

    Attributes:
        kvp: tube voltages of the columns, ascending.
        ha_slope_hu_per_mg_cc: HU per mg/cm3 of hydroxyapatite (HA), one per voltage.
        ha_slope_relative_uncertainty: systematic, as a fraction, without a calibration phantom.
        ha_density_mg_cc: density of solid HA.
        calcium_share_of_ha: mass of elemental calcium in a mass of HA.
        materials_hu: HU of each material, one per voltage.
    """

    kvp: tuple[float, ...]
    ha_slope_hu_per_mg_cc: tuple[float, ...]
    ha_slope_relative_uncertainty: float
    ha_density_mg_cc: float
    calcium_share_of_ha: float
    materials_hu: MappingProxyType[str, tuple[float, ...]]


@cache
def physics_table() -> PhysicsTable:
    """Read `physics.yaml` once; the result cannot be changed."""
    text = resources.files("calciscope").joinpath("physics.yaml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return PhysicsTable(
        kvp=tuple(float(v) for v in raw["kvp"]),
        ha_slope_hu_per_mg_cc=tuple(float(v) for v in raw["ha_slope_hu_per_mg_cc"]),
        ha_slope_relative_uncertainty=float(raw["ha_slope_relative_uncertainty"]),
        ha_density_mg_cc=float(raw["ha_density_mg_cc"]),
        calcium_share_of_ha=float(raw["calcium_share_of_ha"]),
        materials_hu=MappingProxyType(
            {name: tuple(float(v) for v in row) for name, row in raw["materials_hu"].items()}
        ),
    )


def kvp_range() -> tuple[float, float]:
    """Lowest and highest tabulated tube voltage."""
    return physics_table().kvp[0], physics_table().kvp[-1]


def tissue_hu(name: str, kvp: float) -> float:
    """HU of a tissue or material at a tube voltage.

    Raises:
        KeyError: the table holds no material of that name.
    """
    rows = physics_table().materials_hu
    if name not in rows:
        raise KeyError(f"physics.yaml has no material {name!r}; it has {', '.join(rows)}")
    return float(np.interp(kvp, physics_table().kvp, rows[name]))


def ha_slope_hu_per_mg_cc(kvp: float) -> float:
    """HU that 1 mg/cm3 of hydroxyapatite adds in water-like tissue."""
    table = physics_table()
    return float(np.interp(kvp, table.kvp, table.ha_slope_hu_per_mg_cc))


def ha_mg_cc_per_hu(kvp: float) -> float:
    """The calibration factor k: mg/cm3 of hydroxyapatite per HU, the inverse of the slope."""
    return 1.0 / ha_slope_hu_per_mg_cc(kvp)


def calcium_mg(ha_mass_mg: float) -> float:
    """Elemental calcium in a mass of hydroxyapatite."""
    return physics_table().calcium_share_of_ha * ha_mass_mg


def mineralized_hu(ha_mg_cc: float, background_hu: float, kvp: float) -> float:
    """HU of tissue that holds mineral: HU(c) = HU_tissue (1 - c / 3160) + slope c.

    Args:
        ha_mg_cc: hydroxyapatite concentration c in mg/cm3.
        background_hu: HU of the tissue without mineral.
        kvp: tube voltage.
    """
    displaced = ha_mg_cc / physics_table().ha_density_mg_cc
    return background_hu * (1.0 - displaced) + ha_slope_hu_per_mg_cc(kvp) * ha_mg_cc
