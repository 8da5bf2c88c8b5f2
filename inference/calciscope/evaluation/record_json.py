"""Trees of typed records to JSON and back: rounded, free of NaN, a row a line."""

import json
import os
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from calciscope.writers.whole_file import whole_file

DIGITS = 6
"""Significant digits of the numbers that are written."""


def record_text(record: Any) -> str:
    """A tree of dataclasses as JSON.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return _text(_plain(record)) + "\n"


def write_text(text: str, path: Path) -> None:
    """Write a file so that it is either whole or as it was."""
    with whole_file(path) as draft, draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _plain(value: Any) -> Any:
    """Turn a value into what JSON can hold."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") + 0.0
    return value


def _text(value: Any, indent: str = "") -> str:
    """JSON with an item a line, except that a flat record or list takes one line."""
    if not _is_nested(value):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_text(item, inner)}" for key, item in value.items()]
        return "{\n" + inner + f",\n{inner}".join(items) + f"\n{indent}}}"
    items = [_text(item, inner) for item in value]
    return "[\n" + inner + f",\n{inner}".join(items) + f"\n{indent}]"


def _is_nested(value: Any) -> bool:
    """Whether a value holds records in lists, or goes more than two levels down."""
    if isinstance(value, dict):
        return any(_depth(item) > 1 for item in value.values())
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(item) for item in value), default=0)
    return 0


def built(hint: Any, value: Any) -> Any:
    """A value of the type that a hint names, from what JSON holds.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: it is of another shape.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (only,) = [argument for argument in arguments if argument is not type(None)]
        return built(only, value)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(built(arguments[0], item) for item in value)
        return tuple(built(a, item) for a, item in zip(arguments, value, strict=True))
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        known = {field.name for field in fields(hint)}
        return hint(**{key: built(hints[key], value[key]) for key in value if key in known})
    if isinstance(hint, type) and issubclass(hint, Enum | float):
        return hint(value)
    return value
