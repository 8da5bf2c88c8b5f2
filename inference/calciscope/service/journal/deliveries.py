"""Deliveries of the journal: one queue for each destination, none waits for another."""

import sqlite3
from collections.abc import Collection, Sequence

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock
from calciscope.service.journal import routes
from calciscope.service.journal.database import Database
from calciscope.service.journal.jobs import FAR_FUTURE_SECONDS
from calciscope.service.journal.records import Delivery, Notice
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.journal.transitions import Transitions


class Deliveries:
    """Deliveries and notices of the journal.

    Args:
        database: of the journal.
        transitions: how states of jobs change.
        clock: of the times.
    """

    def __init__(self, database: Database, transitions: Transitions, clock: Clock) -> None:
        self._database = database
        self._transitions = transitions
        self._clock = clock

    def of_job(self, job_id: int) -> list[Delivery]:
        """All deliveries of a job, in order of destination."""
        rows = self._database.connection().execute(
            "SELECT * FROM deliveries WHERE job_id = ? ORDER BY destination", (job_id,)
        )
        return [_delivery(row) for row in rows]

    def of_jobs(self, job_ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Deliveries of several jobs, by job, in order of destination."""
        marks = ", ".join("?" * len(job_ids))
        rows = self._database.connection().execute(
            f"SELECT * FROM deliveries WHERE job_id IN ({marks}) ORDER BY destination", job_ids
        )
        found: dict[int, list[Delivery]] = {}
        for row in rows:
            found.setdefault(row["job_id"], []).append(_delivery(row))
        return found

    def open_count(self) -> dict[str, int]:
        """Deliveries that are not done, by destination."""
        rows = self._database.connection().execute(
            "SELECT destination, count(*) AS n FROM deliveries WHERE state != ? GROUP BY 1",
            (DeliveryState.DELIVERED,),
        )
        return {row["destination"]: int(row["n"]) for row in rows}

    def claim(self, destination: str) -> Delivery | None:
        """Take the next delivery that is due for a destination.

        The one left alone the longest comes first: one that makes its archive look away each time
        must not stand before all others for ever.
        """
        now = self._clock.now()
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT d.* FROM deliveries d JOIN jobs j ON j.id = d.job_id"
                " WHERE d.destination = ? AND d.state = ? AND j.state = ?"
                " AND NOT (d.not_before > ? AND d.not_before <= ?)"
                " ORDER BY d.changed, d.id LIMIT 1",
                (destination, DeliveryState.PENDING, JobState.DONE, now, now + FAR_FUTURE_SECONDS),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE deliveries SET state = ?, changed = ? WHERE id = ?",
                (DeliveryState.SENDING, now, row["id"]),
            )
            return _delivery(row)

    def note_sent(self, delivery_id: int, sop_uid: str, status: str) -> None:
        """Remember that the destination has taken an object, so that a retry leaves it out.

        Raises:
            StaleStateError: it is not being sent any more: its job was forgotten or begun anew.
        """
        with self._database.writing() as connection:
            changed = connection.execute(
                "INSERT OR REPLACE INTO sent_objects (delivery_id, sop_uid, status, at)"
                " SELECT d.id, ?, ?, ? FROM deliveries d JOIN jobs j ON j.id = d.job_id"
                " WHERE d.id = ? AND d.state = ? AND j.state = ?",
                (sop_uid, status, self._clock.now(), delivery_id, DeliveryState.SENDING,
                 JobState.DONE),
            )  # fmt: skip
            if not changed.rowcount:
                raise StaleStateError(f"delivery {delivery_id} is not being sent any more")

    def sent(self, delivery_id: int) -> dict[str, str]:
        """Status by SOP Instance UID of what a destination has taken."""
        rows = self._database.connection().execute(
            "SELECT sop_uid, status FROM sent_objects WHERE delivery_id = ?", (delivery_id,)
        )
        return {row["sop_uid"]: row["status"] for row in rows}

    def succeed(self, delivery_id: int) -> None:
        """A delivery is done, and those of equal results with it; a job is once all of its are.

        Raises:
            StaleStateError: it is not being sent any more: its job was forgotten or begun anew.
        """
        with self._database.writing() as connection:
            job_id, name = self._close(
                connection, delivery_id, DeliveryState.DELIVERED, "", "", 0.0
            )
            equal = routes.bring_equal(connection, job_id, name, self._clock.now())
            for each in (job_id, *equal):
                self._deliver_if_all_are(connection, each)

    def fail_attempt(
        self, delivery_id: int, *, reason: str, code: str, again_at: float | None
    ) -> None:
        """An attempt failed; the delivery waits for another, or for a person where it is None."""
        state = DeliveryState.FAILED if again_at is None else DeliveryState.PENDING
        with self._database.writing() as connection:
            self._close(connection, delivery_id, state, reason, code, again_at or 0.0)
            connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ?", (delivery_id,)
            )

    def postpone(self, delivery_id: int, *, reason: str, code: str, again_at: float) -> None:
        """The destination is away: the delivery waits, and no attempt is counted against it."""
        with self._database.writing() as connection:
            self._close(connection, delivery_id, DeliveryState.PENDING, reason, code, again_at)

    def give_back(self, delivery_id: int) -> None:
        """The service stops and did not finish sending."""
        with self._database.writing() as connection:
            self._close(connection, delivery_id, DeliveryState.PENDING, "", "stopped", 0.0)

    def recover(self) -> int:
        """After a start: what was being sent is pending again; gives how many."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE deliveries SET state = ? WHERE state = ?",
                (DeliveryState.PENDING, DeliveryState.SENDING),
            )
            return changed.rowcount

    def set_aside_unknown(self, destinations: Sequence[str]) -> int:
        """Set open deliveries aside whose destination is in the settings no more; how many."""
        marks = ", ".join("?" * len(destinations))
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE deliveries SET state = ?, code = 'unknown', changed = ?,"
                " reason = 'this destination is in the settings no more; put it back, or retry'"
                f" WHERE state IN (?, ?) AND destination NOT IN ({marks})",
                (DeliveryState.FAILED, self._clock.now(), DeliveryState.PENDING,
                 DeliveryState.SENDING, *destinations),
            )  # fmt: skip
            return changed.rowcount

    def retry(self, job_id: int, destination: str | None = None) -> int:
        """Try failed or waiting deliveries of a job at once; gives how many."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE deliveries SET state = ?, attempts = 0, not_before = 0 WHERE job_id = ?"
                " AND state IN (?, ?) AND (? IS NULL OR destination = ?)",
                (DeliveryState.PENDING, job_id, DeliveryState.FAILED, DeliveryState.PENDING,
                 destination, destination),
            )  # fmt: skip
            return changed.rowcount

    def redirect(self, job_id: int, known: Collection[str], wanted: Collection[str]) -> int:
        """Drop what is open to destinations that the settings name no more; gives how many.

        The results go where they are wanted instead; with nothing left to send the job is
        delivered. What was delivered stays so, and is not sent again.

        Args:
            job_id: of a job that is done; nothing is changed of another.
            known: destinations in the settings.
            wanted: those of the rule by now.
        """
        marks = ", ".join("?" * len(known))
        with self._database.writing() as connection:
            dropped = connection.execute(
                "DELETE FROM deliveries WHERE job_id = ? AND state IN (?, ?)"
                f" AND destination NOT IN ({marks})"
                " AND EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND jobs.state = ?)",
                (job_id, DeliveryState.PENDING, DeliveryState.FAILED, *known, JobState.DONE),
            ).rowcount
            if not dropped:
                return 0
            routes.add(connection, job_id, wanted, self._clock.now())
            self._deliver_if_all_are(connection, job_id)
            return dropped

    def due_notices(self, limit: int = 20, url: str | None = None) -> list[Notice]:
        """Notifications to be posted now, to one webhook or all."""
        now = self._clock.now()
        rows = self._database.connection().execute(
            "SELECT * FROM notices WHERE NOT (not_before > ? AND not_before <= ?)"
            " AND (? IS NULL OR url = ?) ORDER BY id LIMIT ?",
            (now, now + FAR_FUTURE_SECONDS, url, url, limit),
        )
        return [
            Notice(row["id"], row["job_id"], row["event"], row["url"], row["attempts"])
            for row in rows
        ]

    def drop_unknown_notices(self, urls: Sequence[str]) -> int:
        """Drop notices to webhooks that are in the settings no more; gives how many."""
        marks = ", ".join("?" * len(urls))
        with self._database.writing() as connection:
            return connection.execute(
                f"DELETE FROM notices WHERE url NOT IN ({marks})", tuple(urls)
            ).rowcount

    def close_notice(self, notice_id: int, again_at: float | None = None) -> None:
        """A notification was posted, or given up; or it is to be tried again."""
        with self._database.writing() as connection:
            if again_at is None:
                connection.execute("DELETE FROM notices WHERE id = ?", (notice_id,))
            else:
                connection.execute(
                    "UPDATE notices SET attempts = attempts + 1, not_before = ? WHERE id = ?",
                    (again_at, notice_id),
                )

    def _deliver_if_all_are(self, connection: sqlite3.Connection, job_id: int) -> None:
        left = connection.execute(
            "SELECT count(*) FROM deliveries WHERE job_id = ? AND state != ?",
            (job_id, DeliveryState.DELIVERED),
        ).fetchone()[0]
        if not left:
            self._transitions.move(connection, job_id, (JobState.DONE,), JobState.DELIVERED)

    def _close(
        self, connection: sqlite3.Connection, delivery_id: int, state: DeliveryState,
        reason: str, code: str, not_before: float,
    ) -> tuple[int, str]:  # fmt: skip
        """Job and destination of what is not being sent any more."""
        row = connection.execute(
            "UPDATE deliveries SET state = ?, reason = ?, code = ?, not_before = ?, changed = ?"
            " WHERE id = ? AND state = ? RETURNING job_id, destination",
            (state, reason, code, not_before, self._clock.now(), delivery_id,
             DeliveryState.SENDING),
        ).fetchone()  # fmt: skip
        if row is None:
            raise StaleStateError(f"delivery {delivery_id} is not being sent any more")
        return int(row["job_id"]), str(row["destination"])


def _delivery(row: sqlite3.Row) -> Delivery:
    record = {key: row[key] for key in row.keys()}  # noqa: SIM118
    record["state"] = DeliveryState(record["state"])
    return Delivery(**record)
