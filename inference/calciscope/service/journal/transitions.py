"""Changing the state of a job: only as `states.NEXT` allows, and only from where it is."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock
from calciscope.service.journal.states import NEXT, JobState


@dataclass(frozen=True)
class Listener:
    """Who is to be told by a webhook.

    Attributes:
        url: of the webhook.
        events: names of states.
    """

    url: str
    events: frozenset[str]


class Transitions:
    """Moves jobs from state to state, and leaves a notice for whoever wants to know.

    Args:
        clock: of the times written down.
        listeners: webhooks.
    """

    def __init__(self, clock: Clock, listeners: Sequence[Listener] = ()) -> None:
        self._clock = clock
        self._listeners = tuple(listeners)

    def move(
        self,
        connection: sqlite3.Connection,
        job_id: int,
        before: Sequence[JobState],
        after: JobState,
        *,
        reason: str = "",
        code: str = "",
        not_before: float = 0.0,
    ) -> None:
        """Change a job's state within a transaction of the caller.

        Raises:
            StaleStateError: it is in none of the states `before`, or may not go to `after`.
        """
        row = connection.execute("SELECT state FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise StaleStateError(f"there is no job {job_id}")
        state = JobState(row["state"])
        if state not in before or after not in NEXT[state]:
            raise StaleStateError(f"job {job_id} is {state} and cannot become {after}")
        connection.execute(
            "UPDATE jobs SET state = ?, reason = ?, code = ?, not_before = ?, changed = ?"
            " WHERE id = ?",
            (after, reason, code, not_before, self._clock.now(), job_id),
        )
        self.note(connection, job_id, state, after, code)

    def note(
        self, connection: sqlite3.Connection, job_id: int, before: str, after: str, code: str
    ) -> None:
        """Write a change down, and a notice for each listener."""
        connection.execute(
            "INSERT INTO transitions (job_id, at, before, after, code) VALUES (?, ?, ?, ?, ?)",
            (job_id, self._clock.now(), before, after, code),
        )
        connection.executemany(
            "INSERT INTO notices (job_id, event, url) VALUES (?, ?, ?)",
            [(job_id, after, each.url) for each in self._listeners if after in each.events],
        )
