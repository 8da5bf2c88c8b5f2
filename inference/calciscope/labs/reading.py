"""Read laboratory values from YAML.

    calcium: 9.7 mg/dL
    phosphate: 3.4 mg/dL
    albumin: {value: 41, unit: g/L}
    creatine_kinase: {value: 400, unit: U/L, upper_limit: 174}
    ana_titer: "1:320"
    disease: limited_systemic_sclerosis

Nothing is guessed: a unit must be stated, and a value that no patient can have is refused.
"""

import re
import reprlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from calciscope.errors import InputError
from calciscope.labs.units import ANALYTES, UNITLESS, Analyte
from calciscope.labs.values import Disease, LabValues, Quantity

LARGEST_BYTES = 100_000
TITER = re.compile(r"1\s*:\s*([1-9][0-9]{0,5})")
_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_QUANTITY = re.compile(_NUMBER + r"(?:\s*([^0-9\s.,][^\n]*))?")
_FIELDS = ("value", "unit", "upper_limit")
_NAMES = (*ANALYTES, "ana_titer", "disease")


class _DuplicateError(ValueError):
    """A name is there twice: which of the two is meant?"""


class _TextLoader(yaml.BaseLoader):
    """Every value as it was written: YAML 1.1 would read 0400 as 256 and 1:40 as 100."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        counts = Counter(names)
        twice = next((name for name in names if counts[name] > 1), None)
        if twice is not None:
            raise _DuplicateError(f"{twice} is there twice; leave one")
        return super().construct_mapping(node, deep)


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
        record = yaml.load(content.decode("utf-8"), Loader=_TextLoader)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error
    except _DuplicateError as error:
        raise InputError(f"{path}: {error}") from error
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
    empty = [name for name, value in record.items() if value in ("", None)]
    if empty:
        raise ValueError(f"{empty[0]} has no value")
    quantities = {name: _quantity(name, record[name]) for name in ANALYTES if name in record}
    return LabValues(
        **quantities,
        ana_titer=_titer(record["ana_titer"]) if "ana_titer" in record else None,
        disease=_disease(record["disease"]) if "disease" in record else None,
    )


def _quantity(name: str, given: Any) -> Quantity:
    value, text, limit = _parts(name, given)
    analyte = ANALYTES[name]
    if text is None and UNITLESS in analyte.factors:
        text = UNITLESS
    if text is None:
        raise ValueError(f"{name} has no unit; write one of {_units(name)}")
    unit = analyte.unit(text)
    if unit is None:
        raise ValueError(f"{name} is in '{text}', which is not known; use {_units(name)}")
    for what, number in ((name, value), (f"upper_limit of {name}", limit)):
        if number is not None and not analyte.is_possible(number, unit):
            raise ValueError(
                f"{what} of {number:g} {unit}".rstrip() + _impossible(analyte, number, unit)
            )
    if limit == 0:
        raise ValueError(f"upper_limit of {name} must be above 0")
    return Quantity(value, unit, limit)


def _impossible(analyte: Analyte, value: float, unit: str) -> str:
    low, high = (limit / analyte.factors[unit] for limit in analyte.possible)
    others = [u for u in analyte.units if u != unit and analyte.is_possible(value, u)]
    hint = f"; is it in {others[0]}?" if others else ""
    return f" is not possible ({low:.3g} to {high:.3g}){hint}"


def _parts(name: str, given: Any) -> tuple[float, str | None, float | None]:
    """Value, unit and limit of a mapping, or of a text such as "9.7 mg/dL"."""
    if isinstance(given, dict):
        unknown = [str(key) for key in given if key not in _FIELDS]
        if unknown:
            raise ValueError(
                f"{name} has {unknown[0]}, which is not known; use {', '.join(_FIELDS)}"
            )
        if "value" not in given:
            raise ValueError(f"{name} has no value")
        limit = given.get("upper_limit")
        return (
            _number(name, given["value"]),
            given.get("unit"),
            None if limit is None else _number(f"upper_limit of {name}", limit),
        )
    match = _QUANTITY.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        raise ValueError(
            f"{name} is '{_short(given)}'; write it as a number with a decimal point and its unit,"
            f" such as {_units(name)}"
        )
    return float(match[1]), match[2], None


def _number(name: str, given: Any) -> float:
    match = re.fullmatch(_NUMBER, given.strip()) if isinstance(given, str) else None
    if match is None:
        raise ValueError(f"{name} is '{_short(given)}', which is not a number")
    return float(match[1])


def _titer(given: Any) -> str:
    match = TITER.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        raise ValueError(f"ana_titer is '{_short(given)}'; write it such as 1:320")
    return f"1:{match[1]}"


def _disease(given: Any) -> Disease:
    if given not in list(Disease):
        raise ValueError(f"disease '{_short(given)}' is not known; use {', '.join(Disease)}")
    return Disease(given)


def _short(given: Any) -> str:
    """A value as it is quoted: in one line, and not longer than it helps."""
    brief = reprlib.Repr()
    brief.maxlevel = 2
    # A list may hold itself many times over: written out it would fill the memory.
    text = " ".join((given if isinstance(given, str) else brief.repr(given)).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def _units(name: str) -> str:
    return " or ".join(unit for unit in ANALYTES[name].units if unit)
