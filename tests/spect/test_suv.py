import pytest

from calciscope.spect.suv import bq_per_ml_of_one_suv, remaining_activity


def test_half_is_left_after_the_half_life() -> None:
    assert remaining_activity(740.0, 6.02 * 3600, 6.02 * 3600) == 370.0
    assert remaining_activity(740.0, 0.0, 6.02 * 3600) == 740.0


def test_one_suv_is_the_decayed_dose_spread_over_the_body() -> None:
    # 740 MBq, one half-life, 70 kg: 370e6 Bq / 70,000 g.
    assert bq_per_ml_of_one_suv(740e6, 70.0, 6.02 * 3600) == pytest.approx(370e6 / 70_000)
    # 3 h later 0.7079 are left: 7,484 Bq/mL, the 7.5 kBq/mL of a common bone scan.
    assert bq_per_ml_of_one_suv(740e6, 70.0, 3 * 3600) == pytest.approx(7484, abs=1)
