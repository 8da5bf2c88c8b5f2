"""Is the service alive, and does it take studies in? With the reasons why not."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from calciscope.service.journal.journal import Journal
from calciscope.service.observers import Gate

STUCK_SECONDS = 3_600.0
"""A turn of a loop that takes longer hangs: sending a study, the longest, has shorter timeouts."""


class Turning(Protocol):
    """A loop, as health sees it."""

    name: str

    @property
    def healthy(self) -> bool:
        """Whether its thread lives and its last turn went well."""

    @property
    def alive(self) -> bool:
        """Whether its thread lives."""

    @property
    def turn_seconds(self) -> float:
        """For how long its turn has been running."""


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        ready: whether all is well.
        reasons: why not, a sentence each.
    """

    ready: bool
    reasons: tuple[str, ...]


class Health:
    """Looks after the loops, the journal and the gate.

    Args:
        journal: that must answer.
        loops: that must go on.
        gate: that should be open.
        destinations: names in the settings; deliveries to another are told.
        others: parts with a thread of their own, such as the receiver: name, whether it is well.
        troubles: parts that say why they cannot work; an empty text while they can.
        stuck_seconds: of a turn, after which a restart is the cure.
    """

    def __init__(
        self,
        journal: Journal,
        loops: Sequence[Turning],
        gate: Gate,
        destinations: Sequence[str] = (),
        others: Sequence[tuple[str, Callable[[], bool]]] = (),
        troubles: Sequence[Callable[[], str]] = (),
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._journal = journal
        self._loops = tuple(loops)
        self._gate = gate
        self._destinations = frozenset(destinations)
        self._others = tuple(others)
        self._troubles = tuple(troubles)
        self._stuck_seconds = stuck_seconds

    def live(self) -> Verdict:
        """Whether the process is worth keeping; if not, only a restart helps."""
        reasons = [f"{loop.name} has ended; restart the service" for loop in self._dead()]
        reasons += [
            f"{loop.name} has been busy for {loop.turn_seconds / 60:.0f} minutes and seems to hang;"
            " restart the service"
            for loop in self._loops
            if loop.turn_seconds > self._stuck_seconds
        ]
        return Verdict(not reasons, tuple(reasons))

    def ready(self) -> Verdict:
        """Whether studies are taken in and go on; also why something waits for a person."""
        reasons = list(self.live().reasons)
        dead = {loop.name for loop in self._dead()}
        reasons += [
            f"{loop.name} failed in its last turn and tries again; see the log"
            for loop in self._loops
            if not loop.healthy and loop.name not in dead
        ]
        reasons += [
            f"{name} does not work; see the log" for name, well in self._others if not well()
        ]
        reasons += [sentence for trouble in self._troubles if (sentence := trouble())]
        if self._gate.closed:
            reasons.append(self._gate.closed)
        try:
            waiting = self._journal.deliveries.open_count()
        except sqlite3.Error:
            return Verdict(False, (*reasons, "the journal does not answer; see the log"))
        told = tuple(
            f"{count} deliveries wait for {name!r}, which the settings no longer name; name it"
            " again or retry their jobs"
            for name, count in sorted(waiting.items())
            if name not in self._destinations
        )
        # Nothing that keeps studies out: said, and the service counts as ready all the same.
        return Verdict(not reasons, (*reasons, *told))

    def _dead(self) -> list[Turning]:
        return [loop for loop in self._loops if not loop.alive]
