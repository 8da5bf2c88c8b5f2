"""Findings to JSON: rounded, free of NaN, in the shape that `findings.schema.json` describes."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import resources
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from calciscope.decimals import Decimals
from calciscope.findings import Burden, Findings, PlaceBurden


def findings_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of `findings.json`, as shipped."""
    resource = resources.files("calciscope").joinpath("findings.schema.json")
    schema: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))
    return schema


def to_dict(findings: Findings) -> dict[str, Any]:
    """Findings as dictionaries, lists, strings and rounded numbers."""
    result: dict[str, Any] = plain(findings, None)
    return result


def to_json(findings: Findings) -> str:
    """Findings as the text of `findings.json`.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(to_dict(findings), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any, hint: Any) -> Any:
    """Turn a value into what JSON can hold, rounded as its type hint says."""
    if isinstance(value, Burden):
        return {
            "total": plain(value.total, None),
            **plain(value.by_compartment, None),
            "by_region": plain(value.by_region, None),
        }
    if isinstance(value, PlaceBurden):
        place = (value.compartment, value.laterality, value.region)
        names = ("compartment", "laterality", "region")
        return dict(zip(names, map(str, place), strict=True)) | plain(value.figures, None)
    if is_dataclass(value):
        hints = get_type_hints(type(value), include_extras=True)
        # A key that is a word of Python has another name here.
        return {
            f.metadata.get("key", f.name): plain(getattr(value, f.name), hints[f.name])
            for f in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item, hint) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, hint) for item in value]
    if isinstance(value, float):
        decimals = _decimals(hint)
        # Adding zero turns -0.0 into 0.0.
        return value if decimals is None else round(float(value), decimals) + 0.0
    return str(value) if isinstance(value, str) else value


def _decimals(hint: Any) -> int | None:
    """Find the number of decimals in a hint such as `tuple[Annotated[float, Decimals(1)], ...]`."""
    if get_origin(hint) is Annotated:
        for extra in hint.__metadata__:
            if isinstance(extra, Decimals):
                return extra.count
    for argument in get_args(hint):
        found = _decimals(argument)
        if found is not None:
            return found
    return None
