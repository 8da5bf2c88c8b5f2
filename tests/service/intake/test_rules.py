"""Which rule takes a study."""

import pytest

from calciscope.service.intake.rules import chosen_series, keywords_of, matching_rule
from calciscope.service.journal.records import SeriesRecord
from calciscope.service.settings.rules import Rule


def record(**attributes: str) -> SeriesRecord:
    return SeriesRecord("1.2", attributes, 1, None)


LEGS = record(Modality="CT", SeriesDescription="Legs thin")
HEAD = record(Modality="MR", SeriesDescription="Head")


def test_first_rule_that_fits_decides() -> None:
    rules = [
        Rule(name="mr", take={"Modality": "^MR$"}),
        Rule(name="legs", take={"Modality": "CT", "SeriesDescription": "leg"}),
        Rule(name="rest"),
    ]
    assert [matching_rule(rules, [each]).name for each in (LEGS, HEAD)] == ["legs", "mr"]  # type: ignore[union-attr]
    assert matching_rule(rules[:2], [record(Modality="US")]) is None


def test_all_conditions_must_be_fulfilled_by_one_series() -> None:
    rule = Rule(name="x", take={"Modality": "MR", "SeriesDescription": "legs"})
    assert matching_rule([rule], [LEGS, HEAD]) is None


@pytest.mark.parametrize(("pattern", "fits"), [("", True), ("^$", True), (".", False)])
def test_absent_element_has_the_empty_value(pattern: str, fits: bool) -> None:
    rule = Rule(name="x", take={"BodyPartExamined": pattern})
    assert (matching_rule([rule], [LEGS]) is rule) is fits


def test_chosen_series() -> None:
    rule = Rule(name="x", series={"SeriesDescription": "thin"})
    assert chosen_series(rule, [LEGS, HEAD]) == [LEGS]
    assert chosen_series(Rule(name="all"), [LEGS, HEAD]) == [LEGS, HEAD]


def test_keywords_that_the_store_has_to_note() -> None:
    rules = [Rule(name="a", take={"InstitutionName": "x"}), Rule(name="b", series={"KVP": "120"})]
    assert keywords_of(rules) == {"InstitutionName", "KVP"}
