"""Tables of the report: sums that a reader can redo, nothing left out, nothing made up."""

from dataclasses import fields, replace
from typing import Any

import pytest

from calciscope.ct.burden import total_burden
from calciscope.findings import SCHEMA_VERSION, Chain, Distribution
from calciscope.labels import COMPARTMENT_COLORS, Compartment
from calciscope.locations import Laterality, Level, Region
from calciscope.patterns import LesionPattern
from calciscope.writers.report_burden import (
    BURDEN_HEAD,
    REGION_HEAD,
    burden_groups,
    compartments_found,
    region_rows,
)
from calciscope.writers.report_tables import (
    CHAIN_HEAD,
    LESION_HEAD,
    chain_cells,
    definition_rows,
    distribution_rows,
    lesion_cells,
    pattern_text,
    provenance_rows,
)
from calciscope.writers.wording import number_text

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
SUBCUTANEOUS = Compartment.SUBCUTANEOUS


def test_burden_by_compartment_and_side_with_sums(make_lesion: Any) -> None:
    """Each lesion: 100 mm3 by voxels, 80 mm3 corrected, 20 mg, Agatston 12.5."""
    burden = total_burden(
        [
            make_lesion(1, laterality=LEFT),
            make_lesion(2, laterality=LEFT),
            make_lesion(3, laterality=RIGHT),
            make_lesion(4, laterality=RIGHT, compartment=SUBCUTANEOUS),
        ]
    )
    muscle, subcutaneous, all_together = burden_groups(burden)
    assert [(row.side, row.cells, row.share_text, row.is_sum) for row in muscle.rows] == [
        # Noise of 1 mg each in quadrature, and 12 % of the mass.
        ("left", ("2", "200", "160", "40.0 ± 5.0", "16.0", "25.0"), "50 %", False),
        ("right", ("1", "100", "80.0", "20.0 ± 2.6", "8.0", "12.5"), "25 %", False),
        ("all sides", ("3", "300", "240", "60.0 ± 7.4", "23.9", "37.5"), "75 %", True),
    ]
    assert [(row.side, row.cells[0]) for row in subcutaneous.rows] == [("right", "1")]
    assert [(row.side, row.cells[0], row.share_text) for row in all_together.rows] == [
        ("left", "2", "50 %"),
        ("right", "2", "50 %"),
        ("all sides", "4", "100 %"),
    ]
    assert [g.title for g in (muscle, subcutaneous, all_together)] == [
        "Muscle",
        "Subcutaneous",
        "All",
    ]
    assert muscle.color == COMPARTMENT_COLORS[Compartment.MUSCLE]
    assert all(len(row.cells) == len(BURDEN_HEAD) for row in muscle.rows)
    assert compartments_found(burden) == (Compartment.MUSCLE, SUBCUTANEOUS)


def test_burden_by_region_from_the_pelvis_down(make_lesion: Any) -> None:
    lesions = [
        make_lesion(1, region=Region.ANKLE),
        make_lesion(2, region=Region.ANKLE, compartment=SUBCUTANEOUS),
        make_lesion(3, region=Region.THIGH, compartment=SUBCUTANEOUS, laterality=RIGHT),
        make_lesion(4, region=Region.ANKLE),
    ]
    rows = [dict(zip(REGION_HEAD, row, strict=True)) for row in region_rows(total_burden(lesions))]
    assert [(r["Region"], r["Compartment"], r["Side"], r["Lesions"]) for r in rows] == [
        ("thigh", "subcutaneous", "right", "1"),
        ("ankle", "muscle", "left", "2"),
        ("ankle", "subcutaneous", "left", "1"),
    ]
    assert (rows[1]["HA ± SD (mg)"], rows[1]["Ca (mg)"]) == ("40.0 ± 5.0", "16.0")
    assert region_rows(total_burden([])) == []


def test_one_compartment_needs_no_sum_of_all(make_lesion: Any) -> None:
    assert [group.title for group in burden_groups(total_burden([make_lesion(1)]))] == ["Muscle"]


def test_no_lesion_has_no_lines() -> None:
    assert burden_groups(total_burden([])) == ()
    assert compartments_found(total_burden([])) == ()


def test_volumes_of_zero_have_shares_of_zero(make_lesion: Any) -> None:
    groups = burden_groups(total_burden([make_lesion(1, volume_pv_mm3=0.0)]))
    assert groups[0].rows[0].share_text == "0 %"


def test_a_lesion_line(make_lesion: Any) -> None:
    lesion = make_lesion(
        7,
        level=Level.DISTAL,
        volume_mm3=1234.5,
        centroid_lps_mm=(1.4, -2.6, 300),
        pattern=LesionPattern.SHEET,
        hu_sd=91.7,
        hu_p5=110.2,
        hu_p50=240.4,
        centroid_to_skin_mm=15.5,
    )
    cells = dict(zip(LESION_HEAD, lesion_cells(lesion), strict=True))
    assert cells == {
        "Lesion": "7",
        "Compartment": "muscle",
        "Side": "left",
        "Region": "lower leg",
        "Level": "distal third",
        "Pattern": "sheet",
        "Volume (mm³)": "1,234",
        "V pv (mm³)": "80.0",
        "HA ± SD (mg)": "20.0 ± 2.6",
        "Ca (mg)": "8.0",
        "Agatston-like": "12.5",
        "HU mean ± SD": "250 ± 92",
        "HU p5, p50, p95": "110, 240, 430",
        "HU max": "480",
        "Length (mm)": "10.0",
        "Width (mm)": "4.0",
        "Linearity": "0.80",
        "Angle to bone (°)": "5",
        "To skin (mm)": "14.0",
        "Center to skin (mm)": "15.5",
        "To bone (mm)": "9.0",
        "Center L, P, S (mm)": "1, -3, 300",
        "Probability": "0.97",
    }


def test_a_lesion_that_the_images_cut_says_so(make_lesion: Any) -> None:
    assert pattern_text(make_lesion(1, pattern=LesionPattern.NET)) == "net"
    cut = make_lesion(1, pattern=LesionPattern.NET, touches_border=True)
    assert pattern_text(cut) == "net, cut off"


def test_what_is_unknown_is_a_dash(make_lesion: Any) -> None:
    lesion = make_lesion(
        1,
        level=None,
        angle_to_bone_axis_deg=None,
        distance_to_skin_mm=None,
        distance_to_bone_mm=None,
    )
    cells = dict(zip(LESION_HEAD, lesion_cells(lesion), strict=True))
    unknown = (
        "Level",
        "Pattern",
        "Angle to bone (°)",
        "To skin (mm)",
        "Center to skin (mm)",
        "To bone (mm)",
    )
    assert [cells[name] for name in unknown] == ["–"] * 6


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "–"), (0.0, "0.0"), (99.94, "99.9"), (99.96, "100"), (12345.6, "12,346")],
)
def test_numbers(value: float | None, expected: str) -> None:
    assert number_text(value) == expected


def test_every_setting_is_told(make_findings: Any) -> None:
    definition = replace(make_findings().ct.definition, contrast_agent=None, kvp_assumed=True)
    rows = dict(definition_rows(definition))
    assert len(rows) == len(fields(definition))
    assert rows["kvp"] == "130"
    assert rows["kvp assumed"] == "yes"
    assert rows["contrast agent"] == "not stated"
    assert rows["background shell mm"] == "3, 6"


def test_provenance_names_program_model_engine_and_times(make_findings: Any) -> None:
    assert provenance_rows(make_findings()) == (
        ("Program", "calciscope 0.1.0"),
        ("Model ct-calcification 0.1.0", "sha256 " + "ab" * 32),
        ("Engine", "onnxruntime on cpu"),
        ("Time (s)", "read 1.2, segment 20.5"),
        ("Memory", "at most 1,500 MB"),
        ("Findings", f"schema {SCHEMA_VERSION}"),
    )


def test_chains_and_spread() -> None:
    chain = Chain(
        id=2,
        lesion_ids=(3, 5, 9),
        compartment=Compartment.MUSCLE,
        laterality=Laterality.LEFT,
        region=Region.LOWER_LEG,
        length_mm=61.4,
        angle_to_bone_axis_deg=3.6,
        linearity=0.987,
        linear_along_axis=True,
        volume_pv_mm3=1234.5,
        ha_mass_mg=56.78,
    )
    row = dict(zip(CHAIN_HEAD, chain_cells(chain), strict=True))
    assert row["Lesions"] == "3"
    assert (row["Length (mm)"], row["Angle to bone (°)"]) == ("61", "4")
    assert (row["Along the bone"], row["V pv (mm³)"], row["HA (mg)"]) == ("yes", "1,234", "56.8")
    assert distribution_rows(None) == []
    rows = distribution_rows(Distribution(-0.0912, 0.2, 0.987))
    assert [value for _, value in rows] == ["-0.09; of HA +0.20", "99 %"]
    patterns = {LesionPattern.LINEAR: 0.7, LesionPattern.PUNCTATE: 0.3}
    (row,) = distribution_rows(Distribution(None, None, None, patterns))
    assert row == ("Patterns (form, not diagnosis), of V pv", "linear 70 %, punctate 30 %")
    assert distribution_rows(Distribution(None, None, None)) == []
