"""Writing down what arrives: studies, series, instances, and the job that they belong to."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from calciscope.service.clock import Clock
from calciscope.service.journal.database import Database
from calciscope.service.journal.records import NewInstance, Registered
from calciscope.service.journal.states import OPEN, JobState
from calciscope.service.journal.transitions import Transitions


class Arrivals:
    """Instances as they come in.

    Args:
        database: of the journal.
        transitions: how states change.
        clock: of the times written down.
    """

    def __init__(self, database: Database, transitions: Transitions, clock: Clock) -> None:
        self._database = database
        self._transitions = transitions
        self._clock = clock

    def register(self, instances: Sequence[NewInstance]) -> list[Registered]:
        """Write instances down, all or none.

        An instance that comes late, when its study is being analyzed or has been, begins a new
        revision. One that is known by its SOP Instance UID changes nothing but when it came last,
        from which retention counts; where retention had removed its file, the new file takes its
        place.
        """
        with self._database.writing() as connection:
            return [self._register(connection, instance) for instance in instances]

    def expect(self, study_uid: str, instances: int) -> bool:
        """Note how many instances a manifest promises; False where the study is not known yet."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE studies SET expected = ? WHERE study_uid = ?", (instances, study_uid)
            )
            return changed.rowcount > 0

    def knows_file(self, path: str, size: int, modified_ns: int) -> bool:
        """Whether a file that was left where it is has been dealt with."""
        row = (
            self._database.connection()
            .execute("SELECT size, modified_ns FROM seen_files WHERE path = ?", (_text(path),))
            .fetchone()
        )
        return row is not None and (row["size"], row["modified_ns"]) == (size, modified_ns)

    def remember_files(self, files: Sequence[tuple[str, int, int, str]]) -> None:
        """Remember files that stay where they are: path, size, time in ns, what they were."""
        now = self._clock.now()
        with self._database.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO seen_files (path, size, modified_ns, verdict, at)"
                " VALUES (?, ?, ?, ?, ?)",
                [(_text(path), *rest, now) for path, *rest in files],
            )

    def still_there(self, paths: Sequence[str]) -> None:
        """Go on remembering files that still lie where they were, so that none counts as new."""
        now = self._clock.now()
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE seen_files SET at = ? WHERE path = ?", [(now, path) for path in paths]
            )

    def _register(self, connection: sqlite3.Connection, new: NewInstance) -> Registered:
        now = self._clock.now()
        known = connection.execute(
            "SELECT i.*, s.study_uid FROM instances i JOIN studies s ON s.id = i.study_id"
            " WHERE i.sop_uid = ?",
            (new.sop_uid,),
        ).fetchone()
        if known is not None and known["study_uid"] != new.study_uid:
            return Registered(known["file"], True, known["digest"] != new.digest, True, 0)
        if known is not None:
            return self._duplicate(connection, known, new, now)
        study_id = self._study(connection, new, now)
        series_id = self._series(connection, study_id, new)
        job_id, revision = self._open_job(connection, study_id, now)
        place = None if new.place is None else json.dumps(asdict(new.place))
        connection.execute(
            "INSERT INTO instances (sop_uid, series_id, study_id, revision, file, size, digest,"
            " position, received, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (new.sop_uid, series_id, study_id, revision, new.file, new.size, new.digest, place,
             now, new.source),
        )  # fmt: skip
        return Registered(new.file, False, False, False, job_id)

    def _duplicate(
        self, connection: sqlite3.Connection, known: sqlite3.Row, new: NewInstance, now: float
    ) -> Registered:
        connection.execute(
            "UPDATE studies SET duplicates = duplicates + 1 WHERE id = ?", (known["study_id"],)
        )
        # Its file stays for a while: a late instance that follows begins a revision with it.
        connection.execute("UPDATE instances SET received = ? WHERE id = ?", (now, known["id"]))
        other = known["digest"] != new.digest
        file = known["file"]
        if not file:
            # Other bytes too: archives change headers, and a file must be there for a revision.
            file = new.file
            connection.execute(
                "UPDATE instances SET file = ?, size = ?, digest = ? WHERE id = ?",
                (file, new.size, new.digest, known["id"]),
            )
        return Registered(file, True, other, False, 0)

    def _study(self, connection: sqlite3.Connection, new: NewInstance, now: float) -> int:
        row = connection.execute(
            "INSERT INTO studies (study_uid, first_received, last_received, expected,"
            " patient_name, patient_id, description) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (study_uid) DO UPDATE SET last_received = excluded.last_received,"
            " expected = coalesce(excluded.expected, expected) RETURNING id",
            (new.study_uid, now, now, new.expected_in_study, _text(new.patient_name),
             _text(new.patient_id), _text(new.description)),
        ).fetchone()  # fmt: skip
        return int(row["id"])

    def _series(self, connection: sqlite3.Connection, study_id: int, new: NewInstance) -> int:
        row = connection.execute(
            "INSERT INTO series (study_id, series_uid, expected, attributes) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (study_id, series_uid) DO UPDATE SET"
            " expected = coalesce(excluded.expected, expected) RETURNING id",
            (study_id, new.series_uid, new.expected_in_series, json.dumps(new.attributes)),
        ).fetchone()
        return int(row["id"])

    def _open_job(
        self, connection: sqlite3.Connection, study_id: int, now: float
    ) -> tuple[int, int]:
        """The job that a new instance joins; made where none is open."""
        row = connection.execute(
            "SELECT id, revision, state, content_key FROM jobs WHERE study_id = ?"
            " ORDER BY revision DESC LIMIT 1",
            (study_id,),
        ).fetchone()
        # A job with a result that waits for a retry is left as it is: its result has been sent.
        if row is not None and row["state"] in OPEN and row["content_key"] is None:
            if row["state"] == JobState.READY:
                self._transitions.move(
                    connection, row["id"], (JobState.READY,), JobState.WAITING, code="more_came"
                )
            return int(row["id"]), int(row["revision"])
        revision = 1 if row is None else int(row["revision"]) + 1
        job_id = connection.execute(
            "INSERT INTO jobs (study_id, revision, state, created, changed) VALUES (?, ?, ?, ?, ?)"
            " RETURNING id",
            (study_id, revision, JobState.INTAKE, now, now),
        ).fetchone()["id"]
        self._transitions.note(connection, job_id, "", JobState.INTAKE, "")
        return int(job_id), revision


def _text(value: str) -> str:
    """Text that can be stored: a file name or header need not be valid Unicode."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
