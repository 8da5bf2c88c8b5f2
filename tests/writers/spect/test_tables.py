"""Rows of the SPECT tables."""

from dataclasses import replace
from typing import Any

from calciscope.findings import Consideration, Grade
from calciscope.labels import Compartment
from calciscope.messages import messages
from calciscope.spect.findings import Concordance, ConcordanceClass
from calciscope.writers.spect.tables import (
    brief_differential,
    compartment_cell,
    concordance_table,
    differential_table,
    hot_spot_table,
    ids_text,
    places_table,
)
from calciscope.writers.spect.texts import (
    registration_text,
    spect_method_rows,
    summary_rows,
    uptake_figures,
    uptake_summary,
)

HOT, COLD, ALONE, SMALL = ConcordanceClass


def test_a_line_of_the_hot_spots(make_spot: Any, make_spect_findings: Any) -> None:
    table = hot_spot_table(make_spect_findings((make_spot(1),)))
    row = dict(zip(table.head, table.rows[0], strict=True))
    assert row["Compartment"] == "muscle"
    assert (row["Side"], row["Region"], row["Level"]) == ("left", "lower leg", "distal third")
    assert (row["Physiologic"], row["Lesions"], row["Probability"]) == ("no", "1", "0.90")
    # 7.5; 0.85 and 0.6 of it; pi x 7^2 x 70 mm3; over 0.6 of muscle and 1.6 of bone.
    assert (row["SUVmax"], row["SUVpeak"], row["SUVmean"]) == ("7.5", "6.4", "4.5")
    assert (row["Volume (mL)"], row["/ muscle"], row["/ bone"]) == ("10.8", "12.5", "4.7")
    assert row["Center L, P, S (mm)"] == "85, 38, 110"
    assert table.head[: table.text_columns][-1] == "Lesions"


def test_paper_keeps_those_that_are_not_physiologic(
    make_spot: Any, make_spect_findings: Any
) -> None:
    spots = (make_spot(6, id=1), make_spot(1, id=2), make_spot(2, id=3))
    table = hot_spot_table(make_spect_findings(spots), 2)
    assert [row[0] for row in table.rows] == ["2", "3"]
    assert table.caption.startswith("2 of 3, hottest first.")
    assert "SUVpeak" not in table.head


def test_a_mixed_hot_spot_names_both(make_spot: Any) -> None:
    mixed = make_spot(1, mixed=True, runner_up=Compartment.SUBCUTANEOUS)
    assert compartment_cell(mixed) == "muscle, or subcutaneous"
    assert compartment_cell(replace(mixed, mixed=False)) == "muscle"


def test_ids() -> None:
    assert ids_text(()) == "–"
    assert ids_text((1, 2, 3)) == "1, 2, 3"
    assert ids_text(tuple(range(1, 21)), 5) == "1, 2, 3 and 17 more"


def test_concordance_has_a_line_for_each_class() -> None:
    rows = (
        Concordance(SMALL, (), (4,)),
        Concordance(SMALL, (9,), ()),
        Concordance(HOT, (3, 4), (2,)),
        Concordance(HOT, (1,), (1,)),
        Concordance(ALONE, (), (3,)),
    )
    assert concordance_table(rows).rows == (
        ("calcified and hot (active pattern)", "2", "3: 1, 3, 4", "1, 2"),
        ("hot without calcification", "1", "–", "3"),
        ("calcified, uptake not assessable", "1", "1: 9", "–"),
        ("hot, outside of the CT: calcification not assessable", "1", "–", "4"),
    )
    assert [row[1:] for row in places_table(rows).rows] == [
        ("3, 4", "2"), ("1", "1"), ("–", "3"), ("9", "–"), ("–", "4"),
    ]  # fmt: skip


def test_the_differential_on_page_and_paper() -> None:
    causes = (
        Consideration("a", Grade.TO_BE_CONSIDERED, "one", "uptake in muscle", (1, 2)),
        Consideration("b", Grade.TO_BE_CONSIDERED, "two", "uptake in muscle", (1, 2)),
        Consideration("c", Grade.LESS_LIKELY, "three", "no uptake", ()),
        Consideration("d", Grade.LESS_LIKELY, "four", "none at all", (3,)),
    )
    page = differential_table(causes, messages("en"))
    assert page.rows[0] == ("to be considered", "one", "uptake in muscle", "1, 2")
    assert len(page.rows) == 4
    assert brief_differential(causes, messages("en")).rows == (
        ("to\u00a0be\u00a0considered", "one, two", "uptake in muscle (1, 2)"),
        ("less\u00a0likely", "three, four", ""),
    )


def test_figures_and_summary(make_spot: Any, make_spect_findings: Any, make_findings: Any) -> None:
    found = make_spect_findings((make_spot(1), make_spot(6)))
    figures = uptake_figures(found)
    assert [(f.value, f.name, f.note) for f in figures] == [
        ("1", "hot spot", "and 1 of physiologic uptake"),
        ("7.5", "highest SUVbw of these", "muscle 0.60"),
    ]
    assert uptake_figures(None) == ()
    findings = replace(make_findings(), spect=found)
    assert uptake_summary(findings) == (
        "One hot spot outside of physiologic uptake on SPECT: 1 in muscle."
    )
    only_knee = replace(findings, spect=make_spect_findings((make_spot(6),)))
    assert uptake_summary(only_knee) == "No hot spot outside of physiologic uptake on SPECT."
    assert uptake_summary(make_findings()) == ""


def test_an_artefact_is_counted_but_gives_no_figure(
    make_spot: Any, make_spect_findings: Any
) -> None:
    """Urine on the skin, hotter than all else."""
    urine = make_spot(1, compartment=Compartment.ARTEFACT, suv_max=30.0, uptake_max=30.0)
    both = make_spect_findings((urine, make_spot(2, suv_max=4.0, uptake_max=4.0)))
    assert [(f.value, f.name) for f in uptake_figures(both)] == [
        ("2", "hot spots"),
        ("4.0", "highest SUVbw of these, artefacts left out"),
    ]
    rows = dict(summary_rows(both))
    assert rows["Highest SUVbw of these, artefacts left out"] == "4.0"
    # Alone there is no such figure, and no word of missing SUV.
    alone = make_spect_findings((urine,))
    assert [f.value for f in uptake_figures(alone)] == ["1"]
    assert not any("SUVbw" in name for name, _ in summary_rows(alone))


def test_without_suv_an_artefact_is_not_the_highest_either(
    make_spot: Any, make_spect_findings: Any
) -> None:
    none = {"suv_max": None, "suv_mean": None, "suv_peak": None, "total_uptake_suv_ml": None}
    urine = make_spot(1, compartment=Compartment.ARTEFACT, uptake_max=30.0, **none)
    muscle = make_spot(2, uptake_max=4.5, **none)
    refused = {"suv_refused": "the dose is missing", "units": "counts"}
    # 4.5 over the 0.6 of muscle.
    assert [
        (f.value, f.name, f.note)
        for f in uptake_figures(make_spect_findings((urine, muscle), **refused))
    ][1:] == [("7.5", "highest uptake / muscle, artefacts left out", "no SUV")]
    assert len(uptake_figures(make_spect_findings((urine,), **refused))) == 1


def test_bone_is_called_a_shaft_only_where_one_was_measured(make_spect_findings: Any) -> None:
    found = make_spect_findings(())
    bone = "bone likewise (left: any bone, right: any bone)"
    rows = spect_method_rows(replace(found.definition, references=bone))
    assert dict(rows)["Muscle and bone"] == "Bone likewise (left: any bone, right: any bone)."
    assert "Muscle and bone" not in dict(spect_method_rows(found.definition))
    assert dict(summary_rows(found))["Bone (shaft where in view), mean"] == "1.6"


def test_registration(make_spect_findings: Any) -> None:
    found = make_spect_findings(())
    assert registration_text(found) == "as scanned; estimated shift 2.4 mm"
    assert registration_text(replace(found, registered=True)) == "corrected by 2.4 mm"
    unknown = replace(found, misregistration_mm=None)
    assert registration_text(unknown) == "as scanned; a shift could not be estimated"
