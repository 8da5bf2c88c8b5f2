"""Forgetting: what retention and `calciscope jobs forget` take out of the journal."""

from calciscope.errors import StaleStateError
from calciscope.service.journal.database import Database
from calciscope.service.journal.states import FINAL, JobState

_FINAL = ", ".join(f"'{state}'" for state in FINAL)


class Removal:
    """Takes things out of the journal; the files themselves are the caller's.

    Files are removed after the journal has let go of them: what is left behind by a stop between
    the two is found again by `unknown`.

    Args:
        database: of the journal.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def inputs_of_closed(self, before: float) -> int:
        """Let go of the files of studies all of whose jobs were closed before a time; how many."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE instances SET file = '' WHERE file != '' AND study_id NOT IN"
                f" (SELECT study_id FROM jobs WHERE state NOT IN ({_FINAL}) OR changed >= ?)",
                (before,),
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
        """Forget studies all of whose jobs were closed before a time; gives how many."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "DELETE FROM studies WHERE id NOT IN"
                f" (SELECT study_id FROM jobs WHERE state NOT IN ({_FINAL}) OR changed >= ?)",
                (before,),
            )
            connection.execute("DELETE FROM seen_files WHERE at < ?", (before,))
            return changed.rowcount

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
            connection.execute("DELETE FROM studies WHERE id = ?", (rows[0]["study_id"],))

    def known_files(self) -> set[str]:
        """Files of the store that the journal knows."""
        rows = self._database.connection().execute("SELECT file FROM instances WHERE file != ''")
        return {row["file"] for row in rows}

    def known_results(self) -> set[int]:
        """Jobs whose result folder is kept or may be in the making."""
        rows = self._database.connection().execute(
            "SELECT id FROM jobs WHERE has_result = 1 OR state = ?", (JobState.RUNNING,)
        )
        return {int(row["id"]) for row in rows}
