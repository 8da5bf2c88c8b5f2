"""Read laboratory values from YAML.

    calcium: 9.7 mg/dL
    phosphate: 3.4 mg/dL
    albumin: {value: 41, unit: g/L}
    creatine_kinase: {value: 400, unit: U/L, upper_limit: 174}
    ana_titer: "1:320"
    disease: limited_systemic_sclerosis

Nothing is guessed: a unit must be stated, and a value that no patient can have is refused.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from calciscope.errors import InputError
from calciscope.labs.units import ANALYTES, UNITLESS
from calciscope.labs.values import Disease, LabValues, Quantity

LARGEST_BYTES = 100_000
TITER = re.compile(r"1\s*:\s*([1-9][0-9]{0,5})")
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(.*)", re.DOTALL)
_FIELDS = ("value", "unit", "upper_limit")
_NAMES = (*ANALYTES, "ana_titer", "disease")


def read_labs(path: Path) -> LabValues:
    """Read a file of laboratory values.

    Raises:
        InputError: the file cannot be read, or says something unknown or impossible; the sentence
            names the file, the value and the cure.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise InputError(f"{path} is too large for a file of laboratory values")
        record = yaml.safe_load(content.decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not YAML; write lines such as 'calcium: 9.7 mg/dL'") from error
    if not isinstance(record, dict) or not record:
        raise InputError(f"{path} holds no laboratory values; write lines 'calcium: 9.7 mg/dL'")
    unknown = [str(name) for name in record if name not in _NAMES]
    if unknown:
        raise InputError(f"{path}: {unknown[0]} is not known; use {', '.join(_NAMES)}")
    try:
        return _values(record)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _values(record: Mapping[str, Any]) -> LabValues:
    quantities = {name: _quantity(name, record[name]) for name in ANALYTES if name in record}
    return LabValues(
        **quantities, ana_titer=_titer(record.get("ana_titer")), disease=_disease(record)
    )


def _quantity(name: str, given: Any) -> Quantity:
    fields = _fields(name, given)
    analyte = ANALYTES[name]
    text = fields.get("unit")
    if text is None and UNITLESS in analyte.factors:
        text = UNITLESS
    if text is None:
        raise ValueError(f"{name} has no unit; write one of {_units(name)}")
    unit = analyte.unit(str(text))
    if unit is None:
        raise ValueError(f"{name} is in '{text}', which is not known; use {_units(name)}")
    value = _number(name, fields["value"])
    if not analyte.is_possible(value, unit):
        low, high = (limit / analyte.factors[unit] for limit in analyte.possible)
        others = [u for u in analyte.units if u != unit and analyte.is_possible(value, u)]
        hint = f"; is it in {others[0]}?" if others else ""
        raise ValueError(
            f"{name} of {value:g} {unit} is not possible ({low:.3g} to {high:.3g}){hint}"
        )
    limit = fields.get("upper_limit")
    if limit is not None:
        limit = _number(f"upper_limit of {name}", limit)
        if limit <= 0:
            raise ValueError(f"upper_limit of {name} must be above 0, it is {limit:g}")
    return Quantity(value, unit, limit)


def _fields(name: str, given: Any) -> Mapping[str, Any]:
    """Value, unit and limit of a mapping, of a number, or of a text such as "9.7 mg/dL"."""
    if isinstance(given, dict):
        unknown = [str(key) for key in given if key not in _FIELDS]
        if unknown:
            raise ValueError(f"{name} has {unknown[0]}, which is not known; use value, unit and"
                             " upper_limit")  # fmt: skip
        if given.get("value") is None:
            raise ValueError(f"{name} has no value")
        return given
    if isinstance(given, str):
        match = _QUANTITY.fullmatch(given.strip())
        if match is None or match[2].startswith(","):
            raise ValueError(f"{name} is '{given}'; write it as a number with a decimal point and"
                             f" its unit, such as {_units(name)}")  # fmt: skip
        return {"value": float(match[1]), "unit": match[2].strip() or None}
    return {"value": given}


def _number(name: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise ValueError(f"{name} is '{given}', which is not a number")
    return float(given)


def _titer(given: Any) -> str | None:
    if given is None:
        return None
    match = TITER.fullmatch(str(given).strip())
    if match is None:
        raise ValueError(f"ana_titer is '{given}'; write it in quotes, such as \"1:320\"")
    return f"1:{match[1]}"


def _disease(record: Mapping[str, Any]) -> Disease | None:
    if "disease" not in record:
        return None
    given = record["disease"]
    # YAML reads a bare `none` as a text and `null` or nothing as no value at all.
    if given in list(Disease):
        return Disease(given)
    raise ValueError(f"disease '{given}' is not known; use {', '.join(Disease)}")


def _units(name: str) -> str:
    return " or ".join(unit for unit in ANALYTES[name].units if unit)
