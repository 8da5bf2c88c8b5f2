"""The physics table against domain figures that were printed independently of the file."""

import pytest

from calciscope import physics


@pytest.mark.parametrize(
    ("kvp", "slope", "factor"),
    [
        (70, 2.08, 0.482),
        (80, 1.80, 0.555),
        (100, 1.49, 0.672),
        (120, 1.30, 0.767),
        (140, 1.18, 0.850),
    ],
)
def test_hydroxyapatite_slope_and_factor(kvp: float, slope: float, factor: float) -> None:
    assert physics.ha_slope_hu_per_mg_cc(kvp) == pytest.approx(slope, abs=0.006)
    assert physics.ha_mg_cc_per_hu(kvp) == pytest.approx(factor, abs=0.0006)


@pytest.mark.parametrize(
    ("name", "kvp", "hu"),
    [
        ("adipose", 120, -76),
        ("muscle", 80, 45),
        ("blood", 100, 58),
        ("skin", 130, 74),
        ("cartilage", 110, 106),
        ("tendon", 120, 100),
        ("yellow_marrow", 140, -44),
        ("red_marrow", 70, 0),
        ("spongiosa", 120, 294),
        ("cortical_bone", 120, 1555),
        ("blood_10mg_iodine_ml", 120, 308),
        ("pmma", 120, 126),
        ("glass", 120, 1961),
        ("wood", 120, -438),
        ("water", 90, 0),
    ],
)
def test_materials(name: str, kvp: float, hu: float) -> None:
    assert physics.tissue_hu(name, kvp) == pytest.approx(hu, abs=0.6)


@pytest.mark.parametrize("name", ["aluminium", "titanium", "steel"])
def test_metals_are_denser_than_cortical_bone_at_every_voltage(name: str) -> None:
    for kvp in physics.physics_table().kvp:
        assert physics.tissue_hu(name, kvp) > physics.tissue_hu("cortical_bone", kvp)


def test_voltages_between_columns_are_interpolated_linearly() -> None:
    middle = physics.tissue_hu("cortical_bone", 125)
    ends = physics.tissue_hu("cortical_bone", 120), physics.tissue_hu("cortical_bone", 130)
    assert middle == pytest.approx(sum(ends) / 2)


def test_voltages_beyond_the_table_take_its_last_value() -> None:
    assert physics.kvp_range() == (70.0, 140.0)
    assert physics.ha_slope_hu_per_mg_cc(150) == physics.ha_slope_hu_per_mg_cc(140)


def test_unknown_material_is_named() -> None:
    with pytest.raises(KeyError, match="unobtainium"):
        physics.tissue_hu("unobtainium", 120)


def test_every_row_has_one_value_per_voltage() -> None:
    table = physics.physics_table()
    assert {len(row) for row in table.materials_hu.values()} == {len(table.kvp)}
    assert len(table.ha_slope_hu_per_mg_cc) == len(table.kvp)


def test_mineral_displaces_tissue() -> None:
    # 43 (1 - 400 / 3160) + 1.3030 * 400 = 37.56 + 521.2
    assert physics.mineralized_hu(400, 43.0, 120) == pytest.approx(558.8, abs=0.1)
    assert physics.mineralized_hu(0, 43.0, 120) == 43.0


def test_calcium_in_hydroxyapatite() -> None:
    """Ca5(PO4)3OH: 5 x 40.078 of 5 x 40.078 + 3 x 94.971 + 17.007."""
    share = 5 * 40.078 / (5 * 40.078 + 3 * 94.971 + 17.007)
    assert physics.calcium_mg(1000.0) == pytest.approx(1000 * share, abs=0.5)
