"""One catalogue: every language has the same sentences with the same places to fill in."""

from string import Formatter

import pytest

from calciscope.errors import InputError
from calciscope.labels import Compartment
from calciscope.labs.values import Disease, Pattern
from calciscope.messages import LANGUAGES, messages

SAME_WORDS = {
    "fr": {"heading.conclusion", "labs.level.normal", "labs.name.phosphate", "tissue.muscle"},
    "de": {"labs.level.normal", "labs.name.albumin", "where", "semicolon", "colon"},
}
"""Keys whose words are the same as in English, by chance."""


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_agree(language: str) -> None:
    english, other = messages("en").sentences, messages(language).sentences
    assert set(other) == set(english)
    for key, text in other.items():
        assert isinstance(text, str) and text.strip(), key
        assert places(text) == places(english[key]), key
    same = {key for key in english if english[key] == other[key]}
    assert language == "en" or same == SAME_WORDS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_program_can_ask_for_is_there(language: str) -> None:
    keys = messages(language).sentences
    assert {f"labs.pattern.{pattern.value}" for pattern in Pattern} <= set(keys)
    named = [disease for disease in Disease if disease not in (Disease.NONE, Disease.OTHER)]
    assert {f"disease.{disease.value}" for disease in named} <= set(keys)
    of_lesions = ("MUSCLE", "SUBCUTANEOUS", "VASCULAR", "JOINT", "BONE", "INDETERMINATE")
    assert {f"tissue.{Compartment[name].value}" for name in of_lesions} <= set(keys)


def test_lists_and_unknown_languages() -> None:
    german = messages("de")
    assert german.listed(["a", "b", "c"]) == "a, b und c"
    assert (german.listed(["a"]), german.listed([])) == ("a", "")
    with pytest.raises(InputError, match="no language 'it'; use en, fr, de"):
        messages("it")
