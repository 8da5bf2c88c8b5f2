"""The two clocks, given to whatever needs them, so that tests own the time."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """What time it is."""

    def now(self) -> float:
        """Seconds since 1970 UTC; may jump when somebody sets the clock."""

    def monotonic(self) -> float:
        """Seconds since some start; never jumps, and means nothing after a restart."""


@dataclass(frozen=True)
class SystemClock:
    """The clocks of the machine."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()
