"""What goes on paper: as much as there is room for, in the words of the page."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from calciscope.findings import Chain
from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.readers.study import SeriesSummary
from calciscope.writers.gallery import CloseUp
from calciscope.writers.pictures import Picture
from calciscope.writers.report_paper import (
    FIGURES_ON_PAPER,
    brief,
    burden_table,
    chains_table,
    close_up_plates,
    lesions_table,
    origin_facts,
    warnings_caution,
)
from calciscope.writers.report_tables import LESION_HEAD, lesion_cells


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("a\r\n\t b", "a b"),
        ("abcde", "abcde"),
        ("abcdef", "abcd…"),
        ("abc efg", "abc…"),
        ("", ""),
    ],
)
def test_brief(text: str, shown: str) -> None:
    assert brief(text, 5) == shown


def test_warnings() -> None:
    assert warnings_caution((), 3) is None
    some = warnings_caution(("a", "b", "c"), 3)
    assert some is not None and some.lines == ("a", "b", "c")
    many = warnings_caution(("a", "b", "c"), 1)
    assert many is not None and many.lines == ("a", "2 more in report.html.")


def test_the_burden_with_its_sums(make_findings: Any, make_lesion: Any) -> None:
    """Lesions of 80 mm3 of V pv and 20 mg: two left, one right; 240 mm3 in all."""
    sides = (Laterality.LEFT, Laterality.LEFT, Laterality.RIGHT)
    lesions = [make_lesion(n, laterality=side) for n, side in enumerate(sides, 1)]
    table = burden_table(make_findings(lesions).ct)
    names = ("Compartment", "Side", "Lesions", "Volume (mm³)", "V pv (mm³)", "Share")
    places = [table.head.index(name) for name in names]
    assert [tuple(row[place] for place in places) for row in table.rows] == [
        ("Muscle", "left", "2", "200", "160", "67 %"),
        ("", "right", "1", "100", "80.0", "33 %"),
        ("", "all sides", "3", "300", "240", "100 %"),
    ]
    assert table.strong == {2}
    assert {len(row) for row in table.rows} == {len(table.head)}


def test_the_largest_lesions(make_findings: Any, make_lesion: Any) -> None:
    lesions = [make_lesion(n, volume_mm3=volume) for n, volume in ((1, 90.0), (2, 300.0), (3, 9.0))]
    ct = make_findings(lesions).ct
    table = lesions_table(ct, 2)
    assert [row[0] for row in table.rows] == ["2", "1"]
    assert table.caption.startswith("The largest 2 of 3.")
    named = dict(zip(LESION_HEAD, lesion_cells(lesions[1]), strict=True))
    assert table.rows[0] == tuple(named[name] for name in table.head)
    for begins in ("Lesion", "Compartment", "Side", "Region", "Level", *FIGURES_ON_PAPER):
        assert sum(name.startswith(begins) for name in table.head) == 1
    assert set(table.head[: table.text_columns]) >= {"Lesion", "Compartment", "Level"}
    assert table.head[table.text_columns] == "Volume (mm³)"
    assert lesions_table(ct, 3).caption.startswith("All, largest first.")


def test_the_longest_chains_in_their_order(make_findings: Any) -> None:
    def chain(number: int, length_mm: float) -> Chain:
        return Chain(
            number, (1, 2, 3), Compartment.MUSCLE, Laterality.LEFT, Region.LOWER_LEG,
            length_mm, 4.0, 0.99, True, 300.0, 120.0,
        )  # fmt: skip

    chains = (chain(1, 30.0), chain(2, 10.0), chain(3, 40.0))
    ct = replace(make_findings().ct, chains=chains)
    table = chains_table(ct, 2)
    assert [row[0] for row in table.rows] == ["1", "3"]
    assert table.caption.startswith("The longest 2 of 3.")
    assert "of 3." not in chains_table(ct, 3).caption


def test_close_ups_of_each_compartment_in_turn(make_findings: Any, make_lesion: Any) -> None:
    """Two of three: not both of muscle, though both are larger."""
    lesions = [
        make_lesion(1, volume_mm3=300.0),
        make_lesion(2, volume_mm3=200.0),
        make_lesion(3, compartment=Compartment.SUBCUTANEOUS),
    ]
    picture = Picture(b"", 1, 1, 80.0, "")
    shown = [CloseUp(lesion, picture, f"image {lesion.id}") for lesion in lesions]
    ct = make_findings(lesions).ct
    assert [p.title for p in close_up_plates(ct, shown, 2)] == ["Lesion 1", "Lesion 3"]
    plate = close_up_plates(ct, shown, 3)[2]
    assert plate.lines == ("subcutaneous, left", "0.10 mL · 20 mg HA · max 480 HU", "image 3")
    assert plate.color == "#0096FF"
    assert close_up_plates(ct, shown, 0) == ()


def test_where_it_came_from_is_the_same_for_each_run(make_study: Any, make_findings: Any) -> None:
    study = make_study(np.zeros((4, 4, 4), np.int16), np.eye(4))
    other = SeriesSummary("1.9", 5, "SCOUT", "CT", 1, "1.2.3", reason="a localizer")
    study = replace(study, left_out=(other, other))
    facts = dict(
        origin_facts(make_findings(), study, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 1).rows
    )
    assert facts["Report made"] == "2026-01-02 03:04 UTC"
    assert facts["Series left out"] == "5: SCOUT (CT, 1 file): a localizer\n1 more in report.html"
    assert "Time (s)" not in facts
    none = origin_facts(make_findings(), replace(study, left_out=()), datetime.now(UTC), 1)
    assert "Series left out" not in dict(none.rows)
