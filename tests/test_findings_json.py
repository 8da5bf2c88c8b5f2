"""Findings as JSON: the contract's names, the schema, rounding, no NaN."""

import json
from dataclasses import replace

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

from calciscope.ct.burden import total_burden
from calciscope.ct.definition import describe_definition
from calciscope.ct.settings import MeasurementSettings
from calciscope.findings import CtFindings, Findings, Lesion, ModelUse, Provenance
from calciscope.findings_json import findings_schema, to_dict, to_json
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Level, Region
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

CONTRACT_OF_LESIONS = [
    "id", "compartment", "compartment_fractions", "laterality", "region", "level", "volume_mm3",
    "volume_pv_mm3", "ha_mass_mg", "agatston", "hu_mean", "hu_max", "hu_p95",
    "longest_diameter_mm", "short_axis_mm", "linearity", "angle_to_bone_axis_deg",
    "distance_to_skin_mm", "distance_to_bone_mm", "centroid_lps_mm", "probability",
]  # fmt: skip

LESION = Lesion(
    id=1,
    compartment=Compartment.MUSCLE,
    compartment_fractions={
        "muscle": 2 / 3,
        "subcutaneous": 0.0,
        "fascia": 1 / 3,
        "vascular": 0.0,
        "joint": 0.0,
        "indeterminate": 0.0,
    },
    laterality=Laterality.LEFT,
    region=Region.LOWER_LEG,
    level=Level.DISTAL,
    volume_mm3=123.456,
    volume_pv_mm3=100.04,
    ha_mass_mg=12.3456,
    agatston=99.99,
    hu_mean=301.26,
    hu_max=555.0,
    hu_p95=500.0,
    longest_diameter_mm=12.34,
    short_axis_mm=3.21,
    linearity=0.98765,
    angle_to_bone_axis_deg=4.567,
    distance_to_skin_mm=10.04,
    distance_to_bone_mm=None,
    centroid_lps_mm=(-85.04, 12.06, -0.01),
    probability=0.87654,
)


def make(*lesions: Lesion) -> Findings:
    grid = Volume.from_spacing(np.zeros((4, 4, 4), np.int16), (0.98, 0.98, 2.5))
    definition = describe_definition(grid, CtAcquisition(kvp=130.0), MeasurementSettings())
    provenance = Provenance(
        program="calciscope",
        program_version="0.1.0",
        models=(ModelUse("ct-calcification", "0.1.0", "0" * 64),),
        engine="onnxruntime",
        device="CPU",
        times_s={"read": 1.2345, "network": 10.0},
        peak_ram_mb=812.7,
        warnings=("Only one limb is in view.",),
    )
    ct = CtFindings(tuple(lesions), total_burden(lesions), definition)
    return Findings(provenance=provenance, ct=ct)


def validate(document: object) -> None:
    Draft202012Validator(findings_schema()).validate(document)


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(findings_schema())


def test_findings_follow_the_schema() -> None:
    validate(json.loads(to_json(make(LESION))))
    validate(json.loads(to_json(make())))


def test_names_are_those_of_the_contract() -> None:
    document = to_dict(make(LESION))
    assert {"schema_version", "provenance", "ct", "spect", "concordance", "labs"} <= set(document)
    assert set(CONTRACT_OF_LESIONS) <= set(document["ct"]["lesions"][0])
    assert {"lesions", "burden", "definition"} <= set(document["ct"])
    assert (document["spect"], document["concordance"], document["labs"]) == (None, [], None)
    assert "not a diagnosis" in document["notice"]


def test_burden_is_total_and_by_compartment_and_side() -> None:
    right = replace(LESION, id=2, laterality=Laterality.RIGHT, ha_mass_mg=1.0)
    skin = replace(LESION, id=3, compartment=Compartment.SUBCUTANEOUS)
    burden = to_dict(make(LESION, right, skin))["ct"]["burden"]
    assert burden["total"]["count"] == 3
    assert burden["total"]["ha_mass_mg"] == round(2 * 12.3456 + 1.0, 2)
    assert burden["muscle"]["left"]["count"] == 1
    assert burden["muscle"]["right"]["ha_mass_mg"] == 1.0
    assert burden["subcutaneous"]["left"]["volume_mm3"] == 123.5
    assert burden["vascular"]["midline"] == {
        "count": 0,
        "volume_mm3": 0,
        "volume_pv_mm3": 0,
        "ha_mass_mg": 0,
        "agatston": 0,
    }


def test_numbers_are_rounded_by_kind() -> None:
    lesion = to_dict(make(LESION))["ct"]["lesions"][0]
    assert lesion["volume_mm3"] == 123.5
    assert lesion["ha_mass_mg"] == 12.35
    assert lesion["probability"] == 0.877
    assert lesion["compartment_fractions"]["muscle"] == 0.667
    assert lesion["centroid_lps_mm"] == [-85.0, 12.1, 0.0]
    assert "-0.0" not in to_json(make(LESION))
    assert lesion["distance_to_bone_mm"] is None
    provenance = to_dict(make(LESION))["provenance"]
    assert provenance["times_s"] == {"read": 1.23, "network": 10.0}
    assert provenance["peak_ram_mb"] == 813


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_never_reach_the_file(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(make(replace(LESION, hu_mean=value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("ct", "lesions", 0, "laterality"), "links"),
        (("ct", "lesions", 0, "volume_mm3"), -1),
        (("ct", "lesions", 0, "centroid_lps_mm"), [1, 2]),
        (("ct", "definition", "connectivity"), 6),
        (("ct", "burden", "muscle"), {}),
        (("provenance", "models", 0, "sha256"), "abc"),
        (("schema_version",), "2.0"),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(
    path: tuple[str | int, ...], value: object
) -> None:
    document = to_dict(make(LESION))
    part: object = document
    for key in path[:-1]:
        part = part[key]  # type: ignore[index]
    part[path[-1]] = value  # type: ignore[index]
    with pytest.raises(ValidationError):
        validate(document)


def test_the_schema_lets_later_versions_add() -> None:
    document = to_dict(make(LESION))
    document["schema_version"] = "1.1"
    document["spect"] = {"hot_spots": []}
    document["concordance"] = [{"class": "calcified_hot", "lesion_ids": [1], "hot_spot_ids": [1]}]
    document["labs"] = {"calcium_mg_dl": 9.7}
    document["ct"]["lesions"][0]["chain_id"] = 3
    validate(document)
