"""Things that happen at the same time: a retry while sending, a forgetting, a late instance."""

import pytest
from tests.service.conftest import HandClock
from tests.service.journal.conftest import Arrive, begin, come_again, run, run_through, send

from calciscope.errors import StaleStateError
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import DeliveryState, JobState


def test_retry_while_sending_is_sent_anew(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    run_through(journal, job, "pacs")
    former = send(journal, "pacs")
    journal.jobs.retry(job)
    run(journal, job, "pacs")
    with pytest.raises(StaleStateError, match="is not being sent any more"):
        journal.deliveries.note_sent(former.id, "2.1", "0000")
    for late_end in (
        journal.deliveries.succeed,
        journal.deliveries.give_back,
    ):
        with pytest.raises(StaleStateError, match="is not being sent any more"):
            late_end(former.id)
    assert journal.jobs.get(job).state is JobState.DONE
    assert journal.deliveries.sent(former.id) == {}
    assert journal.deliveries.claim("pacs") is not None


@pytest.mark.parametrize("interference", ["forget", "retry"])
def test_delivery_that_is_sent_no_more_takes_no_notes_and_no_end(
    journal: Journal, arrive: Arrive, interference: str
) -> None:
    job = arrive()
    run_through(journal, job, "pacs")
    delivery = send(journal, "pacs")
    if interference == "forget":
        journal.removal.forget(job)
    else:
        journal.jobs.retry(job)
    with pytest.raises(StaleStateError, match="is not being sent any more"):
        journal.deliveries.note_sent(delivery.id, "2.1", "0000")
    with pytest.raises(StaleStateError, match="is not being sent any more"):
        journal.deliveries.succeed(delivery.id)
    assert journal.deliveries.sent(delivery.id) == {}


def test_numbers_of_forgotten_jobs_are_not_given_again(journal: Journal, arrive: Arrive) -> None:
    first = arrive()
    run_through(journal, first, "pacs")
    delivery = journal.deliveries.of_job(first)[0]
    journal.removal.forget(first)
    second = arrive()
    run_through(journal, second, "pacs")
    assert second > first
    assert journal.deliveries.of_job(second)[0].id > delivery.id


def test_transitions_outlive_a_forgotten_job(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive()
    journal.removal.forget(job)
    again = arrive()
    found = journal.jobs.transitions_after(0)
    assert [(each.job_id, each.before, each.after, each.code) for each in found] == [
        (job, "", "intake", ""),
        (job, "intake", "forgotten", "by_hand"),
        (again, "", "intake", ""),
    ]
    clock.advance(10)
    assert journal.removal.transitions_of_forgotten(clock.now(), up_to=found[0].id) == 1
    assert journal.removal.transitions_of_forgotten(clock.now(), up_to=found[-1].id) == 1
    assert journal.jobs.transitions_after(0) == found[2:]


def test_instance_that_comes_to_a_retried_job_begins_a_revision(
    journal: Journal, arrive: Arrive
) -> None:
    job = arrive(instance="1.1")
    run_through(journal, job)
    assert journal.jobs.retry(job).state is JobState.READY
    assert arrive(instance="1.2") != job
    assert journal.jobs.get(job).instances == 1


def test_retry_under_other_rules_is_delivered_where_they_say(
    journal: Journal, arrive: Arrive
) -> None:
    job = arrive()
    run_through(journal, job, "pacs", "share")
    pacs = send(journal, "pacs")
    journal.deliveries.fail_attempt(pacs.id, reason="gone", code="down", again_at=None)
    journal.jobs.retry(job)
    run(journal, job, "share")
    share = send(journal, "share")
    journal.deliveries.succeed(share.id)
    assert journal.jobs.get(job).state is JobState.DELIVERED
    states = {each.destination: each.state for each in journal.deliveries.of_job(job)}
    assert states == {"share": DeliveryState.DELIVERED}


def test_study_that_no_rule_took_is_taken_after_a_retry(journal: Journal, arrive: Arrive) -> None:
    job = arrive()
    journal.jobs.move(job, (JobState.INTAKE,), JobState.REFUSED, code="no_rule")
    assert journal.jobs.retry(job).state is JobState.WAITING
    journal.jobs.take(job, "legs", 3)
    found = journal.jobs.get(job)
    assert (found.state, found.rule, found.priority) == (JobState.WAITING, "legs", 3)


def test_altered_instance_takes_the_place_of_a_removed_file(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive(instance="1.1")
    run_through(journal, job)
    clock.advance(10)
    assert journal.removal.inputs_of_closed(clock.now()) == 1
    again = come_again(journal, digest="altered", file="new.dcm", size=11)
    assert (again.other_content, again.file) == (True, "new.dcm")
    stored = journal.jobs.instances(journal.jobs.get(job))[0]
    assert (stored.file, stored.size, stored.digest) == ("new.dcm", 11, "altered")


def test_result_of_a_job_that_waits_for_another_turn_is_known(
    journal: Journal, arrive: Arrive, clock: HandClock
) -> None:
    job = arrive()
    begin(journal, job)
    # Killed after the result was put in its place and before the journal knew.
    journal.jobs.recover(20)
    assert journal.removal.known_results() == {job}
    run(journal, job)
    clock.advance(10)
    journal.removal.results_of_closed(clock.now())
    assert journal.removal.known_results() == set()


def test_file_names_and_headers_need_not_be_unicode(journal: Journal, arrive: Arrive) -> None:
    path = "/in/\udcff.dcm"
    journal.arrivals.remember_files([(path, 1, 2, "no_dicom")])
    assert journal.arrivals.knows_file(path, 1, 2)
    job = arrive(patient_name="M\udcfcller")
    assert journal.jobs.get(job).patient_name == "M\\udcfcller"


def test_files_that_were_left_are_remembered_until_they_are_gone(
    journal: Journal, clock: HandClock
) -> None:
    journal.arrivals.remember_files([("/in/a", 1, 2, "copied"), ("/in/b", 1, 2, "copied")])
    clock.advance(400 * 86_400)
    journal.removal.studies_closed(clock.now())
    assert journal.arrivals.knows_file("/in/a", 1, 2)
    assert journal.removal.seen_files(clock.now(), after="/in/a") == ["/in/b"]
    journal.removal.forget_seen_files(["/in/b"])
    assert not journal.arrivals.knows_file("/in/b", 1, 2)


@pytest.mark.parametrize("let_go_before", [True, False])
def test_study_that_comes_again_with_a_late_slice_keeps_its_files(
    journal: Journal, arrive: Arrive, clock: HandClock, let_go_before: bool
) -> None:
    for instance in ("1.1", "1.2"):
        job = arrive(instance=instance)
    run_through(journal, job)
    clock.advance(100)
    if let_go_before:
        assert journal.removal.inputs_of_closed(clock.now()) == 2
    for instance in ("1.1", "1.2"):
        arrive(instance=instance, file=f"{instance}-again.dcm")
    # A cleaning falls between what came again and what is new.
    assert journal.removal.inputs_of_closed(clock.now()) == 0
    assert journal.removal.studies_closed(clock.now()) == 0
    late = arrive(instance="1.3")
    stored = journal.jobs.instances(journal.jobs.get(late))
    assert len(stored) == 3
    assert all(each.file for each in stored)
