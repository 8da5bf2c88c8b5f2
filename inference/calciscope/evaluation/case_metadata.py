"""What the JSON of a case says: checked as a whole, and read into one form.

Whoever prepares cases writes a key or leaves it out; null says the same as leaving it out. All is
checked when the file is opened, so that a wrong value is told by its key before the first case is
scored, and not by a failure in the middle of an evaluation.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calciscope.errors import InputError
from calciscope.evaluation.record_rows import CaseStrata

PATIENT_KEYS = ("patient", "patient_id", "host")
"""Where a case may name its patient, the first one that is there counts."""

PATIENT_PREFIXES = ("STS_",)
"""Prefixes that some writers of cases leave out: "STS_025" and "025" are one patient."""

ACQUISITION_NUMBERS = (
    "slice_thickness_mm",
    "slice_mm",
    "noise_hu",
    "kvp",
    "slope_factor",
    "slope_hu_per_mg_cc",
)
LESION_NUMBERS = ("volume_mm3", "ha_mass_mg", "peak_contrast_hu")
LESION_PLACES = ("center_index", "center_lps_mm")
FLAGS = ("synthetic", "metal")


def read_metadata(path: Path | None) -> Mapping[str, Any]:
    """The JSON of a case without what is null; empty where there is no file.

    Raises:
        InputError: it is not a JSON object, or a key holds what it cannot mean.
    """
    if path is None:
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}); write it again") from error
    if not isinstance(record, dict):
        raise InputError(f"{path} must hold one JSON object")
    meta = _known(record)
    for key in FLAGS:
        if not isinstance(meta.get(key, False), bool):
            raise _wrong(path, key, meta[key], "true or false")
    if "acquisition" in meta:
        meta["acquisition"] = _object(path, "acquisition", meta["acquisition"])
        _check_numbers(path, "acquisition.", meta["acquisition"], ACQUISITION_NUMBERS)
    if "lesions" in meta:
        if not isinstance(meta["lesions"], list):
            raise _wrong(path, "lesions", meta["lesions"], "a list")
        meta["lesions"] = [
            _lesion(path, f"lesions[{index}]", row) for index, row in enumerate(meta["lesions"])
        ]
    return meta


def patient_of(meta: Mapping[str, Any], case_id: str) -> str:
    """Whose case it is, in one form for all data sets; the case itself where it does not say."""
    named = next((str(meta[key]) for key in PATIENT_KEYS if meta.get(key) not in (None, "")), None)
    if named is None:
        return case_id
    for prefix in PATIENT_PREFIXES:
        named = named.removeprefix(prefix) or named
    return named


def strata_of(meta: Mapping[str, Any]) -> CaseStrata:
    """What the metadata say of the acquisition; metal also from the rows of what was placed."""
    how = meta.get("acquisition", {})
    thickness = next(
        (how[key] for key in ("slice_thickness_mm", "slice_mm") if how.get(key) is not None), None
    )
    metal = meta.get("metal")
    if metal is None and "lesions" in meta:
        metal = any(row.get("kind") == "X1" for row in meta["lesions"])
    return CaseStrata(
        slice_thickness_mm=_number(thickness),
        kernel=_words(how.get("kernel")),
        noise_hu=_number(how.get("noise_hu")),
        body_part=_words(meta.get("body_part")),
        kvp=_number(how.get("kvp")),
        metal=metal,
    )


def _known(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value is not None}


def _object(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, key, value, "an object")
    return _known(value)


def _lesion(path: Path, key: str, value: Any) -> dict[str, Any]:
    row = _object(path, key, value)
    _check_numbers(path, f"{key}.", row, LESION_NUMBERS)
    for place in LESION_PLACES:
        where = row.get(place, [0, 0, 0])
        if not (isinstance(where, list) and len(where) == 3 and all(map(_is_number, where))):
            raise _wrong(path, f"{key}.{place}", where, "three numbers")
    for name in ("kind", "compartment"):
        if name in row:
            row[name] = str(row[name])
    return row


def _check_numbers(
    path: Path, before: str, record: Mapping[str, Any], keys: tuple[str, ...]
) -> None:
    for key in keys:
        if not _is_number(record.get(key, 0.0)):
            raise _wrong(path, f"{before}{key}", record[key], "a number")


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number, or text of one."""
    try:
        return not isinstance(value, bool) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _wrong(path: Path, key: str, value: Any, wanted: str) -> InputError:
    told = str(value)[:40]
    return InputError(f"{path}: {key} is {told!r}; write {wanted}, or leave the key out")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _words(value: Any) -> str | None:
    """Text; the parts of a list, as DICOM may give a kernel, one after the other."""
    if isinstance(value, list | tuple):
        return " ".join(str(part) for part in value) or None
    return None if value is None else str(value)
