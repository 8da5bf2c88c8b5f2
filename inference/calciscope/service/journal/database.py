"""The connection to the journal: opened, checked, migrated; one for each thread."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calciscope.errors import JournalError
from calciscope.service.journal.migrations import MIGRATIONS

APPLICATION_ID = 0x43414C43
"""`CALC`: marks the file as ours (PRAGMA application_id)."""

BUSY_SECONDS = 60.0


class Database:
    """A SQLite database in WAL mode, for many threads.

    Writing is serialized here rather than by SQLite, whose waiting is not fair. `synchronous` is
    FULL: what a sender was told is stored survives a power cut.

    Args:
        path: of the file; made where it is not there.
        read_only: only look, and make nothing; for commands beside a running service.
        must_exist: make nothing either, but write to what is there.

    Raises:
        JournalError: it is damaged, no journal, of a later version, or not there as it must be.
    """

    def __init__(self, path: Path, read_only: bool = False, must_exist: bool = False) -> None:
        self.path = path
        self._mode = "ro" if read_only else "rw" if must_exist else "rwc"
        self._local = threading.local()
        self._writing = threading.RLock()
        self._all: dict[threading.Thread, sqlite3.Connection] = {}
        self._opening = threading.Lock()
        if self._mode != "rwc" and not path.is_file():
            raise JournalError(f"{path} is not there; start calciscope watch first")
        try:
            self._check()
            if not read_only:
                self._migrate()
        except sqlite3.Error as error:
            self.close()
            raise JournalError(_cure(path, error)) from error
        except JournalError:
            self.close()
            raise

    def connection(self) -> sqlite3.Connection:
        """The connection of this thread."""
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is not None:
            return existing
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={self._mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        self._local.connection = connection
        with self._opening:
            # Each association of the receiver has a thread of its own; without this the service
            # would run out of file descriptors within weeks.
            for thread in [each for each in self._all if not each.is_alive()]:
                self._all.pop(thread).close()
            self._all[threading.current_thread()] = connection
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed when the block ends well, else undone."""
        connection = self.connection()
        if connection.in_transaction:
            yield connection
            return
        with self._writing:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A COMMIT that fails, as on a full disk, may leave the transaction open: without
                # this, all that the thread wrote later would join it and never be committed.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the connections of all threads; they must not be used any more."""
        with self._opening:
            for connection in self._all.values():
                connection.close()
            self._all.clear()
        self._local = threading.local()

    def _check(self) -> None:
        connection = self.connection()
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if answer != "ok":
            raise sqlite3.DatabaseError(answer)
        marked = connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._version()
        holds_something = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if holds_something and marked != APPLICATION_ID:
            raise JournalError(
                f"{self.path} is no journal of Calciscope; choose another data folder"
            )
        if version > len(MIGRATIONS):
            raise JournalError(
                f"{self.path} is of version {version}, this program knows up to {len(MIGRATIONS)};"
                " install the newer calciscope again"
            )

    def _version(self) -> int:
        return int(self.connection().execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        connection = self.connection()
        # Not before the check: it would change a foreign database. The mode stays in the file.
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise JournalError(
                f"{self.path} cannot be in WAL mode here; put the data folder on a local disk"
            )
        if self._version() == len(MIGRATIONS):
            return
        with self.writing():
            # Looked at again within the transaction: a command may be migrating it as well.
            version = self._version()
            for step in MIGRATIONS[version:]:
                for statement in step.split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _cure(path: Path, error: sqlite3.Error) -> str:
    """What to do: a journal that cannot be opened just now must not be thrown away as damaged."""
    if isinstance(error, sqlite3.OperationalError):
        return (
            f"{path} cannot be opened ({error}); check that its folder is there and can be written"
            " to, that the disk is not full, and that no other program holds the file"
        )
    return (
        f"{path} is damaged ({error}); move it away together with its -wal and -shm files"
        " and start again: instances and results are kept in a folder former-... beside it; copy"
        " its instances into a watched folder to have them analyzed again"
    )
