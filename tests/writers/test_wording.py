"""Figures and the summary sentence, by hand."""

from dataclasses import replace
from typing import Any

import pytest

from calciscope.labels import Compartment
from calciscope.locations import Laterality, Region
from calciscope.writers.wording import (
    mass_pm_text,
    mass_text,
    percent_text,
    place_text,
    summary_sentence,
    volume_text,
)

LEFT, RIGHT, MIDLINE = Laterality.LEFT, Laterality.RIGHT, Laterality.MIDLINE


@pytest.mark.parametrize(
    ("volume_mm3", "expected"),
    [(0, "0 mm³"), (34.4, "34 mm³"), (99.4, "99 mm³"), (99.6, "0.10 mL"), (687, "0.69 mL"),
     (949, "0.95 mL"), (951, "1.0 mL"), (9556, "9.6 mL"), (123456, "123.5 mL")],
)  # fmt: skip
def test_volumes(volume_mm3: float, expected: str) -> None:
    assert volume_text(volume_mm3) == expected


@pytest.mark.parametrize(
    ("mass_mg", "expected"),
    [(0, "0.0 mg"), (3.14, "3.1 mg"), (42.4, "42 mg"), (999.4, "999 mg"), (3286, "3.29 g")],
)
def test_masses(mass_mg: float, expected: str) -> None:
    assert mass_text(mass_mg) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0, "0 %"), (0.004, "< 1 %"), (0.707, "71 %"), (1, "100 %")]
)
def test_percentages(share: float, expected: str) -> None:
    assert percent_text(share) == expected


def test_nothing_found(make_findings: Any) -> None:
    assert summary_sentence(make_findings().ct) == "No soft-tissue calcification was found."


def test_one_lesion(make_findings: Any, make_lesion: Any) -> None:
    assert summary_sentence(make_findings([make_lesion(1)]).ct) == (
        "One soft-tissue calcification in the left lower leg, in muscle: "
        "80 mm³ (partial-volume corrected), 20 mg hydroxyapatite."
    )


def test_two_lesions_of_one_side_and_compartment(make_findings: Any, make_lesion: Any) -> None:
    assert summary_sentence(make_findings([make_lesion(1), make_lesion(2)]).ct) == (
        "Two soft-tissue calcifications in the left lower leg: "
        "0.16 mL (partial-volume corrected), 40 mg hydroxyapatite; all in muscle."
    )


def test_the_case_report(make_findings: Any, make_lesion: Any) -> None:
    """Volumes, masses and counts of the digital twin, in four lumps and 101 specks."""
    subcutaneous = Compartment.SUBCUTANEOUS
    lumps = [
        make_lesion(1, laterality=RIGHT, volume_pv_mm3=3080.0, ha_mass_mg=1099.0),
        make_lesion(2, laterality=LEFT, volume_pv_mm3=3677.0, ha_mass_mg=1346.0),
        make_lesion(
            3, laterality=RIGHT, compartment=subcutaneous, volume_pv_mm3=1272.0, ha_mass_mg=382.0
        ),
        make_lesion(
            4, laterality=LEFT, compartment=subcutaneous, volume_pv_mm3=1527.0, ha_mass_mg=458.0
        ),
    ]
    specks = [make_lesion(i, volume_pv_mm3=0.0, ha_mass_mg=0.0) for i in range(5, 106)]
    knee = replace(specks[0], region=Region.KNEE)
    # Muscle 6757 of 9556, left 5204 of 9556.
    assert summary_sentence(make_findings([*lumps, knee, *specks[1:]]).ct) == (
        "Multiple soft-tissue calcifications in both legs: 105 lesions, 9.6 mL (partial-volume "
        "corrected), 3.29 g hydroxyapatite; 71 % in muscle, 29 % subcutaneous; left 54 %, "
        "right 46 %."
    )


def test_volumes_of_zero_have_no_shares(make_findings: Any, make_lesion: Any) -> None:
    lesions = [make_lesion(i, volume_pv_mm3=0.0) for i in (1, 2)]
    assert summary_sentence(make_findings(lesions).ct).endswith("40 mg hydroxyapatite.")


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([(Region.LOWER_LEG, LEFT), (Region.LOWER_LEG, RIGHT)], "in both lower legs"),
        ([(Region.FOOT, LEFT), (Region.FOOT, RIGHT)], "in both feet"),
        ([(Region.THIGH, RIGHT)], "in the right thigh"),
        ([(Region.THIGH, RIGHT), (Region.KNEE, RIGHT)], "in the right leg"),
        ([(Region.THIGH, RIGHT), (Region.KNEE, LEFT)], "in both legs"),
        ([(Region.LOWER_LEG, MIDLINE)], "in the lower leg"),
        ([(Region.PELVIS, MIDLINE)], "in the pelvis"),
        ([(Region.PELVIS, LEFT), (Region.THIGH, LEFT)], "in the pelvis and the left thigh"),
        ([(Region.UNKNOWN, LEFT)], "on the left"),
        ([(Region.UNKNOWN, LEFT), (Region.KNEE, RIGHT)], "on both sides"),
        ([(Region.UNKNOWN, MIDLINE)], "in the midline"),
    ],
)
def test_places(make_lesion: Any, places: list[Any], expected: str) -> None:
    lesions = [make_lesion(i, region=r, laterality=s) for i, (r, s) in enumerate(places, 1)]
    assert place_text(lesions) == expected


@pytest.mark.parametrize(
    ("mass", "uncertainty", "text"),
    [(12.34, 1.56, "12.3 ± 1.6"), (2550.4, 307.8, "2,550 ± 308"), (99.96, 9.96, "100 ± 10")],
)
def test_a_mass_has_the_decimals_of_its_uncertainty(
    mass: float, uncertainty: float, text: str
) -> None:
    assert mass_pm_text(mass, uncertainty) == text
