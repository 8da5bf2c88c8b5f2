"""Radionuclides: half-life, photons, and how headers name them; the numbers are in a YAML file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True)
class Radionuclide:
    """One radionuclide.

    Attributes:
        name: element and mass number, such as Tc-99m.
        photons_kev: energies that a gamma camera takes; none for a positron emitter.
        codes: SNOMED code values (PS3.16 CID 18, CID 4020).
        element: its English name.
    """

    name: str
    half_life_s: float
    photons_kev: tuple[float, ...]
    codes: tuple[str, ...]
    element: str

    @property
    def is_positron_emitter(self) -> bool:
        """Whether its images are PET."""
        return not self.photons_kev

    def is_named_in(self, text: str) -> bool:
        """Whether a text names it, as Tc-99m, 99mTc, ^99m^Technetium, TC99M and the like."""
        symbol, mass = self.name.lower().split("-")
        word = rf"(?:{symbol}|{self.element})"
        one_way, other_way = rf"{word}[^a-z0-9]*{mass}", rf"{mass}[^a-z0-9]*{word}"
        alone = rf"(?<![a-z0-9])(?:{one_way}(?![0-9])|{other_way}(?![a-z]))"
        return re.search(alone, text.lower()) is not None


@cache
def radionuclides() -> tuple[Radionuclide, ...]:
    """Read `radionuclides.yaml` once."""
    path = resources.files("calciscope.spect").joinpath("radionuclides.yaml")
    raw: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(
        Radionuclide(
            name=name,
            half_life_s=float(row["half_life_s"]),
            photons_kev=tuple(float(value) for value in row["photons_kev"]),
            codes=tuple(row["codes"]),
            element=row["element"],
        )
        for name, row in raw.items()
    )


def radionuclide(name: str) -> Radionuclide:
    """The radionuclide of a name such as Tc-99m.

    Raises:
        KeyError: the table does not hold it.
    """
    return {each.name: each for each in radionuclides()}[name]


def recognized(codes: Iterable[str], texts: Iterable[str]) -> Radionuclide | None:
    """The radionuclide of code values, else of the first text that names one; None for neither."""
    given = set(codes)
    for each in radionuclides():
        if given & set(each.codes):
            return each
    return next((e for text in texts for e in radionuclides() if e.is_named_in(text)), None)
