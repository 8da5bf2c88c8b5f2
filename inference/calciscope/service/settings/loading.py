"""Reading the settings: every mistake is told with the file, the line and the cure."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from calciscope.errors import SettingsError
from calciscope.service.settings.service import ServiceSettings

Key = str | int
Lines = dict[tuple[Key, ...], int]


def read_settings(path: Path) -> ServiceSettings:
    """Read and check a settings file; relative paths in it are taken from its folder.

    Raises:
        SettingsError: it cannot be read, is no YAML, or says something that is not understood; one
            line for each mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, yaml.SafeLoader)
        record = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); check the path") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise SettingsError(f"{path}{line} is not YAML: {problem}") from error
    except ValueError as error:
        # Of a value that looks like a date and is none.
        raise SettingsError(f"{path} has a value that is not understood: {error}") from error
    if not isinstance(record, dict) or root is None:
        raise SettingsError(f"{path} holds no settings; begin from configs/watch.yaml")
    lines: Lines = {}
    _note_lines(root, (), lines, path)
    try:
        return resolved(ServiceSettings.model_validate(record), path.resolve().parent)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(path, error, lines))) from error
    except RuntimeError as error:
        raise SettingsError(
            f"{path} names the home of a user who has none; write the path from / on"
        ) from error


def resolved(settings: ServiceSettings, folder: Path) -> ServiceSettings:
    """The settings with every path absolute."""
    return ServiceSettings.model_validate(_with_paths(settings.model_dump(by_alias=True), folder))


def _with_paths(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value.expanduser()
    if isinstance(value, dict):
        return {key: _with_paths(each, folder) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_with_paths(each, folder) for each in value)
    return value


def _note_lines(node: yaml.Node, place: tuple[Key, ...], lines: Lines, path: Path) -> None:
    """Remember at which line each key stands; a key given twice is a mistake of its own."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            if inner in lines:
                raise SettingsError(
                    f"{path}, line {key.start_mark.line + 1}: {_text(inner)} is given twice;"
                    " keep one"
                )
            lines[inner] = key.start_mark.line + 1
            _note_lines(value, inner, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            inner = (*place, number)
            lines[inner] = value.start_mark.line + 1
            _note_lines(value, inner, lines, path)


def _sentences(path: Path, error: ValidationError, lines: Lines) -> list[str]:
    found = []
    for detail in error.errors(include_url=False):
        place = _placed(detail["loc"], lines)
        line = next(
            (lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None
        )
        where = f"{path}, line {line}" if line else str(path)
        found.append(f"{where}: {_problem(detail, place)}")
    return found


def _placed(loc: tuple[Key, ...], lines: Lines) -> tuple[Key, ...]:
    """The place in the file; what pydantic adds, the kind in a union or [key], is left out."""
    place: tuple[Key, ...] = ()
    for number, key in enumerate(loc):
        if (*place, key) in lines or number == len(loc) - 1:
            place = (*place, key)
    return place


def _problem(detail: Any, place: tuple[Key, ...]) -> str:
    name = _text(place)
    if detail["type"] == "extra_forbidden":
        return f"{name} is not known; check its spelling or take it out"
    if detail["type"] == "missing":
        return f"{name} is missing; add it"
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message


def _text(place: tuple[Key, ...]) -> str:
    parts = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in place]
    return "".join(parts).lstrip(".")
