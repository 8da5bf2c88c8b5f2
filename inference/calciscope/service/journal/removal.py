"""Forgetting: what retention and `calciscope jobs forget` take out of the journal."""

from collections.abc import Sequence

from calciscope.errors import StaleStateError
from calciscope.service.clock import Clock
from calciscope.service.journal.database import Database
from calciscope.service.journal.states import FINAL, JobState

FORGOTTEN = "forgotten"
"""What a transition leads to whose job is taken out of the journal."""

_FINAL = ", ".join(f"'{state}'" for state in FINAL)
_AT_ONCE = 500
_NOTE = "INSERT INTO transitions (job_id, at, before, after, code) SELECT id, ?, state, ?, ?"


class Removal:
    """Takes things out of the journal; the files themselves are the caller's.

    Files are removed after the journal has let go of them: what is left behind by a stop between
    the two is found again by `unknown_files`.

    Args:
        database: of the journal.
        clock: of the times written down.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def inputs_of_closed(self, before: float) -> int:
        """Let go of files that came before a time, of studies all closed before it; how many."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE instances SET file = '' WHERE file != '' AND received < ?"
                " AND study_id NOT IN"
                f" (SELECT study_id FROM jobs WHERE state NOT IN ({_FINAL}) OR changed >= ?)",
                (before, before),
            )
            return changed.rowcount

    def results_of_closed(self, before: float) -> list[int]:
        """Let go of results delivered before a time; gives the numbers of their jobs."""
        with self._database.writing() as connection:
            rows = connection.execute(
                f"UPDATE jobs SET has_result = 0 WHERE has_result = 1 AND state IN ({_FINAL})"
                " AND changed < ? RETURNING id",
                (before,),
            ).fetchall()
        return [int(row["id"]) for row in rows]

    def studies_closed(self, before: float) -> int:
        """Forget studies closed before a time, of which nothing came since; gives how many."""
        due = (
            "IN (SELECT id FROM studies WHERE id NOT IN"
            f" (SELECT study_id FROM jobs WHERE state NOT IN ({_FINAL}) OR changed >= ?)"
            " AND NOT EXISTS"
            " (SELECT 1 FROM instances i WHERE i.study_id = studies.id AND i.received >= ?))"
        )
        with self._database.writing() as connection:
            connection.execute(
                f"{_NOTE} FROM jobs WHERE study_id {due}",
                (self._clock.now(), FORGOTTEN, "retention", before, before),
            )
            changed = connection.execute(f"DELETE FROM studies WHERE id {due}", (before, before))
            return changed.rowcount

    def transitions_of_forgotten(self, before: float, up_to: int) -> int:
        """Drop changes of state of forgotten jobs that the audit trail has; gives how many.

        Args:
            before: time of the change.
            up_to: last transition that the audit trail has.
        """
        with self._database.writing() as connection:
            return connection.execute(
                "DELETE FROM transitions WHERE at < ? AND id <= ?"
                " AND job_id NOT IN (SELECT id FROM jobs)",
                (before, up_to),
            ).rowcount

    def seen_files(self, before: float, after: str = "", limit: int = 1_000) -> list[str]:
        """Files that were seen before a time and left where they are, by path; `after` one."""
        rows = self._database.connection().execute(
            "SELECT path FROM seen_files WHERE path > ? AND at < ? ORDER BY path LIMIT ?",
            (after, before, limit),
        )
        return [row["path"] for row in rows]

    def forget_seen_files(self, paths: Sequence[str]) -> None:
        """Forget files that are no longer there."""
        with self._database.writing() as connection:
            connection.executemany(
                "DELETE FROM seen_files WHERE path = ?", [(path,) for path in paths]
            )

    def forget(self, job_id: int) -> None:
        """Forget the study of a job with all its revisions; it counts as new when it comes again.

        Raises:
            StaleStateError: there is no such job, or one of the study is at work.
        """
        with self._database.writing() as connection:
            rows = connection.execute(
                "SELECT study_id, state FROM jobs WHERE study_id ="
                " (SELECT study_id FROM jobs WHERE id = ?)",
                (job_id,),
            ).fetchall()
            if not rows:
                raise StaleStateError(f"there is no job {job_id}; calciscope jobs list shows them")
            if any(row["state"] == JobState.RUNNING for row in rows):
                raise StaleStateError(f"the study of job {job_id} is being analyzed; wait for it")
            study_id = rows[0]["study_id"]
            connection.execute(
                f"{_NOTE} FROM jobs WHERE study_id = ?",
                (self._clock.now(), FORGOTTEN, "by_hand", study_id),
            )
            connection.execute("DELETE FROM studies WHERE id = ?", (study_id,))

    def known_files(self) -> set[str]:
        """Files of the store that the journal knows."""
        rows = self._database.connection().execute("SELECT file FROM instances WHERE file != ''")
        return {row["file"] for row in rows}

    def unknown_files(self, files: Sequence[str]) -> set[str]:
        """Which of these files of the store the journal does not know."""
        unknown = set(files)
        connection = self._database.connection()
        for first in range(0, len(files), _AT_ONCE):
            some = files[first : first + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = connection.execute(f"SELECT file FROM instances WHERE file IN ({marks})", some)
            unknown -= {row["file"] for row in rows}
        return unknown

    def known_results(self) -> set[int]:
        """Jobs whose result folder is kept, or may be in the making or come to be used.

        A job that is ready after a kill may have its result already, which is used, not made again.
        """
        rows = self._database.connection().execute(
            f"SELECT id FROM jobs WHERE has_result = 1 OR state NOT IN ({_FINAL})"
        )
        return {int(row["id"]) for row in rows}
