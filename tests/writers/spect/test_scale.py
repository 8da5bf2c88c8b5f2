"""One scale of color: its top, its name, its transparency."""

from typing import Any

import numpy as np
import pytest

from calciscope.writers.spect.scale import (
    FAINT,
    OPACITY,
    STRONG,
    UptakeScale,
    rounded_up,
    uptake_scale,
)

UPTAKE = np.array([0.0, 20.0])


@pytest.mark.parametrize(
    ("value", "rounded"), [(7.5, 8.0), (6.0, 6.0), (1.01, 1.2), (83000.0, 100000.0), (0.031, 0.04)]
)
def test_few_digits(value: float, rounded: float) -> None:
    assert rounded_up(value) == pytest.approx(rounded)


def test_a_hot_knee_does_not_set_the_scale(make_spot: Any, make_spect_findings: Any) -> None:
    spots = (make_spot(1, uptake_max=4.4), make_spot(6, uptake_max=30.0))
    scale = uptake_scale(make_spect_findings(spots), UPTAKE)
    assert (scale.top, scale.top_text, scale.name) == (5.0, "5", "SUV")
    # Without another it does; without any hot spot the image does.
    assert uptake_scale(make_spect_findings(spots[1:]), UPTAKE).top == 30.0
    assert uptake_scale(make_spect_findings(()), UPTAKE).top == 20.0
    assert uptake_scale(make_spect_findings(()), 0 * UPTAKE).top > 0


def test_without_suv_it_is_relative_to_muscle(make_spot: Any, make_spect_findings: Any) -> None:
    spots = (make_spot(1, uptake_max=4400.0, suv_max=None),)
    refused = {"suv_refused": "no weight", "units": "counts"}
    made = make_spect_findings(spots, muscle_mean=500.0, **refused)
    scale = uptake_scale(made, UPTAKE)
    # 4400 / 500 = 8.8, up to 10 times muscle.
    assert (scale.top, scale.top_text, scale.name) == (5000.0, "10", "× muscle")
    nothing = uptake_scale(make_spect_findings(spots, muscle_mean=None, **refused), UPTAKE)
    assert (nothing.top_text, nothing.name) == ("5e+03", "counts")


def test_faint_uptake_lets_the_ct_through() -> None:
    scale = UptakeScale(10.0, 1.0, "SUV")
    rgba = scale.overlay(np.array([0.0, 10 * FAINT, 5.0 * (FAINT + STRONG), 10 * STRONG, 99.0]))
    full = round(255 * OPACITY)
    assert rgba[:, 3].tolist() == pytest.approx([0, 0, full / 2, full, full], abs=1)
    # Lightness rises all the way, for those who see no hue.
    steps = scale.overlay(np.linspace(0, 10, 20))[:, :3].astype(int) @ [2126, 7152, 722]
    assert (np.diff(steps) > 0).all()
    assert scale.bar().shape == (1, 64, 3)
    assert scale.bar()[0, 0].tolist() == [0, 0, 0]
