"""Jobs of the journal: looking at them, and moving them on."""

import json
import sqlite3
from collections.abc import Sequence

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock
from calciscope.service.journal import routes
from calciscope.service.journal.database import Database
from calciscope.service.journal.records import (
    Job,
    SeriesRecord,
    SlicePlace,
    StoredInstance,
    Transition,
)
from calciscope.service.journal.states import GOING_ON, RETRIED, DeliveryState, JobState
from calciscope.service.journal.transitions import Transitions

_SELECT = """
    SELECT j.*, s.study_uid, s.patient_name, s.patient_id, s.description, s.expected,
        s.first_received, s.last_received,
        (SELECT count(*) FROM instances i
         WHERE i.study_id = j.study_id AND i.revision <= j.revision) AS instances
    FROM jobs j JOIN studies s ON s.id = j.study_id
"""

FAR_FUTURE_SECONDS = 86_400.0
"""A job that is to wait for longer than this was written down before the clock was set back."""


class Jobs:
    """Jobs of the journal.

    Args:
        database: of the journal.
        transitions: how states change.
        clock: of the times.
    """

    def __init__(self, database: Database, transitions: Transitions, clock: Clock) -> None:
        self._database = database
        self._transitions = transitions
        self._clock = clock

    def get(self, job_id: int) -> Job:
        """One job; raises StaleStateError where there is none."""
        row = self._one(f"{_SELECT} WHERE j.id = ?", (job_id,))
        if row is None:
            raise StaleStateError(f"there is no job {job_id}; calciscope jobs list shows them")
        return _job(row)

    def listed(
        self, states: Sequence[JobState] = (), limit: int = 100, before_id: int | None = None
    ) -> list[Job]:
        """Jobs in any of these states, or all; the newest first."""
        marks = ", ".join("?" * len(states))
        where = [f"j.state IN ({marks})"] if states else []
        values: list[object] = [*states]
        if before_id is not None:
            where.append("j.id < ?")
            values.append(before_id)
        clause = f"WHERE {' AND '.join(where)}" if where else ""
        rows = self._rows(f"{_SELECT} {clause} ORDER BY j.id DESC LIMIT ?", (*values, limit))
        return [_job(row) for row in rows]

    def several(self, job_ids: Sequence[int]) -> list[Job]:
        """Jobs by number, the newest first; those that are not there are left out."""
        marks = ", ".join("?" * len(job_ids))
        rows = self._rows(f"{_SELECT} WHERE j.id IN ({marks}) ORDER BY j.id DESC", job_ids)
        return [_job(row) for row in rows]

    def of_study(self, study_uid: str) -> list[Job]:
        """All revisions of a study, in order."""
        return [
            _job(row)
            for row in self._rows(
                f"{_SELECT} WHERE s.study_uid = ? ORDER BY j.revision", (study_uid,)
            )
        ]

    def counts(self) -> dict[JobState, int]:
        """Number of jobs in each state."""
        rows = self._rows("SELECT state, count(*) AS n FROM jobs GROUP BY state", ())
        found = {row["state"]: int(row["n"]) for row in rows}
        return {state: found.get(state, 0) for state in JobState}

    def oldest(self) -> dict[JobState, float]:
        """Since when the oldest job of each state that is not final is in it."""
        marks = ", ".join("?" * len(GOING_ON))
        rows = self._rows(
            "SELECT state, min(changed) AS since FROM jobs"
            f" WHERE state IN ({marks}) GROUP BY state",
            GOING_ON,
        )
        return {JobState(row["state"]): float(row["since"]) for row in rows}

    def instances(self, job: Job) -> list[StoredInstance]:
        """The instances of a job, in order of SOP Instance UID."""
        rows = self._rows(
            "SELECT i.*, r.series_uid FROM instances i JOIN series r ON r.id = i.series_id"
            " WHERE i.study_id = ? AND i.revision <= ? ORDER BY i.sop_uid",
            (job.study_id, job.revision),
        )
        return [
            StoredInstance(
                row["sop_uid"], row["series_uid"], row["file"], row["size"], row["digest"],
                None if row["position"] is None else SlicePlace(**json.loads(row["position"])),
            )
            for row in rows
        ]  # fmt: skip

    def series(self, job: Job) -> list[SeriesRecord]:
        """The series of a job."""
        rows = self._rows(
            "SELECT r.*, count(i.id) AS instances FROM series r"
            " JOIN instances i ON i.series_id = r.id AND i.revision <= ?"
            " WHERE r.study_id = ? GROUP BY r.id ORDER BY r.id",
            (job.revision, job.study_id),
        )
        return [
            SeriesRecord(
                row["series_uid"], json.loads(row["attributes"]), row["instances"], row["expected"]
            )
            for row in rows
        ]

    def transitions_after(self, last_id: int, limit: int = 1_000) -> list[Transition]:
        """Changes of state that were written down after one, in order; 0 for all."""
        rows = self._rows(
            "SELECT * FROM transitions WHERE id > ? ORDER BY id LIMIT ?", (last_id, limit)
        )
        return [_transition(row) for row in rows]

    def last_transition(self) -> int:
        """Number of the newest change of state, also of one that is dropped; 0 if none ever was."""
        row = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'transitions'", ())
        return 0 if row is None else int(row["seq"])

    def last_change(self) -> float | None:
        """When the newest change of state that is kept came about; None without any."""
        row = self._one("SELECT at FROM transitions ORDER BY id DESC LIMIT 1", ())
        return None if row is None else float(row["at"])

    def transitions(
        self, job_id: int | None = None, since: float = 0.0, limit: int = 10_000
    ) -> list[Transition]:
        """Changes of state, of one job or all, in order."""
        which = "" if job_id is None else "AND job_id = ?"
        values = (since,) if job_id is None else (since, job_id)
        rows = self._rows(
            f"SELECT * FROM transitions WHERE at >= ? {which} ORDER BY id LIMIT ?", (*values, limit)
        )
        return [_transition(row) for row in rows]

    def move(
        self,
        job_id: int,
        before: Sequence[JobState],
        after: JobState,
        *,
        reason: str = "",
        code: str = "",
        not_before: float = 0.0,
    ) -> None:
        """Change a job's state; see `Transitions.move`."""
        with self._database.writing() as connection:
            self._transitions.move(
                connection, job_id, before, after, reason=reason, code=code, not_before=not_before
            )

    def take(self, job_id: int, rule: str, priority: int) -> None:
        """A rule takes a job: intake to waiting, or another rule than before one that waits."""
        with self._database.writing() as connection:
            self._transitions.move(
                connection, job_id, (JobState.INTAKE, JobState.WAITING), JobState.WAITING
            )
            connection.execute(
                "UPDATE jobs SET rule = ?, priority = ? WHERE id = ?", (rule, priority, job_id)
            )

    def make_ready(self, job_id: int, instances: int) -> bool:
        """Waiting to ready, if it still holds as many instances as were looked at."""
        with self._database.writing() as connection:
            if self.get(job_id).instances != instances:
                return False
            self._transitions.move(connection, job_id, (JobState.WAITING,), JobState.READY)
            return True

    def claim(self) -> Job | None:
        """Take the next ready job for running: highest priority, then oldest."""
        now = self._clock.now()
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT id FROM jobs WHERE state = ? AND NOT (not_before > ? AND not_before <= ?)"
                " ORDER BY priority DESC, id LIMIT 1",
                (JobState.READY, now, now + FAR_FUTURE_SECONDS),
            ).fetchone()
            if row is None:
                return None
            self._transitions.move(connection, row["id"], (JobState.READY,), JobState.RUNNING)
            return self.get(row["id"])

    def finish(self, job_id: int, content_key: str, destinations: Sequence[str]) -> None:
        """Running to done, with a delivery for each destination; delivered where nothing is left.

        Nothing is left for a destination that has the same result of another revision; see
        `routes.begin`.
        """
        with self._database.writing() as connection:
            self._transitions.move(connection, job_id, (JobState.RUNNING,), JobState.DONE)
            if routes.begin(connection, job_id, content_key, destinations, self._clock.now()):
                self._transitions.move(
                    connection, job_id, (JobState.DONE,), JobState.DELIVERED,
                    code=routes.SAME_AS_BEFORE if destinations else "",
                )  # fmt: skip

    def fail_attempt(self, job_id: int, *, reason: str, code: str, again_at: float | None) -> None:
        """Running back to ready, for another attempt, or to failed where `again_at` is None."""
        after = JobState.FAILED if again_at is None else JobState.READY
        with self._database.writing() as connection:
            self._transitions.move(
                connection, job_id, (JobState.RUNNING,), after,
                reason=reason, code=code, not_before=again_at or 0.0,
            )  # fmt: skip
            connection.execute("UPDATE jobs SET attempts = attempts + 1 WHERE id = ?", (job_id,))

    def give_back(self, job_id: int) -> None:
        """Running back to ready: the service stops and did not finish it."""
        self.move(job_id, (JobState.RUNNING,), JobState.READY, code="stopped")

    def recover(self, most_interruptions: int) -> list[int]:
        """After a start: what was running is ready again, or failed when cut off too often.

        Returns:
            Jobs that were cut off.
        """
        with self._database.writing() as connection:
            rows = connection.execute(
                "SELECT id, interruptions FROM jobs WHERE state = ?", (JobState.RUNNING,)
            ).fetchall()
            for row in rows:
                often = row["interruptions"] + 1 >= most_interruptions
                self._transitions.move(
                    connection, row["id"], (JobState.RUNNING,),
                    JobState.FAILED if often else JobState.READY,
                    code="interrupted",
                    reason=(
                        f"the service stopped {row['interruptions'] + 1} times while it was at work"
                        " on this study; look at its log, then retry"
                    ) if often else "",
                )  # fmt: skip
                connection.execute(
                    "UPDATE jobs SET interruptions = interruptions + 1 WHERE id = ?", (row["id"],)
                )
            return [int(row["id"]) for row in rows]

    def retry(self, job_id: int) -> Job:
        """Begin a refused, failed, done or delivered job anew, by hand.

        A refused or failed one is looked at again from the start; of a done or delivered one the
        result is made again if rule or model have changed, and sent again in any case.

        Raises:
            StaleStateError: it is at work already.
        """
        closed = (JobState.REFUSED, JobState.FAILED)
        with self._database.writing() as connection:
            after = JobState.WAITING if self.get(job_id).state in closed else JobState.READY
            self._transitions.move(connection, job_id, RETRIED, after, code="retry")
            connection.execute(
                "UPDATE jobs SET attempts = 0, interruptions = 0 WHERE id = ?", (job_id,)
            )
            # What is being sent just now is the former result: its end must not count.
            connection.execute(
                "UPDATE deliveries SET state = ? WHERE job_id = ? AND state = ?",
                (DeliveryState.PENDING, job_id, DeliveryState.SENDING),
            )
            connection.execute(
                "DELETE FROM sent_objects WHERE delivery_id IN"
                " (SELECT id FROM deliveries WHERE job_id = ?)",
                (job_id,),
            )
        return self.get(job_id)

    def result_with(self, content_key: str) -> int | None:
        """A job whose result is kept and has this content."""
        row = self._one(
            "SELECT id FROM jobs WHERE content_key = ? AND has_result = 1 ORDER BY id DESC LIMIT 1",
            (content_key,),
        )
        return None if row is None else int(row["id"])

    def _one(self, query: str, values: Sequence[object]) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._database.connection().execute(query, values).fetchone()
        return row

    def _rows(self, query: str, values: Sequence[object]) -> list[sqlite3.Row]:
        return self._database.connection().execute(query, values).fetchall()


def _transition(row: sqlite3.Row) -> Transition:
    return Transition(row["id"], row["job_id"], row["at"], row["before"], row["after"], row["code"])


def _job(row: sqlite3.Row) -> Job:
    record = {key: row[key] for key in row.keys()}  # noqa: SIM118
    record["state"] = JobState(record["state"])
    record["has_result"] = bool(record["has_result"])
    return Job(**record)
