"""Units of laboratory values, and what a value may be at all."""

from collections.abc import Mapping
from dataclasses import dataclass

CALCIUM_MG_DL_PER_MMOL_L = 4.0078
"""Molar mass of calcium, 40.078 g/mol."""

PHOSPHORUS_MG_DL_PER_MMOL_L = 3.0974
"""Molar mass of phosphorus, 30.974 g/mol: laboratories state phosphate as phosphorus."""

UNITLESS = ""
"""For assays that count in units of their own; the upper limit is all they are read against."""


@dataclass(frozen=True)
class Analyte:
    """What a laboratory value may be.

    Attributes:
        factors: what a value in each unit is multiplied by to be in the first of them.
        possible: smallest and largest value, in the first unit, that a patient can have; what lies
            beyond is a slip of unit or pen.
    """

    factors: Mapping[str, float]
    possible: tuple[float, float]

    @property
    def units(self) -> tuple[str, ...]:
        """The units that are known, the first is that of the factors."""
        return tuple(self.factors)

    def unit(self, text: str) -> str | None:
        """The known unit that a text means, whatever its case and its way to write powers."""
        wanted = _plain(text)
        return next((unit for unit in self.factors if _plain(unit) == wanted), None)

    def in_first(self, value: float, unit: str) -> float:
        """A value of a known unit in the first one."""
        return value * self.factors[unit]

    def is_possible(self, value: float, unit: str) -> bool:
        """Whether a patient can have a value of a known unit."""
        low, high = self.possible
        return low <= self.in_first(value, unit) <= high


ANALYTES: Mapping[str, Analyte] = {
    "calcium": Analyte({"mg/dL": 1.0, "mmol/L": CALCIUM_MG_DL_PER_MMOL_L}, (4.0, 20.0)),
    "phosphate": Analyte({"mg/dL": 1.0, "mmol/L": PHOSPHORUS_MG_DL_PER_MMOL_L}, (0.3, 20.0)),
    "albumin": Analyte({"g/dL": 1.0, "g/L": 0.1}, (0.5, 7.0)),
    "egfr": Analyte({"mL/min/1.73m2": 1.0}, (0.0, 250.0)),
    "creatine_kinase": Analyte({"U/L": 1.0, "IU/L": 1.0, "UI/L": 1.0, "ukat/L": 60.0}, (0.0, 1e6)),
    "anti_centromere": Analyte({UNITLESS: 1.0, "U/mL": 1.0, "IU/mL": 1.0}, (0.0, 1e5)),
}


def _plain(unit: str) -> str:
    text = unit.replace("²", "2").replace("µ", "u").replace("μ", "u").replace("^", "")
    return "".join(text.split()).lower()
