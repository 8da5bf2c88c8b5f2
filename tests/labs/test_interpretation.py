"""Sums and rules of laboratory values, against figures computed by hand."""

from importlib import resources
from pathlib import Path

import pytest

from calciscope.labs import LabValues, interpret, read_labs
from calciscope.labs.values import Disease, Pattern, Quantity
from calciscope.messages import messages

EN = messages("en")


def mg(value: float) -> Quantity:
    return Quantity(value, "mg/dL")


def labs(calcium: float | None = 9.7, phosphate: float | None = 3.4, **others: object) -> LabValues:
    given = {"calcium": calcium, "phosphate": phosphate}
    return LabValues(**{k: mg(v) for k, v in given.items() if v is not None}, **others)  # type: ignore[arg-type]


def mmol(calcium: float, phosphate: float) -> LabValues:
    return LabValues(calcium=Quantity(calcium, "mmol/L"), phosphate=Quantity(phosphate, "mmol/L"))


def test_the_case_report() -> None:
    with resources.as_file(resources.files("calciscope.phantom")) as folder:
        found = interpret(read_labs(Path(folder) / "twin_labs.yaml"), EN)
    derived = found.derived
    assert derived.calcium_mg_dl == 9.7
    assert derived.calcium_is_corrected is False
    assert derived.calcium_mmol_l == pytest.approx(2.42, abs=0.005)
    assert derived.product_mg2_dl2 == 33.0
    assert derived.product_mmol2_l2 == pytest.approx(2.66, abs=0.005)
    assert derived.product_level == "normal"
    assert derived.creatine_kinase_ratio == pytest.approx(2.2989, abs=1e-4)
    assert derived.anti_centromere_level == "borderline"
    assert found.pattern is Pattern.DYSTROPHIC
    assert found.wording.startswith("Pattern compatible with dystrophic")
    assert found.notes == ("Albumin was not given; total calcium is used, not corrected.",)
    assert found.given["ana_titer"] == "1:320"


def test_calcium_is_corrected_in_the_unit_it_was_given_in() -> None:
    low = interpret(labs(9.0, 4.0, albumin=Quantity(2.5, "g/dL")), EN)
    assert low.derived.calcium_mg_dl == pytest.approx(9.0 + 0.8 * 1.5)
    assert low.derived.product_mg2_dl2 == pytest.approx(10.2 * 4.0)
    assert low.derived.calcium_is_corrected
    si = LabValues(
        calcium=Quantity(2.2, "mmol/L"),
        phosphate=Quantity(1.1, "mmol/L"),
        albumin=Quantity(30.0, "g/L"),
    )
    found = interpret(si, EN)
    assert found.derived.calcium_mmol_l == pytest.approx(2.2 + 0.02 * 10)
    assert found.derived.product_mmol2_l2 == pytest.approx(2.4 * 1.1)
    assert any("bromocresol purple" in note for note in found.notes)


@pytest.mark.parametrize(
    ("values", "pattern", "reasons"),
    [
        (labs(10.5, 4.5), Pattern.DYSTROPHIC, ()),
        (labs(12.1, 6.0), Pattern.METASTATIC_OR_MIXED, ("calcium_high", "phosphate_high",
                                                        "product_high")),
        (labs(10.6, 3.0), Pattern.METASTATIC_OR_MIXED, ("calcium_high",)),
        (labs(9.0, 4.6), Pattern.METASTATIC_OR_MIXED, ("phosphate_high",)),
        (labs(egfr=Quantity(29, "mL/min/1.73m2")), Pattern.METASTATIC_OR_MIXED, ("egfr_low",)),
        (labs(egfr=Quantity(30, "mL/min/1.73m2")), Pattern.DYSTROPHIC, ()),
        (labs(disease=Disease.NONE), Pattern.IDIOPATHIC_OR_IATROGENIC, ()),
        (labs(disease=Disease.LUPUS), Pattern.DYSTROPHIC, ()),
        (labs(8.4, 3.4), Pattern.UNDETERMINED, ()),
        (labs(9.0, 2.4), Pattern.UNDETERMINED, ()),
        (labs(9.0, None), Pattern.UNDETERMINED, ()),
        (labs(None, 5.0), Pattern.METASTATIC_OR_MIXED, ("phosphate_high",)),
        (mmol(2.62, 1.1), Pattern.DYSTROPHIC, ()),
        (mmol(2.12, 1.1), Pattern.DYSTROPHIC, ()),
        (mmol(2.63, 1.1), Pattern.METASTATIC_OR_MIXED, ("calcium_high",)),
    ],
)  # fmt: skip
def test_the_rule(values: LabValues, pattern: Pattern, reasons: tuple[str, ...]) -> None:
    found = interpret(values, EN)
    assert (found.pattern, found.reasons) == (pattern, reasons)


@pytest.mark.parametrize(
    ("product", "level"), [(55.0, "normal"), (56.0, "alert"), (72.6, "high_risk")]
)
def test_the_level_of_the_product(product: float, level: str) -> None:
    assert interpret(labs(10.0, product / 10.0), EN).derived.product_level == level


def test_a_low_calcium_may_be_high_once_corrected() -> None:
    assert interpret(labs(9.6, 3.0), EN).pattern is Pattern.DYSTROPHIC
    corrected = interpret(labs(9.6, 3.0, albumin=Quantity(2.0, "g/dL")), EN)
    assert corrected.reasons == ("calcium_high",)


def test_kidneys_make_the_correction_unreliable() -> None:
    notes = interpret(
        labs(albumin=Quantity(4, "g/dL"), egfr=Quantity(45, "mL/min/1.73m2")), EN
    ).notes
    assert any("unreliable in chronic kidney disease" in note for note in notes)


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        (labs(8.0), ["calcium_low"]),
        (labs(9.0, 2.0), ["phosphate_low"]),
        (labs(9.0, None), ["incomplete"]),
        (labs(None, 5.0), []),
        (labs(disease=Disease.CHRONIC_KIDNEY_DISEASE), ["egfr_missing"]),
        (labs(disease=Disease.CHRONIC_KIDNEY_DISEASE, egfr=Quantity(50, "mL/min/1.73m2")), []),
    ],
)
def test_notes_say_what_the_values_leave_open(values: LabValues, keys: list[str]) -> None:
    albumin = ("albumin_missing", "albumin_assay")
    said = interpret(values, EN).notes
    expected = [EN.text(f"labs.note.{key}") for key in keys]
    assert [n for n in said if n not in [EN.text(f"labs.note.{k}") for k in albumin]] == expected
