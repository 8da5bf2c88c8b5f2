"""The measurement error, in numbers worked out by hand."""

from math import sqrt

import pytest

from calciscope.followup.repeatability import Repeatability, repeatability


def test_one_protocol() -> None:
    error = repeatability(same_protocol=True, same_kvp=True)
    # sqrt((0.1 * 100)^2 + 0.25 * 100) = sqrt(125)
    assert error.limit_mg(100.0) == pytest.approx(11.18, abs=0.005)
    # sqrt(0.16 + 1) = 1.077 mg of 4 mg: 27 %
    assert error.limit_mg(4.0) == pytest.approx(1.077, abs=0.001)
    assert error.limit_mg(0.0) == 0.0


def test_small_lesions_have_the_wider_band() -> None:
    error = repeatability(same_protocol=True, same_kvp=True)
    shares = [error.limit_mg(mass) / mass for mass in (2.0, 10.0, 50.0, 2000.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.1, abs=0.001)


def test_another_protocol_has_the_larger_band() -> None:
    same = repeatability(same_protocol=True, same_kvp=True)
    other = repeatability(same_protocol=False, same_kvp=True)
    assert other.limit_mg(50.0) > same.limit_mg(50.0)
    assert other.calibration == 0.0


def test_calibration_counts_only_between_tube_voltages() -> None:
    error = repeatability(same_protocol=False, same_kvp=False)
    # 12 % at each date: sqrt(2) * 0.12 = 0.17
    assert error.calibration == pytest.approx(0.1697, abs=1e-4)
    assert error.limit_mg(1e6) / 1e6 == pytest.approx(sqrt(0.2**2 + 0.1697**2), abs=1e-3)


def test_noise_adds_up_over_lesions() -> None:
    noise = Repeatability(proportional=0.0, noise_mg=0.25, calibration=0.0)
    parts = [3.0, 20.0, 50.0]
    assert noise.limit_mg(sum(parts)) == pytest.approx(
        sqrt(sum(noise.limit_mg(mass) ** 2 for mass in parts))
    )
