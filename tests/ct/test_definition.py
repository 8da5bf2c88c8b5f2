"""What is written down about the figures, and the cautions about the acquisition."""

import numpy as np
import pytest

from calciscope.ct.definition import acquisition_cautions, describe_definition
from calciscope.ct.settings import MeasurementSettings
from calciscope.readers.study import CtAcquisition
from calciscope.volume import Volume

SETTINGS = MeasurementSettings()
GOOD = CtAcquisition(kvp=120.0, kernel="B30s", slice_thickness_mm=2.0)


def grid(k_mm: float = 2.0) -> Volume:
    return Volume.from_spacing(np.zeros((4, 4, 4), np.int16), (0.9, 0.9, k_mm))


def test_calibration_of_the_tube_voltage() -> None:
    at_120 = describe_definition(grid(), GOOD, SETTINGS)
    assert (at_120.kvp, at_120.kvp_assumed) == (120.0, False)
    assert at_120.ha_mg_cc_per_hu == pytest.approx(0.767, abs=0.001)
    assert at_120.ha_mg_cc_per_hu_relative_uncertainty == 0.12
    assert at_120.agatston_weights_from_hu == (130, 200, 300, 400)
    at_80 = describe_definition(grid(), CtAcquisition(kvp=80.0), SETTINGS)
    assert at_80.ha_mg_cc_per_hu == pytest.approx(0.555, abs=0.001)
    assert at_80.agatston_threshold_hu == pytest.approx(130 * 1.38, abs=1)


def test_unknown_tube_voltage_is_assumed_and_said() -> None:
    definition = describe_definition(grid(), CtAcquisition(kernel="B30s"), SETTINGS)
    assert (definition.kvp, definition.kvp_assumed) == (120.0, True)
    (caution,) = acquisition_cautions(grid(), CtAcquisition(kernel="B30s"))
    assert "tube voltage is not stated" in caution


def test_settings_and_acquisition_are_repeated() -> None:
    acquisition = CtAcquisition(
        kvp=130.0, kernel="B60s", slice_thickness_mm=1.25, contrast_agent="Ultravist"
    )
    settings = MeasurementSettings(minimum_volume_mm3=7.0, tibia_length_mm=350.0)
    definition = describe_definition(grid(1.0), acquisition, settings)
    assert definition.kernel == "B60s"
    assert definition.contrast_agent == "Ultravist"
    assert definition.slice_thickness_mm == 1.25
    assert definition.slice_increment_mm == pytest.approx(1.0)
    assert definition.spacing_mm == pytest.approx((0.9, 0.9, 1.0))
    assert definition.minimum_volume_mm3 == 7.0
    assert definition.tibia_length_mm == 350.0
    assert definition.mass_margin_voxels == (2, 2, 1)
    assert definition.connectivity == 26
    assert definition.calcium_share_of_ha == 0.399
    assert "not a diagnosis" in definition.pattern
    assert "quadrature" in definition.mass_uncertainty
    assert (definition.metal_from_hu, definition.metal_within_mm) == (2500.0, 20.0)


def test_a_good_acquisition_needs_no_caution() -> None:
    assert acquisition_cautions(grid(), GOOD) == []


@pytest.mark.parametrize(
    ("acquisition", "k_mm", "words"),
    [
        (CtAcquisition(), 2.0, "says nothing about how the CT was made"),
        (CtAcquisition(kvp=150.0), 2.0, "70 to 140 kVp"),
        (CtAcquisition(kvp=120.0), 5.0, "5 mm"),
        (CtAcquisition(kvp=120.0, slice_thickness_mm=4.0), 2.0, "4 mm"),
        (CtAcquisition(kvp=120.0, contrast_agent="Iomeron"), 2.0, "Iomeron"),
        (CtAcquisition(kvp=120.0, kernel="BONE"), 2.0, "sharp"),
    ],
)
def test_one_caution_for_each_weakness(acquisition: CtAcquisition, k_mm: float, words: str) -> None:
    (caution,) = acquisition_cautions(grid(k_mm), acquisition)
    assert words in caution
    assert caution.endswith(".")
