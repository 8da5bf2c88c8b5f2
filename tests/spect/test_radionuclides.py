import pytest

from calciscope.spect.radionuclides import radionuclide, radionuclides, recognized
from calciscope.spect.suv import remaining_activity


def test_technetium_loses_half_in_six_hours() -> None:
    technetium = radionuclide("Tc-99m")
    assert remaining_activity(2.0, 6.02 * 3600, technetium.half_life_s) == pytest.approx(1.0)
    assert technetium.photons_kev == (140.5,)
    assert not technetium.is_positron_emitter
    assert radionuclide("F-18").is_positron_emitter


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tc-99m medronate", "Tc-99m"),
        ("99mTc MDP", "Tc-99m"),
        ("Tc99m", "Tc-99m"),
        ("TC 99M HDP", "Tc-99m"),
        ("^99m^Technetium", "Tc-99m"),
        ("Technetium Tc^99m^ medronate", "Tc-99m"),
        ("18F", "F-18"),
        ("F^18^ sodium fluoride", "F-18"),
        ("I-131 MIBG", "I-131"),
        ("Indium-111 pentetreotide", "In-111"),
        ("68Ga-PSMA", "Ga-68"),
        ("Ga-67 citrate", "Ga-67"),
    ],
)
def test_names_as_headers_have_them(text: str, name: str) -> None:
    found = recognized((), (text,))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("text", ["", "MDP", "bone scan 2018F", "Solution", "CI-1234"])
def test_other_texts_name_none(text: str) -> None:
    assert recognized((), (text,)) is None


def test_a_code_comes_before_texts() -> None:
    found = recognized(("C-163A8",), ("18F",))
    assert found is not None
    assert found.name == "Tc-99m"


def test_names_and_codes_are_unique() -> None:
    table = radionuclides()
    codes = [code for each in table for code in each.codes]
    assert len(codes) == len(set(codes)) == 2 * len(table)
    for each in table:
        assert [other.name for other in table if other.is_named_in(each.name)] == [each.name]
