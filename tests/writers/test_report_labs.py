"""Laboratory values as rows, in the language of the report."""

from calciscope.labs import LabValues, interpret
from calciscope.labs.values import Disease, Quantity
from calciscope.messages import messages
from calciscope.writers.report_labs import derived_rows, given_rows

VALUES = LabValues(
    calcium=Quantity(2.2, "mmol/L"),
    phosphate=Quantity(1.1, "mmol/L"),
    albumin=Quantity(30.0, "g/L"),
    creatine_kinase=Quantity(1250000.0, "U/L", 174.5),
    ana_titer="1:320",
    disease=Disease.LUPUS,
)


def test_given_and_derived_in_german() -> None:
    words = messages("de")
    labs = interpret(VALUES, words)
    assert given_rows(labs, words) == [
        ("Calcium, gesamt", "2,2 mmol/L"),
        ("Phosphat", "1,1 mmol/L"),
        ("Albumin", "30 g/L"),
        ("Kreatinkinase", "1250000 U/L (Obergrenze 174,5)"),
        ("Antinukleäre Antikörper", "1:320"),
    ]
    assert derived_rows(labs, words) == [
        ("Calcium, albuminkorrigiert", "9,62 mg/dL (2,40 mmol/L)"),
        ("Calcium x Phosphat", "32,7 mg²/dL² (2,64 mmol²/L²), normal"),
        ("Kreatinkinase, Vielfaches der Obergrenze", "7163,3"),
    ]


def test_what_is_not_known_has_no_row() -> None:
    words = messages("en")
    labs = interpret(LabValues(calcium=Quantity(9.7, "mg/dL")), words)
    assert given_rows(labs, words) == [("Calcium, total", "9.7 mg/dL")]
    assert derived_rows(labs, words) == []
