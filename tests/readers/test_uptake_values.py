from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from calciscope.readers.uptake_values import uptake, value_scale


def header(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def mapping(slope: float, unit: str) -> Dataset:
    return header(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=1.0,
        MeasurementUnitsCodeSequence=[header(CodeValue=unit)],
    )


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, (1.0, 0.0, "counts")),
        ({"RescaleSlope": 2}, (2.0, 0.0, "counts")),
        ({"RescaleSlope": 2, "RescaleIntercept": 3, "Units": "BQML"}, (2.0, 3.0, "Bq/mL")),
        ({"RescaleSlope": 2, "RescaleType": "BQML"}, (2.0, 0.0, "Bq/mL")),
        ({"RescaleSlope": 2, "Units": "GML"}, (2.0, 0.0, "SUVbw")),
        ({"RescaleSlope": 2, "Units": "GML", "SUVType": "BW"}, (2.0, 0.0, "SUVbw")),
        ({"RescaleSlope": 2, "Units": "GML", "SUVType": "LBM"}, (2.0, 0.0, "counts")),
        ({"RescaleSlope": 2, "Units": "CNTS"}, (2.0, 0.0, "counts")),
    ],
)
def test_rescale_and_units(elements: dict[str, Any], expected: tuple[float, float, str]) -> None:
    scale = value_scale(header(**elements), "it")
    assert (scale.slope, scale.intercept, scale.units) == expected
    assert scale.warnings == ()


@pytest.mark.parametrize(
    ("unit", "slope", "units"),
    [
        ("Bq/ml", 0.5, "Bq/mL"),
        ("Bq/mL", 0.5, "Bq/mL"),
        ("kBq/ml", 500.0, "Bq/mL"),
        ("g/ml{SUVbw}", 0.5, "SUVbw"),
    ],
)
def test_real_world_values_are_preferred(unit: str, slope: float, units: str) -> None:
    given = header(RealWorldValueMappingSequence=[mapping(0.5, unit)], Units="CNTS")
    scale = value_scale(given, "it")
    assert (scale.slope, scale.intercept, scale.units) == (slope, 2 * slope, units)
    assert scale.warnings == ()


def test_a_contradiction_is_told() -> None:
    given = header(
        RealWorldValueMappingSequence=[mapping(0.5, "Bq/ml")], Units="BQML", RescaleSlope=2
    )
    scale = value_scale(given, "it")
    assert scale.slope == 0.5
    assert scale.warnings == (
        "it has a Rescale Slope of 2 and a Real World Value Slope of 0.5; the latter was used",
    )
    given.RescaleSlope = 0.501  # rounding
    assert value_scale(given, "it").warnings == ()


def test_a_mapping_of_another_kind_is_passed_over() -> None:
    others = [mapping(9.0, "cm2/ml"), mapping(9.0, "{counts}"), mapping(0.5, "Bq/ml")]
    given = header(RealWorldValueMappingSequence=others, Units="BQML", RescaleSlope=0.5)
    assert value_scale(given, "it").slope == 0.5


def test_padding_is_no_uptake(make_slice: Any) -> None:
    stored = np.array([[1, 2], [3, 4000]], np.uint16)
    each = make_slice((0, 0, 0), slope=0.5, intercept=1.0)
    values = uptake(stored, each, (4000, 4095), np.dtype(np.float32))
    np.testing.assert_array_equal(values, [[1.5, 2.0], [2.5, 0.0]])
    assert values.dtype == np.float32
