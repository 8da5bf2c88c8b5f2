"""Licenses: one spelling, and a filter that never lets the unknown through by accident."""

import pytest

from calciscope_train.importers.licenses import allowed, normalized_license, parsed_licenses


@pytest.mark.parametrize(
    ("text", "license"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("CC BY 3.0 Unported", "CC-BY-3.0"),
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution 4.0 International License", "CC-BY-4.0"),
        ("Creative Commons Attribution 3.0 Unported License", "CC-BY-3.0"),
        ("Creative Commons Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by-nc/3.0/", "CC-BY-NC-3.0"),
        ("CC BY 4", "CC-BY-4.0"),
        ("CC-BY", "CC-BY"),
        ("CC0", "CC0-1.0"),
        ("TCIA Restricted", "TCIA-Restricted"),
        ("Apache-2.0", "Apache-2.0"),
        ("  ", "unknown"),
        ("", "unknown"),
    ],
)
def test_one_spelling(text: str, license: str) -> None:
    assert normalized_license(text) == license
    assert normalized_license(license) == license


def test_a_filter_takes_any_spelling_and_only_what_it_names() -> None:
    meta = {"license": "CC-BY-4.0"}
    assert allowed(meta, ["cc by 4.0", "CC-BY-3.0"])
    assert not allowed(meta, ["CC-BY-3.0"])
    assert not allowed({"license": "CC-BY-NC-4.0"}, ["CC-BY-4.0"])


def test_a_case_without_a_license_needs_the_word_unknown() -> None:
    assert not allowed({}, ["CC-BY-4.0"])
    assert allowed({}, ["unknown"])
    assert not allowed({"source": "host"}, ["CC-BY-4.0"])


def test_phantoms_are_nobody_elses() -> None:
    assert allowed({"source": "phantom"}, ["CC-BY-4.0"])


def test_no_filter_lets_all_through() -> None:
    assert allowed({}, [])
    assert parsed_licenses("") == ()


def test_a_list_is_cut_at_its_commas() -> None:
    assert parsed_licenses("CC BY 4.0, cc-by-3.0,") == ("CC-BY-4.0", "CC-BY-3.0")
