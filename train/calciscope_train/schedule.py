"""Learning rate and run length, by steps or by the clock, whichever is further along."""

import math
from dataclasses import dataclass

WARMUP = 0.03
"""Share of the run in which the learning rate rises."""

FLOOR = 0.01
"""Learning rate at the end, as a share of the highest."""


@dataclass(frozen=True)
class Budget:
    """How long a run lasts; the schedule always completes, however slow the machine turns out.

    Attributes:
        steps: optimizer steps.
        minutes: wall-clock minutes of training, over all resumed parts; null for no limit.

    Raises:
        ValueError: a limit is not positive.
    """

    steps: int = 10_000
    minutes: float | None = None

    def __post_init__(self) -> None:
        if self.steps <= 0 or (self.minutes is not None and self.minutes <= 0):
            raise ValueError(f"a budget must be positive, got {self}")

    def progress(self, steps: int, seconds: float) -> float:
        """Share of the run that is done, 0 to 1."""
        by_clock = 0.0 if self.minutes is None else seconds / (60.0 * self.minutes)
        return min(max(steps / self.steps, by_clock), 1.0)


def learning_rate_factor(progress: float) -> float:
    """Linear rise, then half a cosine down to FLOOR (Loshchilov & Hutter 2017, without restarts).

    Args:
        progress: share of the run that is done, 0 to 1.

    Returns:
        Share of the highest learning rate.
    """
    if progress < WARMUP:
        return max(progress / WARMUP, FLOOR)
    fall = (progress - WARMUP) / (1.0 - WARMUP)
    return FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + math.cos(math.pi * fall))
