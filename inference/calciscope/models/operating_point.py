"""How a model's answers become lesions: its calibration, and the modes it may be run in.

Both are measured on validation cases (`calciscope-train calibrate`) and stored in the manifest. A
model without them answers as its network does: probability 0.5 and more is calcification.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

BALANCED, SENSITIVE, SPECIFIC = "balanced", "sensitive", "specific"
"""Names of the modes; balanced is the default."""

FULL = 255
"""The value of a probability map that means 1."""

SURE_LOGIT = 6.0
"""Logits beyond this are cut: a map of 256 steps does not tell them apart."""


@dataclass(frozen=True)
class LesionCalibration:
    """A logistic regression from what a lesion looks like to the probability that it is real.

    Attributes:
        intercept: log odds of a lesion whose features are all 0.
        weights: of the features, by their names in `ct.lesion_probability.FEATURES`.
    """

    intercept: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Probability, 0 to 1, of a lesion with these features; KeyError if one is unknown."""
        total = sum(weight * features[name] for name, weight in self.weights.items())
        return _sigmoid(self.intercept + total)


@dataclass(frozen=True)
class Calibration:
    """What turns a network's answers into probabilities that mean what they say.

    Attributes:
        temperature: the log odds of calcification against the rest are divided by it.
        offset: then added to them; label weights in the loss shift a network's answers.
        lesion: for whole lesions.
        data: what it was measured on and how well it fits, free form.
    """

    temperature: float
    offset: float
    lesion: LesionCalibration
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Calibration":
        """Read what `dataclasses.asdict` gave; ValueError, KeyError or TypeError if malformed."""
        temperature = float(record["temperature"])
        offset = float(record["offset"])
        if not (0.0 < temperature < math.inf and math.isfinite(offset)):
            raise ValueError(f"temperature {temperature}, offset {offset}")
        weights = {str(name): float(weight) for name, weight in record["lesion"]["weights"].items()}
        lesion = LesionCalibration(float(record["lesion"]["intercept"]), weights)
        return cls(temperature, offset, lesion, dict(record["data"]))

    def table(self) -> NDArray[np.uint8]:
        """Calibrated probability (0..255) of each of the 256 values that a network's map has.

        A look-up costs nothing beside the network, and 0 stays 0: what was not looked at.
        """
        logits = logit_of_map(np.arange(FULL + 1, dtype=np.uint8)) / self.temperature + self.offset
        table = np.rint(FULL / (1.0 + np.exp(-logits))).astype(np.uint8)
        table[0] = 0
        return table


@dataclass(frozen=True)
class OperatingMode:
    """A choice between missed and invented lesions.

    Attributes:
        name: such as "balanced".
        aim: what its figures were chosen for, in words.
        voxel_logit_bias: added to a voxel's calibrated log odds; above 0 the outline of what may
            be calcification is taken wider.
        lesion_probability: a lesion less probable than this is dropped.
        figures: what it reaches on the validation cases, free form.
    """

    name: str
    aim: str
    voxel_logit_bias: float = 0.0
    lesion_probability: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "OperatingMode":
        """Read what `dataclasses.asdict` gave; ValueError, KeyError or TypeError if malformed."""
        mode = cls(
            str(record["name"]),
            str(record["aim"]),
            float(record["voxel_logit_bias"]),
            float(record["lesion_probability"]),
            dict(record["figures"]),
        )
        if not (0.0 <= mode.lesion_probability <= 1.0 and math.isfinite(mode.voxel_logit_bias)):
            raise ValueError(f"mode {mode}")
        return mode

    @property
    def least(self) -> int:
        """Smallest value of a probability map (1..255) that counts as calcification."""
        return max(1, math.ceil(FULL * _sigmoid(-self.voxel_logit_bias)))


PLAIN = OperatingMode(BALANCED, "probability 0.5 and more, as the network answers")
"""The one mode of a model that was never calibrated."""


def logit_of_map(probability: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Log odds of a map of 0..255, between -6 and 6."""
    share = np.clip(probability / FULL, 1e-9, 1.0 - 1e-9)
    logits: NDArray[np.float64] = np.log(share) - np.log1p(-share)
    return logits.clip(-SURE_LOGIT, SURE_LOGIT)


def _sigmoid(logit: float) -> float:
    # Written with tanh: exp overflows where the odds are extreme.
    return 0.5 * (1.0 + math.tanh(0.5 * logit))
