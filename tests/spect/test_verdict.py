"""When a hot spot gets a name."""

import numpy as np
import pytest

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.spect.settings import SpectSettings
from calciscope.spect.verdict import judge


@pytest.mark.parametrize(
    ("given", "compartment", "runner_up"),
    [
        ({Compartment.MUSCLE: 0.7, Compartment.BONE: 0.3}, Compartment.MUSCLE, None),
        # Nearly as likely: neither.
        (
            {Compartment.MUSCLE: 0.55, Compartment.SUBCUTANEOUS: 0.45},
            Compartment.INDETERMINATE,
            Compartment.SUBCUTANEOUS,
        ),
        # Likelier than all others, but not likely.
        (
            {Compartment.MUSCLE: 0.45, Compartment.BONE: 0.2, Compartment.BREAST: 0.2,
             Compartment.URINARY: 0.15},
            Compartment.INDETERMINATE,
            None,
        ),
        # Bone and joint are of one skeleton.
        ({Compartment.JOINT: 0.5, Compartment.BONE: 0.4}, Compartment.JOINT, Compartment.BONE),
        (
            {Compartment.JOINT: 0.3, Compartment.BONE: 0.3, Compartment.MUSCLE: 0.4},
            Compartment.INDETERMINATE,
            Compartment.BONE,
        ),
    ],
)  # fmt: skip
def test_abstention(
    given: dict[Compartment, float], compartment: Compartment, runner_up: Compartment | None
) -> None:
    row = np.array([given.get(each, 0.0) for each in HOT_SPOT_COMPARTMENTS], np.float32)
    verdict = judge(row, SpectSettings())
    assert verdict.compartment is compartment
    assert verdict.runner_up is runner_up
    assert verdict.mixed is (runner_up is not None)
    assert verdict.probability == pytest.approx(max(given.values()))
