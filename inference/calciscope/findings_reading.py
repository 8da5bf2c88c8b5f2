"""`findings.json` back to typed findings: the CT part and its provenance.

What a later version added is passed over; labs, chains and conclusion are not read back.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from calciscope.ct.burden import total_burden
from calciscope.errors import InputError, UnreadableFileError
from calciscope.findings import CtDefinition, CtFindings, Findings, Lesion, ModelUse, Provenance

Record = TypeVar("Record")


def read_findings(path: Path) -> Findings:
    """Read the CT findings of a run.

    Raises:
        UnreadableFileError: the file is no JSON.
        InputError: it is not what `calciscope run` writes, or an older version wrote it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UnreadableFileError(f"{path} cannot be read as JSON; run the study again") from error
    try:
        made, ct = document["provenance"], document["ct"]
        models = tuple(_record(ModelUse, each) for each in made["models"])
        lesions = tuple(_record(Lesion, each) for each in ct["lesions"])
        return Findings(
            schema_version=str(document["schema_version"]),
            provenance=_record(Provenance, {**made, "models": ()}, models=models),
            ct=CtFindings(lesions, total_burden(lesions), _record(CtDefinition, ct["definition"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is not what this version of calciscope run writes; run the study again"
        ) from error


def _record(kind: type[Record], values: Mapping[str, Any], **given: Any) -> Record:
    """A dataclass from a JSON object; unknown keys are passed over."""
    hints = get_type_hints(kind, include_extras=True)
    wanted: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name in given:
            wanted[field.name] = given[field.name]
        elif field.name in values:
            wanted[field.name] = _value(values[field.name], hints[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise KeyError(field.name)
    return kind(**wanted)


def _value(value: Any, hint: Any) -> Any:
    """A JSON value as its type hint wants it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(value, arguments[0])
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _value(value, next(each for each in arguments if each is not NoneType))
    if origin is tuple:
        return tuple(_value(each, arguments[0]) for each in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if hint is float:
        return float(value)
    return value
