"""Findings as JSON: the contract's names, the schema, rounding, no NaN."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

from calciscope.conclusion import conclude
from calciscope.findings import (
    Consideration,
    CtFindings,
    Findings,
    Grade,
    Lesion,
    ModelUse,
    PatternMeasures,
    Provenance,
)
from calciscope.findings_json import findings_schema, to_dict, to_json
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.labs import LabValues, interpret
from calciscope.labs.values import Disease, Quantity
from calciscope.locations import Laterality, Region
from calciscope.messages import messages
from calciscope.patterns import LesionPattern
from calciscope.readers.spect_study import SpectStudy
from calciscope.spect.definition import describe_definition
from calciscope.spect.findings import (
    Concordance,
    ConcordanceClass,
    HotSpot,
    SpectFindings,
    UptakeRatios,
)
from calciscope.spect.references import References
from calciscope.spect.settings import SpectSettings
from calciscope.spect.summary import summarize
from calciscope.volume import Volume

Make = Callable[..., Findings]

CONTRACT_OF_LESIONS = [
    "id", "compartment", "compartment_fractions", "laterality", "region", "level", "volume_mm3",
    "volume_pv_mm3", "ha_mass_mg", "agatston", "hu_mean", "hu_max", "hu_p95",
    "longest_diameter_mm", "short_axis_mm", "linearity", "angle_to_bone_axis_deg",
    "distance_to_skin_mm", "distance_to_bone_mm", "centroid_lps_mm", "probability",
]  # fmt: skip


@pytest.fixture
def make(make_ct: Callable[..., CtFindings]) -> Make:
    """Builds findings of some lesions."""
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
    return lambda *lesions: Findings(provenance=provenance, ct=make_ct(*lesions))


def validate(document: object) -> None:
    Draft202012Validator(findings_schema()).validate(document)


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(findings_schema())


def test_findings_follow_the_schema(make: Make, lesion: Lesion) -> None:
    validate(json.loads(to_json(make(lesion))))
    validate(json.loads(to_json(make())))


def test_names_are_those_of_the_contract(make: Make, lesion: Lesion) -> None:
    document = to_dict(make(lesion))
    assert {"schema_version", "provenance", "ct", "spect", "concordance", "labs"} <= set(document)
    assert set(CONTRACT_OF_LESIONS) <= set(document["ct"]["lesions"][0])
    assert {"lesions", "burden", "definition"} <= set(document["ct"])
    assert (document["spect"], document["concordance"], document["labs"]) == (None, [], None)
    assert "not a diagnosis" in document["notice"]


def test_burden_is_total_and_by_compartment_and_side(make: Make, lesion: Lesion) -> None:
    right = replace(lesion, id=2, laterality=Laterality.RIGHT, ha_mass_mg=1.0)
    skin = replace(lesion, id=3, compartment=Compartment.SUBCUTANEOUS)
    burden = to_dict(make(lesion, right, skin))["ct"]["burden"]
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
        "calcium_mass_mg": 0,
        "ha_mass_noise_mg": 0,
        "ha_mass_uncertainty_mg": 0,
    }


def test_burden_by_region_names_its_place_and_holds_only_what_there_is(
    make: Make, lesion: Lesion
) -> None:
    thigh = replace(lesion, id=2, region=Region.THIGH, ha_mass_noise_mg=3.0)
    again = replace(thigh, id=3, ha_mass_noise_mg=4.0)
    document = to_dict(make(thigh, lesion, again))
    validate(document)
    rows = document["ct"]["burden"]["by_region"]
    assert [(row["compartment"], row["laterality"], row["region"]) for row in rows] == [
        ("muscle", "left", "thigh"),
        ("muscle", "left", "lower leg"),
    ]
    assert (rows[0]["count"], rows[1]["count"]) == (2, 1)
    assert rows[0]["ha_mass_mg"] == round(2 * 12.3456, 2)
    # Noise in quadrature, 3-4-5; calibration 12 % of the sum.
    assert rows[0]["ha_mass_noise_mg"] == 5.0
    assert rows[0]["ha_mass_uncertainty_mg"] == round((25 + (0.12 * 24.6912) ** 2) ** 0.5, 2)


def test_patterns_follow_the_schema(make: Make, lesion: Lesion) -> None:
    measures = PatternMeasures(2.04, 5.123, 0.7854, 0.05, 0.9876, 2, 0.0, None)
    document = to_dict(
        make(replace(lesion, pattern=LesionPattern.LINEAR, pattern_measures=measures))
    )
    validate(document)
    written = document["ct"]["lesions"][0]
    assert written["pattern"] == "linear"
    assert written["pattern_measures"] == {
        "thickness_mm": 2.0,
        "slenderness": 5.12,
        "breadth": 0.79,
        "planarity": 0.05,
        "hull_fill": 0.988,
        "tunnels": 2,
        "enclosed_share": 0.0,
        "core_to_rim": None,
    }
    written["pattern"] = "malignant"
    with pytest.raises(ValidationError):
        validate(document)


def test_what_was_written_before_still_follows_the_schema(make: Make, lesion: Lesion) -> None:
    document = to_dict(make(lesion))
    document["schema_version"] = "1.2"
    for name in ("hu_sd", "hu_p5", "hu_p50", "calcium_mass_mg", "pattern", "pattern_measures",
                 "ha_mass_noise_mg", "ha_mass_uncertainty_mg", "centroid_to_skin_mm",
                 "touches_border", "distance_to_metal_mm"):  # fmt: skip
        del document["ct"]["lesions"][0][name]
    del document["ct"]["burden"]["by_region"]
    validate(document)


def test_numbers_are_rounded_by_kind(make: Make, lesion: Lesion) -> None:
    written = to_dict(make(lesion))["ct"]["lesions"][0]
    assert written["volume_mm3"] == 123.5
    assert written["ha_mass_mg"] == 12.35
    assert written["probability"] == 0.877
    assert written["compartment_fractions"]["muscle"] == 0.667
    assert written["centroid_lps_mm"] == [-85.0, 12.1, 0.0]
    assert "-0.0" not in to_json(make(lesion))
    assert written["distance_to_bone_mm"] is None
    provenance = to_dict(make(lesion))["provenance"]
    assert provenance["times_s"] == {"read": 1.23, "network": 10.0}
    assert provenance["peak_ram_mb"] == 813


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_never_reach_the_file(
    make: Make, lesion: Lesion, value: float
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(make(replace(lesion, hu_mean=value)))


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
    make: Make, lesion: Lesion, path: tuple[str | int, ...], value: object
) -> None:
    document = to_dict(make(lesion))
    part: object = document
    for key in path[:-1]:
        part = part[key]  # type: ignore[index]
    part[path[-1]] = value  # type: ignore[index]
    with pytest.raises(ValidationError):
        validate(document)


def test_the_schema_lets_later_versions_add(make: Make, lesion: Lesion) -> None:
    document = to_dict(make(lesion))
    document["schema_version"] = "1.1"
    document["spect"] = {"hot_spots": []}
    document["concordance"] = [{"class": "calcified_hot", "lesion_ids": [1], "hot_spot_ids": [1]}]
    document["ct"]["vessels"] = []
    document["ct"]["lesions"][0]["chain_id"] = 3
    validate(document)


def spect_findings() -> SpectFindings:
    """One hot spot with SUV, one without figures that need SUV or another side."""
    first = HotSpot(
        id=1,
        compartment=Compartment.MUSCLE,
        probability=0.91234,
        probabilities={each: float(each is Compartment.MUSCLE) for each in HOT_SPOT_COMPARTMENTS},
        physiologic=False,
        laterality=Laterality.LEFT,
        region=Region.LOWER_LEG,
        centroid_lps_mm=(85.04, -3.0, 120.0),
        peak_lps_mm=(86.0, -3.0, 121.0),
        volume_ml=12.345,
        uptake_max=5.678,
        suv_max=5.678,
        suv_mean=3.2,
        suv_peak=4.4,
        total_uptake_suv_ml=39.5,
        ratios=UptakeRatios(contralateral=1.234, muscle=9.99, bone=None),
        lesion_ids=(1,),
    )
    second = replace(
        first,
        id=2,
        suv_max=None,
        suv_mean=None,
        suv_peak=None,
        total_uptake_suv_ml=None,
        mixed=True,
        runner_up=Compartment.SUBCUTANEOUS,
        lesion_ids=(),
    )
    grid = Volume.from_spacing(np.zeros((4, 4, 4), np.float32), (4.8, 4.8, 4.8))
    study = SpectStudy(Path("spect.nii"), grid, "SUVbw", None)
    return SpectFindings(
        hot_spots=(first, second),
        suv_refused=None,
        units="SUVbw",
        definition=describe_definition(study, References(0.5, {}, {}), SpectSettings()),
        summary=summarize((first, second), CONCORDANCE),
        muscle_mean=0.5,
    )


CONCORDANCE = (
    Concordance(ConcordanceClass.CALCIFIED_HOT, (1,), (1,)),
    Concordance(ConcordanceClass.HOT_WITHOUT_CALCIFICATION, (), (2,)),
)


def test_spect_and_concordance_follow_the_schema(make: Make, lesion: Lesion) -> None:
    document = to_dict(replace(make(lesion), spect=spect_findings(), concordance=CONCORDANCE))
    validate(json.loads(json.dumps(document)))
    spot = document["spect"]["hot_spots"][0]
    assert spot["suv_max"] == 5.68
    assert spot["ratios"] == {"contralateral": 1.23, "muscle": 9.99, "bone": None}
    assert (spot["probability"], spot["probabilities"]["muscle"]) == (0.912, 1.0)
    assert document["spect"]["hot_spots"][1]["suv_max"] is None
    assert document["spect"]["spect_to_ct"][3] == [0.0, 0.0, 0.0, 1.0]
    assert document["spect"]["hot_spots"][1]["runner_up"] == "subcutaneous"
    assert document["concordance"][0] == {
        "class": "calcified_hot",
        "lesion_ids": [1],
        "hot_spot_ids": [1],
    }
    assert document["spect"]["summary"] == {
        "hot_spots": 2,
        "physiologic": 0,
        "suv_max": 5.68,
        "total_uptake_suv_ml": 39.5,
        "by_compartment": {"muscle": 2},
        "by_class": {
            "calcified_hot": 1,
            "calcified_cold": 0,
            "hot_without_calcification": 1,
            "not_assessable": 0,
        },
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spect", "hot_spots", 0, "compartment"), "tendon"),
        (("spect", "hot_spots", 0, "suv_max"), -1),
        (("spect", "hot_spots", 0, "probabilities"), {"muscle": 1}),
        (("spect", "hot_spots", 0, "ratios"), {}),
        (("spect", "spect_to_ct"), [[1, 0, 0, 0]]),
        (("concordance", 0, "class"), "active"),
        (("concordance", 0, "lesion_ids"), [0]),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract_of_spect(
    make: Make, lesion: Lesion, path: tuple[str | int, ...], value: object
) -> None:
    document = to_dict(replace(make(lesion), spect=spect_findings(), concordance=CONCORDANCE))
    part: object = document
    for key in path[:-1]:
        part = part[key]  # type: ignore[index]
    part[path[-1]] = value  # type: ignore[index]
    with pytest.raises(ValidationError):
        validate(document)


def test_labs_and_conclusion_follow_the_schema(make: Make, lesion: Lesion) -> None:
    words = messages("fr")
    labs = interpret(
        LabValues(calcium=Quantity(2.424, "mmol/L"), ana_titer="1:320", disease=Disease.LUPUS),
        words,
    )
    found = make(lesion)
    document = to_dict(
        replace(found, labs=labs, conclusion=conclude(found.ct, labs, Disease.LUPUS, words))
    )
    validate(json.loads(json.dumps(document)))
    assert document["labs"]["given"]["calcium"] == {
        "value": 2.424,
        "unit": "mmol/L",
        "upper_limit": None,
    }
    assert document["labs"]["derived"]["calcium_mmol_l"] == 2.42
    assert document["labs"]["pattern"] == "undetermined"
    assert document["conclusion"]["language"] == "fr"
    document["labs"]["pattern"] = "dystrophique"
    with pytest.raises(ValidationError):
        validate(document)


def test_the_differential_follows_the_schema(make: Make, lesion: Lesion) -> None:
    cause = Consideration("necrosis", Grade.TO_BE_CONSIDERED, "necrosis", "uptake in muscle", (1,))
    document = to_dict(replace(make(lesion), differential=(cause,)))
    validate(document)
    assert document["differential"] == [
        {
            "key": "necrosis",
            "grade": "to_be_considered",
            "name": "necrosis",
            "reason": "uptake in muscle",
            "hot_spot_ids": [1],
        }
    ]
    document["differential"][0]["grade"] = "certain"
    with pytest.raises(ValidationError):
        validate(document)
