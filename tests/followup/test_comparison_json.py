"""comparison.json and its schema are one contract."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from calciscope.followup import comparison as records
from calciscope.followup.compare import compare_points
from calciscope.followup.comparison import Comparison, Trend
from calciscope.followup.comparison_json import comparison_schema, comparison_to_json
from calciscope.followup.time_point import TimePoint
from calciscope.locations import Laterality


@pytest.fixture(scope="module")
def comparison(make_point: Callable[..., TimePoint], ball: Callable[..., Any]) -> Comparison:
    """A grown, a new and an uncovered lesion."""
    earlier = [ball(Laterality.LEFT, (10, 30, 120), 40.0), ball(Laterality.LEFT, (0, 30, 60), 4.0)]
    later = [
        ball(Laterality.LEFT, (10, 30, 120), 60.0),
        ball(Laterality.RIGHT, (-10, 30, 200), 7.0),
    ]
    points = make_point(earlier), make_point(later, z_mm=(90.0, 360.0), date="2026-01-01")
    return compare_points(*points).comparison


def validate(document: object) -> None:
    Draft202012Validator(comparison_schema()).validate(document)


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(comparison_schema())


def test_a_comparison_follows_the_schema(comparison: Comparison) -> None:
    document = json.loads(comparison_to_json(comparison))
    validate(document)
    assert {change["trend"] for change in document["changes"]} == {"grown", "new", "not covered"}
    assert document["later"]["acquired_on"] == "2026-01-01"
    assert "not a diagnosis" in document["notice"]


@pytest.mark.parametrize(
    "kind",
    [
        records.Comparison,
        records.ComparedDate,
        records.LesionChange,
        records.PartRegistration,
        records.TotalChange,
        records.ComparisonSettings,
        records.Repeatability,
    ],
)
def test_the_schema_requires_every_field(kind: Any) -> None:
    schema = comparison_schema()
    described = schema if kind is Comparison else schema["$defs"][kind.__name__]
    names = [field.name for field in fields(kind)]
    assert described["required"] == names
    assert list(described["properties"]) == names


def test_words_are_those_of_the_schema() -> None:
    definitions = comparison_schema()["$defs"]
    for kind in (records.Trend, records.Relation, records.Scope):
        assert definitions[kind.__name__]["enum"] == [member.value for member in kind]


def test_numbers_are_rounded(comparison: Comparison) -> None:
    odd = replace(comparison.changes[0], change_mg=1.23456, change_percent=50.04)
    text = comparison_to_json(replace(comparison, changes=(odd,)))
    written = json.loads(text)["changes"][0]
    assert (written["change_mg"], written["change_percent"]) == (1.23, 50.0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("changes", 0, "trend"), "worse"),
        (("changes", 0, "ha_mass_later_mg"), -1),
        (("schema_version",), "2.0"),
        (("earlier", "acquired_on"), "01.01.2026"),
        (("registration", 0, "earlier_to_later"), [[1, 0, 0, 0]]),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(
    comparison: Comparison, path: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(comparison_to_json(comparison))
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(ValidationError):
        validate(document)


def test_numbers_that_are_none_never_reach_the_file(comparison: Comparison) -> None:
    broken = replace(comparison.changes[0], change_mg=float("nan"))
    with pytest.raises(ValueError, match="JSON"):
        comparison_to_json(replace(comparison, changes=(broken,)))


def test_every_trend_is_counted(comparison: Comparison) -> None:
    assert list(json.loads(comparison_to_json(comparison))["counts"]) == [t.value for t in Trend]
