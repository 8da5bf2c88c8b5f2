"""Which rule takes a study, and which of its series."""

import re
from collections.abc import Mapping, Sequence

from calciscope.service.journal.records import SeriesRecord
from calciscope.service.settings.rules import Conditions, Rule


def matching_rule(rules: Sequence[Rule], series: Sequence[SeriesRecord]) -> Rule | None:
    """The first rule all of whose conditions one of the series fulfills; None where none fits."""
    return next((rule for rule in rules if any(fulfills(each, rule.take) for each in series)), None)


def chosen_series(rule: Rule, series: Sequence[SeriesRecord]) -> list[SeriesRecord]:
    """The series that a rule lets be analyzed; all where it names no conditions for them."""
    return [each for each in series if fulfills(each, rule.series)]


def keywords_of(rules: Sequence[Rule]) -> frozenset[str]:
    """The DICOM keywords that rules look at, which the store has to note."""
    return frozenset(keyword for rule in rules for keyword in (*rule.take, *rule.series))


def fulfills(series: SeriesRecord, conditions: Conditions) -> bool:
    """Whether a series fulfills all conditions."""
    return first_unfulfilled(series.attributes, conditions) is None


def first_unfulfilled(attributes: Mapping[str, str], conditions: Conditions) -> str | None:
    """The keyword of the first condition that is not fulfilled.

    A pattern has to be found somewhere in the value, without regard to case; an element that is
    not there has the empty value.
    """
    for keyword, pattern in conditions.items():
        if re.search(pattern, attributes.get(keyword, ""), re.IGNORECASE) is None:
            return keyword
    return None
