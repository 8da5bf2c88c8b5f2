"""The database under the journal: transactions that fail, threads that end, folders that refuse."""

import sqlite3
import threading
from pathlib import Path

import pytest
from tests.service.journal.conftest import Arrive

from calciscope.errors import JournalError
from calciscope.service.journal.database import Database
from calciscope.service.journal.journal import Journal


def test_commit_that_fails_leaves_no_transaction_open(journal: Journal, arrive: Arrive) -> None:
    arrive()
    with pytest.raises(sqlite3.IntegrityError), journal.database.writing() as connection:
        # Foreign keys that are looked at only when the transaction is committed.
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO deliveries VALUES (1, 99, 'x', 'pending', 0, 0, '', '', 0)")
    assert not journal.database.connection().in_transaction
    job = arrive(study="1.9", instance="1.9.1")
    beside = Journal(journal.database.path, read_only=True)
    assert beside.jobs.get(job).instances == 1
    beside.close()


def test_connections_of_threads_that_ended_are_closed(journal: Journal) -> None:
    found: list[int] = []
    for _ in range(20):
        thread = threading.Thread(target=lambda: found.append(len(journal.jobs.listed())))
        thread.start()
        thread.join()
    assert found == [0] * 20
    assert len(journal.database._all) <= 2


def test_what_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened") as caught:
        Journal(tmp_path / "absent" / "journal.sqlite")
    assert "move it away" not in str(caught.value)


@pytest.mark.parametrize("asked", [{"read_only": True}, {"must_exist": True}])
def test_command_makes_no_journal(tmp_path: Path, asked: dict[str, bool]) -> None:
    with pytest.raises(JournalError, match="start calciscope watch first"):
        Journal(tmp_path / "journal.sqlite", **asked)
    assert list(tmp_path.iterdir()) == []


def test_command_writes_to_the_journal_that_is_there(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    beside = Journal(journal.database.path, must_exist=True)
    beside.removal.forget(job)
    beside.close()
    assert journal.jobs.listed() == []


def test_locked_database_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    monkeypatch.setattr("calciscope.service.journal.database.BUSY_SECONDS", 0.01)
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match=r"cannot be opened \(database is locked\)"):
        Database(path)
    holder.close()


@pytest.mark.parametrize("kind", [Database, Journal])
def test_foreign_database_is_refused_and_left_as_it_is(
    tmp_path: Path, kind: type[Database | Journal]
) -> None:
    path = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="no journal of Calciscope"):
        kind(path)
    assert path.read_bytes() == before


def test_two_may_open_a_new_journal_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    start, problems = threading.Barrier(4), list[BaseException]()

    def open_it() -> None:
        start.wait()
        try:
            Database(path).close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
