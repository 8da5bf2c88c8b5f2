"""What extra-osseous uptake may be, by compartment, and what the conclusion says of it."""

from collections.abc import Callable
from dataclasses import replace
from importlib import resources

import pytest

from calciscope.conclusion import conclude
from calciscope.differential import RULES, differential
from calciscope.findings import Consideration, CtFindings, Grade, Lesion
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.labs import LabValues, interpret, read_labs
from calciscope.labs.values import Disease, Quantity
from calciscope.locations import Laterality, Region
from calciscope.messages import LANGUAGES, messages
from calciscope.patterns import LesionPattern
from calciscope.phantom.twin_study import HIGH_LABS
from calciscope.spect.findings import (
    ActivitySummary,
    Concordance,
    ConcordanceClass,
    HotSpot,
    SpectDefinition,
    SpectFindings,
    UptakeRatios,
)
from calciscope.uptake_evidence import gather_evidence
from calciscope.uptake_sentences import BEYOND_CT

SUPPORTED, CONSIDERED, UNLIKELY = Grade
HOT, COLD, ALONE, SMALL = ConcordanceClass
DEFINITION = SpectDefinition(
    "", 0.41, 1.5, 3.0, 1.0, 15.0, (4.8, 4.8, 4.8), None, None, "", "", 0.6, "", 10.0, "", 0.5, 8.0
)
CREST = LabValues(
    calcium=Quantity(9.7, "mg/dL"),
    phosphate=Quantity(3.4, "mg/dL"),
    creatine_kinase=Quantity(400.0, "U/L", 174.0),
    disease=Disease.LIMITED_SYSTEMIC_SCLEROSIS,
)
HYPERCALCEMIA = LabValues(calcium=Quantity(12.1, "mg/dL"), phosphate=Quantity(6.0, "mg/dL"))


def spot(
    number: int,
    compartment: Compartment,
    side: Laterality = Laterality.LEFT,
    region: Region = Region.LOWER_LEG,
    z: float = 0.0,
    physiologic: bool = False,
    lesions: tuple[int, ...] = (),
) -> HotSpot:
    return HotSpot(
        id=number,
        compartment=compartment,
        probability=0.9,
        probabilities=dict.fromkeys(HOT_SPOT_COMPARTMENTS, 1 / 11),
        physiologic=physiologic,
        laterality=side,
        region=region,
        centroid_lps_mm=(0.0, 0.0, z),
        peak_lps_mm=(0.0, 0.0, z),
        volume_ml=4.0,
        uptake_max=5.0,
        suv_max=5.0,
        suv_mean=3.0,
        suv_peak=4.0,
        total_uptake_suv_ml=12.0,
        ratios=UptakeRatios(None, None, None),
        lesion_ids=lesions,
    )


def of_spots(*spots: HotSpot) -> SpectFindings:
    summary = ActivitySummary(len(spots), 0, None, None, {}, {})
    return SpectFindings(spots, None, "SUVbw", DEFINITION, summary)


def judged(
    ct: CtFindings,
    spect: SpectFindings,
    rows: tuple[Concordance, ...] = (),
    values: LabValues | None = None,
    language: str = "en",
) -> tuple[Consideration, ...]:
    words = messages(language)
    labs = None if values is None else interpret(values, words)
    disease = None if values is None else values.disease
    return differential(gather_evidence(ct, spect, rows, labs, disease), words)


def grades(listed: tuple[Consideration, ...]) -> dict[str, Grade]:
    return {each.key: each.grade for each in listed}


def said(
    ct: CtFindings,
    spect: SpectFindings,
    rows: tuple[Concordance, ...],
    values: LabValues | None,
    language: str = "en",
) -> tuple[str, ...]:
    words = messages(language)
    labs = None if values is None else interpret(values, words)
    disease = None if values is None else values.disease
    listed = judged(ct, spect, rows, values, language)
    return conclude(ct, labs, disease, words, spect, rows, listed).sentences


@pytest.fixture
def twin(
    make_ct: Callable[..., CtFindings], lesion: Lesion
) -> tuple[CtFindings, SpectFindings, tuple[Concordance, ...]]:
    """Muscle and subcutis of both legs, calcified and hot; knees."""
    right = Laterality.RIGHT
    ct = make_ct(
        replace(lesion, id=1),
        replace(lesion, id=2, laterality=right),
        replace(lesion, id=3, compartment=Compartment.SUBCUTANEOUS),
    )
    spect = of_spots(
        spot(1, Compartment.MUSCLE, lesions=(1,)),
        spot(2, Compartment.MUSCLE, right, lesions=(2,)),
        spot(3, Compartment.SUBCUTANEOUS, lesions=(3,)),
        spot(4, Compartment.JOINT, region=Region.KNEE, physiologic=True),
    )
    rows = tuple(Concordance(HOT, (n,), (n,)) for n in (1, 2, 3))
    return ct, spect, rows


def test_the_patient_of_the_case_report(twin: tuple[CtFindings, SpectFindings, tuple]) -> None:
    listed = judged(*twin, CREST)
    found = grades(listed)
    assert [key for key in found if found[key] is SUPPORTED] == [
        "dystrophic_calcification",
        "myopathy",
    ]
    # Without zonal ossification, and all of it at mineral.
    for key in ("myositis_ossificans", "cellulitis", "sarcoidosis", "metastatic_calcification"):
        assert found[key] is UNLIKELY, key
    assert found["necrosis"] is CONSIDERED
    # The whole list of the case report is there, also what nothing speaks for.
    assert {"effusion", "hepatic_metastasis", "osteosarcoma_metastasis", "neuroblastoma",
            "sarcoidosis", "amyloidosis", "ischemia_or_infarction"} <= set(found)  # fmt: skip
    # The knee is physiologic: no disease of the joint is listed.
    assert "skeletal_disease" not in found
    assert [each.grade for each in listed] == sorted(
        (each.grade for each in listed), key=list(Grade).index
    )
    first = listed[0]
    assert first.hot_spot_ids == (1, 2, 3)
    assert (
        first.reason
        == "uptake at calcification in muscle and subcutis; normal calcium and phosphate"
    )


@pytest.mark.parametrize(
    ("compartment", "sites"),
    [
        (Compartment.INDETERMINATE, "tissue of no clear compartment"),
        (Compartment.VASCULAR, "vessels"),
    ],
)
def test_uptake_at_mineral_counts_wherever_it_is_put(
    make_ct: Callable[..., CtFindings], lesion: Lesion, compartment: Compartment, sites: str
) -> None:
    spect = of_spots(spot(1, compartment, lesions=(1,)))
    listed = judged(make_ct(lesion), spect, (Concordance(HOT, (1,), (1,)),), CREST)
    first = listed[0]
    assert (first.key, first.grade) == ("dystrophic_calcification", SUPPORTED)
    assert first.hot_spot_ids == (1,)
    assert first.reason == f"uptake at calcification in {sites}; normal calcium and phosphate"


@pytest.mark.parametrize(
    ("kind", "uptake"),
    [
        (COLD, "calcification without uptake"),
        (SMALL, "uptake of the calcification cannot be assessed"),
    ],
)
def test_cold_is_said_only_of_what_is_cold(
    make_ct: Callable[..., CtFindings], lesion: Lesion, kind: ConcordanceClass, uptake: str
) -> None:
    listed = judged(make_ct(lesion), of_spots(), (Concordance(kind, (1,), ()),), CREST)
    first = listed[0]
    assert (first.key, first.grade) == ("dystrophic_calcification", CONSIDERED)
    assert first.reason == f"{uptake}; normal calcium and phosphate"


def test_its_conclusion(twin: tuple[CtFindings, SpectFindings, tuple]) -> None:
    sentences = said(*twin, CREST)
    assert sentences[0] == (
        "Findings compatible with dystrophic calcification of subcutis and leg muscles in limited "
        "systemic sclerosis (CREST syndrome) with muscle involvement; both legs."
    )
    assert sentences[1] == (
        "Uptake in calcified subcutis and leg muscles (both legs): calcified and hot "
        "(active pattern)."
    )
    assert sentences[2] == "Active and inert are interpretation, not measurement."
    assert sentences[3].startswith(
        "Causes of the uptake to be considered, graded by compartment: supported: dystrophic "
        "calcification, myopathy"
    )
    assert "; less likely: metastatic calcification" in sentences[3]
    assert "poor prognosis" in sentences[4]
    assert sentences[-2:] == (
        "Not diagnostic of the cause; clinical correlation is required.",
        "Research use, not a diagnosis.",
    )


def test_hypercalcemia_with_lung_and_stomach_turns_it(
    twin: tuple[CtFindings, SpectFindings, tuple],
) -> None:
    ct, legs, rows = twin
    lung = spot(5, Compartment.THORACIC, region=Region.UNKNOWN, z=900.0)
    stomach = spot(6, Compartment.PERTECHNETATE_GI, region=Region.UNKNOWN, z=800.0)
    spect = replace(legs, hot_spots=(*legs.hot_spots, lung, stomach))
    found = grades(judged(ct, spect, rows, HYPERCALCEMIA))
    assert found["metastatic_calcification"] is SUPPORTED
    assert found["dystrophic_calcification"] is UNLIKELY
    sentences = said(ct, spect, rows, HYPERCALCEMIA)
    assert "Metastatic or mixed calcification to be considered: high calcium" in sentences[0]
    assert "dystrophic" not in sentences[0]
    assert (
        "Metastatic calcification to be considered: calcium, phosphate or kidney function "
        "abnormal; uptake in thoracic organs and stomach without thyroid or salivary glands."
    ) in sentences


def test_the_chest_of_the_twin_with_high_calcium(make_ct: Callable[..., CtFindings]) -> None:
    """Its laboratory values, no mineral, both lungs and the stomach; kidneys and spine as ever."""
    words = messages("en")
    with resources.as_file(resources.files("calciscope.phantom") / HIGH_LABS) as path:
        values = read_labs(path)
    far = Region.UNKNOWN
    spect = of_spots(
        spot(1, Compartment.PERTECHNETATE_GI, region=far, z=-50.0),
        spot(2, Compartment.THORACIC, Laterality.RIGHT, far, z=100.0),
        spot(3, Compartment.THORACIC, region=far, z=100.0),
        spot(4, Compartment.URINARY, region=far, z=-100.0, physiologic=True),
        spot(5, Compartment.BONE, Laterality.MIDLINE, far, z=60.0, physiologic=True),
    )
    assert interpret(values, words).derived.product_mg2_dl2 == 72.6
    first = judged(make_ct(), spect, (), values)[0]
    assert first.key == "metastatic_calcification"
    assert first.grade is SUPPORTED
    assert first.hot_spot_ids == (1, 2, 3)
    sentences = said(make_ct(), spect, (), values)
    assert any(each.startswith("Metastatic calcification to be considered") for each in sentences)
    assert not any("compatible with dystrophic" in each for each in sentences)


def test_the_pattern_of_uptake_alone_is_to_be_considered(
    make_ct: Callable[..., CtFindings],
) -> None:
    lung = spot(1, Compartment.THORACIC, z=300.0)
    stomach = spot(2, Compartment.PERTECHNETATE_GI, z=200.0)
    normal = replace(CREST, disease=None)
    for values, of_both, of_lung in (
        (None, CONSIDERED, CONSIDERED),
        (normal, CONSIDERED, UNLIKELY),
        (HYPERCALCEMIA, SUPPORTED, SUPPORTED),
    ):
        key = "metastatic_calcification"
        assert grades(judged(make_ct(), of_spots(lung, stomach), (), values))[key] is of_both
        assert grades(judged(make_ct(), of_spots(lung), (), values))[key] is of_lung
    none = grades(judged(make_ct(), of_spots(), (), HYPERCALCEMIA))
    assert none["metastatic_calcification"] is CONSIDERED


@pytest.mark.parametrize("values", [None, CREST, HYPERCALCEMIA])
def test_expected_uptake_of_bowel_is_no_metastatic_calcification(
    make_ct: Callable[..., CtFindings], values: LabValues | None
) -> None:
    bowel = of_spots(spot(1, Compartment.PERTECHNETATE_GI, physiologic=True))
    key = "metastatic_calcification"
    found = next(each for each in judged(make_ct(), bowel, (), values) if each.key == key)
    assert found.grade is (CONSIDERED if values is HYPERCALCEMIA else UNLIKELY)
    assert found.hot_spot_ids == ()
    assert "no uptake beyond the physiologic in view in lung or stomach" in found.reason
    sentences = said(make_ct(), bowel, (), values)
    assert not any(each.startswith("Metastatic calcification to be") for each in sentences[1:])
    # More than that speaks for it.
    strong = of_spots(spot(1, Compartment.PERTECHNETATE_GI))
    assert grades(judged(make_ct(), strong))[key] is CONSIDERED


def test_stomach_with_thyroid_is_a_fault_of_preparation(make_ct: Callable[..., CtFindings]) -> None:
    stomach = spot(1, Compartment.PERTECHNETATE_GI, z=100.0)
    thyroid = spot(2, Compartment.PERTECHNETATE_GI, z=390.0)
    found = grades(judged(make_ct(), of_spots(stomach, thyroid), (), HYPERCALCEMIA))
    assert found["free_pertechnetate"] is SUPPORTED
    # The stomach no longer speaks for hypercalcemia; the laboratory values still do.
    assert found["metastatic_calcification"] is CONSIDERED
    # Uptake of the chest is a landmark: what is above it is not the stomach, however near.
    heart = spot(3, Compartment.THORACIC, z=230.0)
    near = replace(thyroid, centroid_lps_mm=(0.0, 0.0, 260.0))
    assert (
        grades(judged(make_ct(), of_spots(stomach, near, heart)))["free_pertechnetate"] is SUPPORTED
    )
    alone = grades(judged(make_ct(), of_spots(stomach)))
    assert alone["free_pertechnetate"] is CONSIDERED


def test_ossification_is_zonal_or_early(make_ct: Callable[..., CtFindings], lesion: Lesion) -> None:
    key = "myositis_ossificans"
    at_lesion = of_spots(spot(1, Compartment.MUSCLE, lesions=(1,)))
    rows = (Concordance(HOT, (1,), (1,)),)
    rim = make_ct(replace(lesion, pattern=LesionPattern.RIM))
    assert grades(judged(rim, at_lesion, rows))[key] is SUPPORTED
    assert grades(judged(make_ct(lesion), at_lesion, rows))[key] is UNLIKELY
    bare = of_spots(spot(1, Compartment.MUSCLE))
    assert grades(judged(make_ct(), bare, (Concordance(ALONE, (), (1,)),)))[key] is CONSIDERED


def test_uptake_that_calcification_explains_is_no_cellulitis(
    make_ct: Callable[..., CtFindings], lesion: Lesion
) -> None:
    skin = Compartment.SUBCUTANEOUS
    ct = make_ct(replace(lesion, compartment=skin))
    explained = (Concordance(HOT, (1,), (1,)),)
    both = of_spots(spot(1, skin, lesions=(1,)), spot(2, skin))
    assert grades(judged(ct, of_spots(spot(1, skin)), explained))["cellulitis"] is UNLIKELY
    assert grades(judged(ct, both, explained))["cellulitis"] is CONSIDERED


@pytest.mark.parametrize(
    ("compartment", "keys"),
    [
        (Compartment.ARTEFACT, {"injection_or_contamination"}),
        (Compartment.BONE, {"skeletal_disease", "osteosarcoma_metastasis"}),
        (Compartment.JOINT, {"skeletal_disease"}),
        (Compartment.VASCULAR, {"vascular_uptake"}),
        (Compartment.BREAST, {"breast_uptake"}),
        (Compartment.ABDOMINAL, {"hepatic_metastasis", "neuroblastoma", "sarcoidosis",
                                 "amyloidosis", "ischemia_or_infarction"}),
    ],
)  # fmt: skip
def test_a_compartment_brings_its_causes(
    make_ct: Callable[..., CtFindings], compartment: Compartment, keys: set[str]
) -> None:
    listed = judged(make_ct(), of_spots(spot(1, compartment)), (), CREST)
    found = {each.key for each in listed if each.grade is CONSIDERED}
    assert found == keys
    assert all(each.hot_spot_ids == (1,) for each in listed if each.key in keys)
    physiologic = of_spots(spot(1, compartment, physiologic=True))
    after = judged(make_ct(), physiologic, (), CREST)
    assert {each.key for each in after if each.grade is not UNLIKELY} == set()


def test_classes_are_said_with_place_and_tissue(
    make_ct: Callable[..., CtFindings], lesion: Lesion
) -> None:
    right = replace(lesion, id=2, laterality=Laterality.RIGHT)
    small = replace(lesion, id=3, compartment=Compartment.SUBCUTANEOUS)
    spect = of_spots(spot(1, Compartment.BREAST, region=Region.UNKNOWN))
    rows = (
        Concordance(ALONE, (), (1,)),
        Concordance(COLD, (2,), ()),
        Concordance(SMALL, (3,), ()),
    )
    sentences = said(make_ct(lesion, right, small), spect, rows, None)
    assert "Soft-tissue calcification; both legs" in sentences[0]
    assert sentences[1:4] == (
        "Calcification without uptake in leg muscles (right leg): calcified and cold "
        "(inert pattern).",
        "Uptake without calcification in breast (examined region): early calcification, "
        "inflammation or another cause.",
        "Calcification in subcutis (left leg) whose uptake SPECT cannot assess: too small, hidden "
        "by uptake beside it, of faint uptake or out of view.",
    )


def test_uptake_beyond_the_ct_is_no_calcification(
    make_ct: Callable[..., CtFindings], lesion: Lesion
) -> None:
    spect = of_spots(spot(1, Compartment.MUSCLE))
    rows = (Concordance(SMALL, (), (1,)),)
    beyond = (
        "Uptake outside of the CT field of view in leg muscles (left leg): calcification cannot "
        "be assessed there."
    )
    assert said(make_ct(), spect, rows, None)[1] == beyond
    # A lesion that cannot be assessed keeps its sentence beside it.
    small = replace(lesion, id=3, compartment=Compartment.SUBCUTANEOUS)
    sentences = said(make_ct(small), spect, (*rows, Concordance(SMALL, (3,), ())), None)
    assert sentences[1].startswith("Calcification in subcutis (left leg) whose uptake SPECT")
    assert sentences[2] == beyond


def test_nothing_hot(make_ct: Callable[..., CtFindings]) -> None:
    knee = of_spots(spot(1, Compartment.JOINT, region=Region.KNEE, physiologic=True))
    sentences = said(make_ct(), knee, (), None)
    assert sentences[1].startswith("SPECT shows no hot spot outside of what is physiologic")
    assert not any("interpretation" in sentence for sentence in sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_and_reason_has_words(
    language: str, twin: tuple[CtFindings, SpectFindings, tuple]
) -> None:
    words = messages(language)
    assert {f"differential.name.{key}" for key in RULES} <= set(words.sentences)
    assert {f"differential.grade.{grade.value}" for grade in Grade} <= set(words.sentences)
    assert {f"tissue.{kind.value}" for kind in Compartment} <= set(words.sentences)
    assert {f"uptake.{kind.value}" for kind in ConcordanceClass} <= set(words.sentences)
    assert f"uptake.{BEYOND_CT}" in words.sentences
    ct, legs, rows = twin
    everywhere = of_spots(*(spot(n, kind) for n, kind in enumerate(HOT_SPOT_COMPARTMENTS, 1)))
    cold, small = ((Concordance(kind, (1,), ()),) for kind in (COLD, SMALL))
    for spect, found in ((legs, rows), (everywhere, rows), (legs, cold), (legs, small)):
        for values in (None, CREST, HYPERCALCEMIA, LabValues()):
            for each in judged(ct, spect, found, values, language):
                assert each.name and each.reason
                assert "{" not in each.reason
    sentences = said(ct, legs, rows, CREST, language)
    assert sentences[-1] == words.text("notice")
