"""One catalogue of sentences in every language that results are worded in.

Each language is a YAML file beside this one with the same keys and the same places to fill in; a
test holds them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from calciscope.errors import InputError

LANGUAGES = ("en", "fr", "de")
"""Languages of the catalogue; the first is the default."""


@dataclass(frozen=True)
class Messages:
    """The sentences of one language.

    Attributes:
        language: its code (ISO 639-1).
        sentences: by key.
    """

    language: str
    sentences: Mapping[str, str]

    def text(self, key: str, **values: str) -> str:
        """A sentence with its places filled in; KeyError if the catalogue lacks it."""
        return self.sentences[key].format(**values)

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number as it is written in this language; all its digits without `decimals`."""
        text = f"{value:.{decimals}f}" if decimals is not None else f"{value:.10g}"
        return text.replace(".", self.sentences["decimal_mark"])

    def listed(self, parts: Sequence[str]) -> str:
        """Parts as "a, b and c"."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self.sentences['and']} {parts[-1]}"


def messages(language: str = LANGUAGES[0]) -> Messages:
    """The catalogue of a language.

    Raises:
        InputError: there is none.
    """
    if language not in LANGUAGES:
        raise InputError(f"no language '{language}'; use {', '.join(LANGUAGES)}")
    return _read(language)


@cache
def _read(language: str) -> Messages:
    file = resources.files("calciscope.messages").joinpath(f"{language}.yaml")
    return Messages(language, _flat(yaml.safe_load(file.read_text(encoding="utf-8"))))


def _flat(branch: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Keys of nested sections joined by dots."""
    result: dict[str, str] = {}
    for key, value in branch.items():
        if isinstance(value, dict):
            result |= _flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result
