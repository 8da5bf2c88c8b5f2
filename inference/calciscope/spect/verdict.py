"""From the probabilities of a hot spot's compartments to a name, or to none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.spect.settings import SpectSettings

SKELETON = (Compartment.BONE, Compartment.JOINT)


@dataclass(frozen=True)
class Verdict:
    """What the probabilities of the compartments amount to.

    Attributes:
        compartment: indeterminate where none is likely enough, or where it is mixed; of bone and
            joint, which border on one another, the likelier where they together are likely enough.
        probability: of the likeliest.
        mixed: whether another is nearly as likely.
        runner_up: that other; None where it is not mixed.
    """

    compartment: Compartment
    probability: float
    mixed: bool
    runner_up: Compartment | None


def judge(probabilities: NDArray[np.floating], settings: SpectSettings) -> Verdict:
    """Decide on a compartment, or abstain.

    Args:
        probabilities: of `HOT_SPOT_COMPARTMENTS`, shape (11,).
    """
    # Of equal ones the first comes first.
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    most = float(probabilities[first])
    mixed = most - float(probabilities[second]) < settings.mixed_margin
    bony = [HOT_SPOT_COMPARTMENTS.index(each) for each in SKELETON]
    if first in bony:
        skeleton = float(probabilities[bony].sum())
        other = float(np.delete(probabilities, bony).max())
        unclear = skeleton - other < settings.mixed_margin
        unclear |= skeleton < settings.minimum_probability
    else:
        unclear = mixed or most < settings.minimum_probability
    return Verdict(
        Compartment.INDETERMINATE if unclear else HOT_SPOT_COMPARTMENTS[first],
        most,
        mixed,
        HOT_SPOT_COMPARTMENTS[second] if mixed else None,
    )


def named(probabilities: NDArray[np.floating], minimum_probability: float) -> NDArray[np.bool_]:
    """Whether hot spots get a compartment, (n,), of probabilities (n, 11)."""
    settings = SpectSettings(minimum_probability=minimum_probability)
    verdicts = (judge(row, settings).compartment for row in probabilities)
    return np.array([each is not Compartment.INDETERMINATE for each in verdicts], dtype=bool)
