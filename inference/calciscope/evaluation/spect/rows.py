"""What is known of each evaluated case: its hot spots, its foci, what every condition answered.

Positions are LPS mm, uptake SUVbw. These rows are written case by case, so that an evaluation that
was interrupted goes on, and figures can be made anew without running a model again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from calciscope.labels import Compartment

ANSWER = "answer"
"""Key of the model's answers as the program gives them."""

RULE = "rule"
"""Key of the answers of the rule that the model has to beat."""


@dataclass(frozen=True)
class HotSpotRow:
    """One hot spot with its truth.

    Attributes:
        id: value in the hot-spot map; 1 has the highest uptake.
        truth: compartment with most of the true activity; None where there is no activity.
        share: of the activity that lies in it; runner_up: the next one.
        mixed: whether `share` is so low that the truth itself is doubtful.
        false: neither near a true focus nor over true uptake that is a hot spot by itself.
        volume_ml, uptake_max: as detected.
    """

    id: int
    truth: Compartment | None
    share: float
    mixed: bool
    runner_up: Compartment | None
    false: bool
    volume_ml: float
    uptake_max: float


@dataclass(frozen=True)
class FocusRow:
    """One true focus.

    Attributes:
        suv: true uptake; volume_ml, length_mm: true size.
        assessable: whether its size is one that SPECT can show.
        physiologic: whether the uptake is normal.
        found: whether a hot spot comes near its center.
    """

    id: int
    kind: str
    compartment: Compartment
    suv: float
    volume_ml: float
    length_mm: float
    assessable: bool
    physiologic: bool
    found: bool

    @property
    def total_uptake(self) -> float:
        """True SUV x volume, SUV mL."""
        return self.suv * self.volume_ml


@dataclass(frozen=True)
class SpectCaseResult:
    """One case, judged.

    Attributes:
        case_id: also names the patient: every synthetic case is one of its own.
        settings: of the generator; body_part: that is in the field.
        tissues_by: whether tissues came from the CT network's saved answers or from true labels.
        misregistration_mm: between SPECT and CT, as simulated.
        counts: relative count level of the simulated SPECT; None where the case does not say.
        hot_spots: in id order; foci: those with uptake.
        answers: by condition, for each hot spot the probabilities in output order.
        seconds: that judging took.
    """

    case_id: str
    settings: str
    body_part: str
    tissues_by: str
    misregistration_mm: float | None
    counts: float | None
    hot_spots: tuple[HotSpotRow, ...]
    foci: tuple[FocusRow, ...]
    answers: Mapping[str, tuple[tuple[float, ...], ...]]
    seconds: float = 0.0
