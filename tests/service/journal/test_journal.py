"""The journal: what it remembers, and what it refuses."""

import sqlite3
from pathlib import Path

import pytest
from tests.service.conftest import HandClock
from tests.service.journal.conftest import (
    Arrive,
    begin,
    come_again,
    make_ready,
    run,
    run_through,
    send,
)

from calciscope.errors import JournalError, StaleStateError
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.migrations import MIGRATIONS
from calciscope.service.journal.records import NewInstance
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.journal.transitions import Listener


def test_first_instance_begins_a_job_and_others_join_it(journal: Journal, arrive: Arrive) -> None:
    first = arrive(instance="1.1")
    second = arrive(instance="1.2")
    assert first == second
    job = journal.jobs.get(first)
    assert (job.state, job.revision, job.instances) == (JobState.INTAKE, 1, 2)


def test_same_instance_again_changes_nothing(journal: Journal, arrive: Arrive) -> None:
    job = arrive(instance="1.1")
    again = come_again(journal)
    assert (again.duplicate, again.other_content, again.file) == (True, False, "1.1.dcm")
    assert journal.jobs.get(job).instances == 1


def test_other_bytes_under_a_known_uid_are_told_and_the_first_stays(
    journal: Journal, arrive: Arrive
) -> None:
    job = arrive(instance="1.1")
    again = come_again(journal, digest="altered")
    assert again.other_content
    assert [each.digest for each in journal.jobs.instances(journal.jobs.get(job))] == ["1.1"]


def test_uid_of_another_study_is_not_written_down(journal: Journal, arrive: Arrive) -> None:
    arrive(study="1.2.3", instance="1.1")
    again = come_again(journal, study="9")
    assert again.other_study
    assert journal.jobs.of_study("9") == []


def test_instance_that_comes_to_a_ready_job_makes_it_wait(journal: Journal, arrive: Arrive) -> None:
    job = arrive(instance="1.1")
    make_ready(journal, job)
    assert arrive(instance="1.2") == job
    assert journal.jobs.get(job).state is JobState.WAITING


def test_not_ready_when_an_instance_came_meanwhile(journal: Journal, arrive: Arrive) -> None:
    job = arrive(instance="1.1")
    journal.jobs.take(job, "legs", 0)
    arrive(instance="1.2")
    assert not journal.jobs.make_ready(job, 1)


def test_late_instance_begins_a_revision_that_holds_all(journal: Journal, arrive: Arrive) -> None:
    first = arrive(instance="1.1")
    run_through(journal, first)
    late = arrive(instance="1.2")
    assert late != first
    jobs = journal.jobs.of_study("1.2.3")
    assert [(job.revision, job.instances, job.state) for job in jobs] == [
        (1, 1, JobState.DELIVERED),
        (2, 2, JobState.INTAKE),
    ]


def test_higher_priority_goes_first_then_the_older(journal: Journal, arrive: Arrive) -> None:
    jobs = [arrive(study=f"1.{n}", instance=f"1.{n}.1") for n in range(3)]
    for job, priority in zip(jobs, (0, 5, 5), strict=True):
        journal.jobs.take(job, "legs", priority)
        journal.jobs.make_ready(job, 1)
    claimed = [journal.jobs.claim() for _ in range(4)]
    assert [job and job.id for job in claimed] == [jobs[1], jobs[2], jobs[0], None]


def test_job_waits_until_it_may_be_tried_again(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive()
    begin(journal, job)
    journal.jobs.fail_attempt(job, reason="no", code="crash", again_at=clock.now() + 60)
    assert journal.jobs.claim() is None
    clock.advance(61)
    claimed = journal.jobs.claim()
    assert claimed is not None
    assert claimed.attempts == 1


def test_clock_set_back_by_a_year_does_not_stop_a_job(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive()
    begin(journal, job)
    journal.jobs.fail_attempt(job, reason="no", code="crash", again_at=clock.now() + 60)
    clock.set_wall(clock.now() - 365 * 86_400)
    assert journal.jobs.claim() is not None


def test_state_changes_only_as_drawn(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    with pytest.raises(StaleStateError, match="is intake and cannot become running"):
        journal.jobs.move(job, (JobState.INTAKE,), JobState.RUNNING)
    with pytest.raises(StaleStateError, match="is intake"):
        journal.jobs.move(job, (JobState.READY,), JobState.RUNNING)
    assert journal.jobs.get(job).state is JobState.INTAKE


def test_job_is_delivered_when_every_destination_has_it(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    run_through(journal, job, "pacs", "share")
    first = send(journal, "pacs")
    journal.deliveries.succeed(first.id)
    assert journal.jobs.get(job).state is JobState.DONE
    second = send(journal, "share")
    journal.deliveries.succeed(second.id)
    assert journal.jobs.get(job).state is JobState.DELIVERED
    assert journal.deliveries.claim("pacs") is None


def test_failing_destination_does_not_hold_another(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive()
    run_through(journal, job, "pacs", "share")
    pacs = send(journal, "pacs")
    journal.deliveries.fail_attempt(pacs.id, reason="down", code="refused", again_at=None)
    assert journal.deliveries.of_job(job)[0].state is DeliveryState.FAILED
    assert journal.deliveries.claim("share") is not None
    assert journal.deliveries.retry(job, "pacs") == 1
    assert journal.deliveries.claim("pacs") is not None


def test_after_a_stop_running_is_ready_and_sending_pending(
    journal: Journal, arrive: Arrive
) -> None:
    done, cut_off = arrive(study="1.1", instance="1.1.1"), arrive(study="1.2", instance="1.2.1")
    run_through(journal, done, "pacs")
    send(journal, "pacs")
    begin(journal, cut_off)
    assert journal.jobs.recover(3) == [cut_off]
    assert journal.deliveries.recover() == 1
    job = journal.jobs.get(cut_off)
    assert (job.state, job.interruptions, job.attempts) == (JobState.READY, 1, 0)
    assert journal.deliveries.claim("pacs") is not None


def test_study_that_is_cut_off_too_often_is_set_aside(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    make_ready(journal, job)
    for _ in range(2):
        journal.jobs.claim()
        journal.jobs.recover(2)
    found = journal.jobs.get(job)
    assert found.state is JobState.FAILED
    assert "stopped 2 times" in found.reason
    assert journal.jobs.retry(job).state is JobState.WAITING


def test_delivered_job_is_sent_again_on_request(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    run_through(journal, job, "pacs")
    delivery = send(journal, "pacs")
    journal.deliveries.note_sent(delivery.id, "2.1", "0000")
    journal.deliveries.succeed(delivery.id)
    assert journal.jobs.retry(job).state is JobState.READY
    assert journal.deliveries.sent(delivery.id) == {}
    run(journal, job, "pacs")
    assert journal.deliveries.claim("pacs") is not None
    assert journal.jobs.result_with("key") == job


def test_listener_gets_a_notice_of_its_events_alone(tmp_path: Path, clock: HandClock) -> None:
    journal = Journal(tmp_path / "j.sqlite", clock, [Listener("http://h/", frozenset({"done"}))])
    journal.arrivals.register([NewInstance("1.1", "1.2", "1", "f", 1, "d", "folder 0")])
    run_through(journal, 1, "pacs")
    notices = journal.deliveries.due_notices()
    assert [(notice.event, notice.job_id) for notice in notices] == [("done", 1)]
    journal.deliveries.close_notice(notices[0].id, again_at=clock.now() + 5)
    assert journal.deliveries.due_notices() == []
    clock.advance(6)
    journal.deliveries.close_notice(journal.deliveries.due_notices()[0].id)
    assert journal.deliveries.due_notices() == []
    journal.close()


def test_forgotten_study_counts_as_new(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    run_through(journal, job)
    journal.removal.forget(job)
    assert journal.jobs.listed() == []
    assert journal.jobs.get(arrive()).revision == 1


def test_study_at_work_cannot_be_forgotten(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    begin(journal, job)
    with pytest.raises(StaleStateError, match="being analyzed"):
        journal.removal.forget(job)


def test_retention_lets_go_of_closed_studies_alone(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    closed, open_job = arrive(study="1.1", instance="1.1.1"), arrive(study="1.2", instance="1.2.1")
    run_through(journal, closed)
    clock.advance(100)
    assert journal.removal.inputs_of_closed(clock.now()) == 1
    assert journal.removal.known_files() == {"1.2.1.dcm"}
    assert journal.removal.results_of_closed(clock.now()) == [closed]
    # The same instance again puts its file back, and is a duplicate all the same.
    assert arrive(study="1.1", instance="1.1.1", file="new.dcm") == 0
    assert journal.removal.known_files() == {"1.2.1.dcm", "new.dcm"}
    assert journal.removal.studies_closed(clock.now()) == 0
    clock.advance(100)
    assert journal.removal.studies_closed(clock.now()) == 1
    assert [job.id for job in journal.jobs.listed()] == [open_job]


def test_everything_is_there_after_a_reopening(
    journal: Journal, arrive: Arrive, tmp_path: Path
) -> None:
    job = arrive()
    journal.close()
    again = Journal(tmp_path / "journal.sqlite")
    assert again.jobs.get(job).study_uid == "1.2.3"
    again.close()


def test_failed_transaction_leaves_nothing(journal: Journal, arrive: Arrive) -> None:
    arrive()
    with pytest.raises(RuntimeError), journal.database.writing() as connection:
        connection.execute("DELETE FROM studies")
        raise RuntimeError
    assert len(journal.jobs.listed()) == 1


def test_damaged_journal_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    content = bytearray(path.read_bytes())
    content[2000:60_000] = b"\xff" * (len(content[2000:60_000]))
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"is damaged.*move it away"):
        Journal(path)


def test_text_file_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to be read as one" * 50)
    with pytest.raises(JournalError, match="damaged"):
        Journal(path)


def test_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(JournalError, match="install the newer"):
        Journal(path)


def test_reading_beside_a_running_service(journal: Journal, arrive: Arrive, tmp_path: Path) -> None:
    job = arrive()
    beside = Journal(tmp_path / "journal.sqlite", read_only=True)
    assert beside.jobs.get(job).instances == 1
    with pytest.raises(sqlite3.OperationalError):
        beside.jobs.take(job, "legs", 0)
    beside.close()
    with pytest.raises(JournalError, match="not there"):
        Journal(tmp_path / "absent.sqlite", read_only=True)


def test_destination_that_is_away_costs_no_attempt(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    run_through(journal, arrive(), "archive")
    claimed = send(journal, "archive")
    journal.deliveries.postpone(
        claimed.id, reason="not reached", code="unreachable", again_at=clock.now() + 60
    )
    assert journal.deliveries.claim("archive") is None
    (found,) = journal.deliveries.of_job(claimed.job_id)
    assert (found.state, found.attempts, found.reason) == (DeliveryState.PENDING, 0, "not reached")
    clock.advance(61)
    assert journal.deliveries.claim("archive") is not None


def test_delivery_ends_only_once(journal: Journal, arrive: Arrive) -> None:
    run_through(journal, arrive(), "archive")
    claimed = send(journal, "archive")
    journal.deliveries.give_back(claimed.id)
    with pytest.raises(StaleStateError, match="not being sent"):
        journal.deliveries.succeed(claimed.id)
