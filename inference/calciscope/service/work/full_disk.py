"""A full disk: all work waits, and no study is blamed for it."""

from collections import Counter
from random import Random

from calciscope.service.backoff import delay
from calciscope.service.clock import Clock
from calciscope.service.settings.work import Backoff

LONGEST_REST_SECONDS = 300.0
"""Work is tried again at least so often, so that room that was made is found."""

LATER_SECONDS = 5.0
"""A study that the disk had no room for lets others go first, which may need less."""


class FullDisk:
    """How long to wait after the disk had no room.

    Nothing is begun for a while, longer each time until a study is finished. The study that met it
    waits longer still, and by its own count: one that needs more than is free holds up nobody.

    Args:
        backoff: between attempts of a study.
        clock: of the rest.
        random: of the jitter.
    """

    def __init__(self, backoff: Backoff, clock: Clock, random: Random) -> None:
        self._backoff = backoff
        self._clock = clock
        self._random = random
        self._in_a_row = 0
        self._until = 0.0
        self._times: Counter[int] = Counter()

    @property
    def rests(self) -> bool:
        """Whether nothing is to be begun now."""
        return self._clock.monotonic() < self._until

    def met_by(self, job_id: int) -> float:
        """There was no room for a study; gives the seconds that it waits."""
        if not self.rests:
            # Of several studies that met it together, the first counts.
            self._in_a_row += 1
            self._until = self._clock.monotonic() + self._wait(self._in_a_row)
        self._times[job_id] += 1
        left = self._until - self._clock.monotonic()
        return max(left + LATER_SECONDS, self._wait(self._times[job_id]))

    def ended(self, job_id: int, finished: bool) -> None:
        """A study came to another end; one that is finished has found room."""
        del self._times[job_id]
        if finished:
            self._in_a_row = 0

    def _wait(self, times: int) -> float:
        return min(delay(self._backoff, times, self._random), LONGEST_REST_SECONDS)
