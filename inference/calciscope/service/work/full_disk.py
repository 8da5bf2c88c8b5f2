"""A full disk: all work waits, and no study is blamed for it."""

from collections import Counter
from random import Random

from calciscope.service.backoff import Rest
from calciscope.service.clock import Clock
from calciscope.service.settings.work import Backoff

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
        self._rest = Rest(backoff, clock, random)
        self._times: Counter[int] = Counter()

    @property
    def rests(self) -> bool:
        """Whether nothing is to be begun now."""
        return self._rest.left_seconds > 0

    def met_by(self, job_id: int) -> float:
        """There was no room for a study; gives the seconds that it waits."""
        if not self.rests:
            # Of several studies that met it together, the first counts.
            self._rest.begin()
        self._times[job_id] += 1
        own = self._rest.seconds_after(self._times[job_id])
        return max(self._rest.left_seconds + LATER_SECONDS, own)

    def ended(self, job_id: int, finished: bool) -> None:
        """A study came to another end; one that is finished has found room."""
        del self._times[job_id]
        if finished:
            self._rest.end()
