"""Where the result of a job is to go, and where an equal one is already.

An instance that comes late may belong to a series that the rule leaves out. Its revision has the
content key of the one before, and so the same result under the same UIDs: a destination gets it
once.
"""

import sqlite3
from collections.abc import Collection, Sequence

from calciscope.service.journal.states import DeliveryState, JobState

SAME_AS_BEFORE = "same_as_before"
"""Code of what counts as delivered because the equal result of another revision was."""

_REASON = "it has the same result of another revision"

_INSERT = (
    "INSERT INTO deliveries (job_id, destination, state, reason, code, changed)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, destination)"
)

_EQUAL = (
    "SELECT other.id FROM jobs own JOIN jobs other ON other.study_id = own.study_id"
    " AND other.content_key = own.content_key AND other.id != own.id WHERE own.id = ?"
)


def begin(
    connection: sqlite3.Connection, job_id: int, content_key: str, destinations: Sequence[str],
    now: float,
) -> bool:  # fmt: skip
    """Note the result of a job and where it is to go; gives whether it is there already.

    It is where another revision has brought it, unless this job had a result before: then somebody
    wants it sent again.
    """
    former_key = connection.execute(
        "SELECT content_key FROM jobs WHERE id = ?", (job_id,)
    ).fetchone()["content_key"]
    connection.execute(
        "UPDATE jobs SET content_key = ?, has_result = 1 WHERE id = ?", (content_key, job_id)
    )
    # After a retry under other rules: nobody sends what went nowhere then, and the job would never
    # be delivered. Nor has a destination this result that was sent another one.
    marks = ", ".join("?" * len(destinations))
    connection.execute(
        f"DELETE FROM deliveries WHERE job_id = ? AND (state != ? OR ?)"
        f" AND destination NOT IN ({marks})",
        (job_id, DeliveryState.DELIVERED, former_key != content_key, *destinations),
    )
    have = _destinations_with_equal(connection, job_id) if former_key is None else set()
    connection.executemany(
        f"{_INSERT} DO UPDATE SET state = excluded.state,"
        " attempts = 0, not_before = 0, reason = excluded.reason, code = excluded.code",
        _rows(job_id, destinations, have, now),
    )
    return have.issuperset(destinations)


def add(
    connection: sqlite3.Connection, job_id: int, destinations: Collection[str], now: float
) -> None:
    """Let the result of a job go to more destinations, but for those that have an equal one."""
    have = _destinations_with_equal(connection, job_id)
    connection.executemany(f"{_INSERT} DO NOTHING", _rows(job_id, destinations, have, now))


def bring_equal(
    connection: sqlite3.Connection, job_id: int, destination: str, now: float
) -> list[int]:
    """A destination got the result of a job: so it has equal ones, whose jobs are given.

    One that is begun anew by hand just now is left alone, and sent when it is done.
    """
    rows = connection.execute(
        "UPDATE deliveries SET state = ?, reason = ?, code = ?, not_before = 0, changed = ?"
        " WHERE destination = ? AND state IN (?, ?)"
        f" AND job_id IN ({_EQUAL} AND other.state = ?) RETURNING job_id",
        (DeliveryState.DELIVERED, _REASON, SAME_AS_BEFORE, now, destination,
         DeliveryState.PENDING, DeliveryState.FAILED, job_id, JobState.DONE),
    ).fetchall()  # fmt: skip
    return [int(row["job_id"]) for row in rows]


def _rows(
    job_id: int, destinations: Collection[str], have: set[str], now: float
) -> list[tuple[int, str, str, str, str, float]]:
    """Values of `_INSERT`: delivered where an equal result is, else to be sent."""
    same, new = (DeliveryState.DELIVERED, _REASON, SAME_AS_BEFORE), (DeliveryState.PENDING, "", "")
    return [(job_id, name, *(same if name in have else new), now) for name in destinations]


def _destinations_with_equal(connection: sqlite3.Connection, job_id: int) -> set[str]:
    rows = connection.execute(
        f"SELECT destination FROM deliveries WHERE state = ? AND job_id IN ({_EQUAL})",
        (DeliveryState.DELIVERED, job_id),
    )
    return {row["destination"] for row in rows}
