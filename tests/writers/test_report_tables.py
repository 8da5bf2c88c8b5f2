"""Tables of the report: sums that a reader can redo, nothing left out, nothing made up."""

from dataclasses import fields, replace
from typing import Any

import pytest

from calciscope.ct.burden import total_burden
from calciscope.findings import SCHEMA_VERSION, Chain, Distribution
from calciscope.labels import COMPARTMENT_COLORS, Compartment
from calciscope.locations import Laterality, Level, Region
from calciscope.writers.report_burden import BURDEN_HEAD, burden_groups, compartments_found
from calciscope.writers.report_tables import (
    CHAIN_HEAD,
    LESION_HEAD,
    chain_cells,
    definition_rows,
    distribution_rows,
    lesion_cells,
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
        ("left", ("2", "200", "160", "40.0", "25.0"), "50 %", False),
        ("right", ("1", "100", "80.0", "20.0", "12.5"), "25 %", False),
        ("all sides", ("3", "300", "240", "60.0", "37.5"), "75 %", True),
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


def test_one_compartment_needs_no_sum_of_all(make_lesion: Any) -> None:
    assert [group.title for group in burden_groups(total_burden([make_lesion(1)]))] == ["Muscle"]


def test_no_lesion_has_no_lines() -> None:
    assert burden_groups(total_burden([])) == ()
    assert compartments_found(total_burden([])) == ()


def test_volumes_of_zero_have_shares_of_zero(make_lesion: Any) -> None:
    groups = burden_groups(total_burden([make_lesion(1, volume_pv_mm3=0.0)]))
    assert groups[0].rows[0].share_text == "0 %"


def test_a_lesion_line(make_lesion: Any) -> None:
    lesion = make_lesion(7, level=Level.DISTAL, volume_mm3=1234.5, centroid_lps_mm=(1.4, -2.6, 300))
    cells = dict(zip(LESION_HEAD, lesion_cells(lesion), strict=True))
    assert cells == {
        "Lesion": "7",
        "Compartment": "muscle",
        "Side": "left",
        "Region": "lower leg",
        "Level": "distal third",
        "Volume (mm³)": "1,234",
        "V pv (mm³)": "80.0",
        "HA (mg)": "20.0",
        "Agatston-like": "12.5",
        "HU mean": "250",
        "HU max": "480",
        "Length (mm)": "10.0",
        "Width (mm)": "4.0",
        "Linearity": "0.80",
        "Angle to bone (°)": "5",
        "To skin (mm)": "14.0",
        "To bone (mm)": "9.0",
        "Center L, P, S (mm)": "1, -3, 300",
        "Probability": "0.97",
    }


def test_what_is_unknown_is_a_dash(make_lesion: Any) -> None:
    lesion = make_lesion(
        1,
        level=None,
        angle_to_bone_axis_deg=None,
        distance_to_skin_mm=None,
        distance_to_bone_mm=None,
    )
    cells = dict(zip(LESION_HEAD, lesion_cells(lesion), strict=True))
    unknown = ("Level", "Angle to bone (°)", "To skin (mm)", "To bone (mm)")
    assert [cells[name] for name in unknown] == ["–"] * 4


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
    assert [value for _, value in rows] == ["-0.09", "99 %"]
    assert distribution_rows(Distribution(None, None, None)) == []
