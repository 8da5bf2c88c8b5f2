"""What the conclusion says, and in which language."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from calciscope.conclusion import conclude, named_compartments
from calciscope.findings import CtFindings, Lesion
from calciscope.labels import Compartment
from calciscope.labs import LabValues, interpret
from calciscope.labs.values import Disease, Quantity
from calciscope.locations import Laterality, Region
from calciscope.messages import messages


def values(calcium: float = 9.7, phosphate: float = 3.4, **others: object) -> LabValues:
    return LabValues(
        calcium=Quantity(calcium, "mg/dL"),
        phosphate=Quantity(phosphate, "mg/dL"),
        **others,  # type: ignore[arg-type]
    )


def sentences(ct: CtFindings, given: LabValues | None, language: str = "en") -> tuple[str, ...]:
    words = messages(language)
    labs = None if given is None else interpret(given, words)
    conclusion = conclude(ct, labs, given.disease if given else None, words)
    assert conclusion.language == language
    return conclusion.sentences


@pytest.fixture
def legs(make_ct: Callable[..., CtFindings], lesion: Lesion) -> CtFindings:
    """Muscle on the left, subcutis on the right."""
    other = replace(lesion, laterality=Laterality.RIGHT, compartment=Compartment.SUBCUTANEOUS)
    return make_ct(replace(lesion, volume_pv_mm3=300.0), other)


def test_high_phosphate_is_never_called_dystrophic(legs: CtFindings) -> None:
    first = sentences(legs, values(12.1, 6.0, disease=Disease.CHRONIC_KIDNEY_DISEASE))[0]
    assert first == (
        "Soft-tissue calcification in chronic kidney disease; both legs: muscle and subcutis. "
        "Metastatic or mixed calcification to be considered: high calcium, high phosphate and "
        "calcium-phosphate product of 72.6 mg²/dL²."
    )


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (None, "Without serum calcium and phosphate its kind is left open"),
        (values(disease=Disease.NONE), "compatible with idiopathic or iatrogenic"),
        (LabValues(disease=Disease.LUPUS), "Without serum calcium and phosphate its kind is left"),
        (values(8.0), "support neither a dystrophic nor a metastatic pattern"),
        (values(disease=Disease.OTHER), "dystrophic calcification; both legs"),
    ],
)
def test_what_is_left_open(legs: CtFindings, given: LabValues | None, part: str) -> None:
    said = sentences(legs, given)
    assert part in said[0]
    assert said[-2:] == (
        "Not diagnostic of the cause; clinical correlation is required.",
        "Research use, not a diagnosis.",
    )


def test_nothing_found(make_ct: Callable[..., CtFindings]) -> None:
    said = sentences(make_ct(), values(12.1, 6.0))
    assert said[0].startswith("No soft-tissue calcification was found; small or faint")
    assert said[1] == "Metastatic/mixed calcification to be considered."
    # No pattern is named for what is not there.
    for others in (values(), values(8.0), values(disease=Disease.NONE)):
        assert sentences(make_ct(), others)[1].startswith("Not diagnostic of the cause")


def test_prognosis_needs_muscle_and_systemic_sclerosis(
    make_ct: Callable[..., CtFindings], lesion: Lesion, legs: CtFindings
) -> None:
    sclerosis = values(disease=Disease.DIFFUSE_SYSTEMIC_SCLEROSIS)
    assert "poor prognosis" in sentences(legs, sclerosis)[1]
    assert "prognosis" not in " ".join(sentences(legs, values(disease=Disease.LUPUS)))
    skin = make_ct(replace(lesion, compartment=Compartment.SUBCUTANEOUS))
    assert "prognosis" not in " ".join(sentences(skin, sclerosis))


def test_a_trace_elsewhere_does_not_move_the_place(
    make_ct: Callable[..., CtFindings], lesion: Lesion
) -> None:
    trace = replace(lesion, region=Region.UNKNOWN, volume_pv_mm3=1.0)
    assert "; left leg: muscle." in sentences(make_ct(lesion, trace), values())[0]
    half = replace(trace, volume_pv_mm3=100.0)
    assert "; examined region: muscle." in sentences(make_ct(lesion, half), values())[0]


def test_a_trace_in_a_compartment_is_not_named(lesion: Lesion) -> None:
    trace = replace(lesion, compartment=Compartment.JOINT, volume_pv_mm3=1.0)
    main = replace(lesion, volume_pv_mm3=99.5)
    assert named_compartments((trace, main)) == (Compartment.MUSCLE,)


@pytest.mark.parametrize(
    ("side", "region", "place"),
    [
        (Laterality.LEFT, Region.THIGH, "left leg"),
        (Laterality.RIGHT, Region.FOOT, "right leg"),
        (Laterality.LEFT, Region.PELVIS, "examined region"),
        (Laterality.MIDLINE, Region.UNKNOWN, "examined region"),
    ],
)
def test_the_place(
    make_ct: Callable[..., CtFindings], lesion: Lesion, side: Laterality, region: Region, place: str
) -> None:
    ct = make_ct(replace(lesion, laterality=side, region=region))
    assert f"; {place}: muscle." in sentences(ct, values())[0]


@pytest.mark.parametrize(
    ("language", "place", "last", "product"),
    [
        ("en", "both legs", "Research use, not a diagnosis.", "of 72.6 mg²/dL²"),
        ("fr", "les deux membres inférieurs", "ne constitue pas un diagnostic.", "de 72,6 mg²/dL²"),
        ("de", "beide Beine", "Nur für die Forschung, keine Diagnose.", "von 72,6 mg²/dL²"),
    ],
)
def test_every_language_says_that_it_is_no_diagnosis(
    legs: CtFindings, language: str, place: str, last: str, product: str
) -> None:
    said = sentences(legs, values(disease=Disease.LIMITED_SYSTEMIC_SCLEROSIS), language)
    assert said[-1].endswith(last)
    assert place in said[0]
    assert product in sentences(legs, values(12.1, 6.0), language)[0]
