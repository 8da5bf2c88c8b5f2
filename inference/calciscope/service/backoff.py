"""How long to wait before something is tried again."""

from random import Random

from calciscope.service.clock import Clock
from calciscope.service.settings.work import Backoff

LONGEST_REST_SECONDS = 300.0
"""What all wait for is looked for at least so often, so that it is found when it is there again."""


def delay(backoff: Backoff, attempt: int, random: Random) -> float:
    """Seconds to wait after an attempt that failed.

    Doubled with each attempt up to the longest, then scattered by the jitter, so that many things
    that failed together are not all tried again at one moment.

    Args:
        backoff: how long at first and at most.
        attempt: how many have failed, from 1.
        random: source of the jitter.
    """
    # Beyond 2^60 times the first wait nothing grows any more, and no float overflows.
    wait = backoff.first_seconds * 2.0 ** min(max(attempt - 1, 0), 60)
    scatter = 1.0 + backoff.jitter * random.uniform(-1.0, 1.0)
    return min(backoff.longest_seconds, wait) * scatter


class Rest:
    """A rest of all work that needs something, longer each time until it is there again.

    Args:
        backoff: how long at first, and how it grows.
        clock: of the rest.
        random: of the jitter.
    """

    def __init__(self, backoff: Backoff, clock: Clock, random: Random) -> None:
        self._backoff = backoff
        self._clock = clock
        self._random = random
        self._times = 0
        self._until = 0.0

    @property
    def is_waited_for(self) -> bool:
        """Whether what is needed was missing when it was last tried."""
        return self._times > 0

    @property
    def left_seconds(self) -> float:
        """Of the rest; 0 when it is over."""
        return max(0.0, self._until - self._clock.monotonic())

    def begin(self) -> float:
        """What is needed is missing; gives the seconds that all rest."""
        self._times += 1
        wait = self.seconds_after(self._times)
        self._until = self._clock.monotonic() + wait
        return wait

    def end(self) -> None:
        """It is there again: the next rest is a short one."""
        self._times = 0

    def seconds_after(self, times: int) -> float:
        """How long to wait when something was missing so many times, from 1."""
        return min(delay(self._backoff, times, self._random), LONGEST_REST_SECONDS)
