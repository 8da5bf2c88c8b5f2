"""Revisions with equal results: each destination gets them once, in whatever order."""

import pytest
from tests.service.journal.conftest import Arrive, make_ready, run, run_through, send

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import DeliveryState, JobState


@pytest.fixture
def first(journal: Journal, arrive: Arrive) -> int:
    """A study that is analyzed and is to go to an archive."""
    job = arrive(instance="1.1")
    run_through(journal, job, "pacs")
    return job


def _late(journal: Journal, arrive: Arrive, instance: str = "1.9") -> int:
    """An instance comes that the rule leaves out; its revision waits for its turn."""
    job = arrive(instance=instance, series_uid="1.2.3.9")
    make_ready(journal, job)
    return job


def _states(journal: Journal, *jobs: int) -> list[JobState]:
    return [journal.jobs.get(job).state for job in jobs]


def test_destination_that_has_the_result_does_not_get_it_again(
    journal: Journal, arrive: Arrive, first: int
) -> None:
    journal.deliveries.succeed(send(journal).id)
    second = _late(journal, arrive)
    run(journal, second, "pacs")
    assert _states(journal, first, second) == [JobState.DELIVERED] * 2
    assert journal.jobs.transitions(second)[-1].code == "same_as_before"
    assert journal.deliveries.claim("pacs") is None
    third = _late(journal, arrive, "1.10")
    run(journal, third, "pacs")
    assert journal.deliveries.claim("pacs") is None
    assert _states(journal, third) == [JobState.DELIVERED]


def test_another_destination_gets_it_and_other_results_are_sent(
    journal: Journal, arrive: Arrive, first: int
) -> None:
    journal.deliveries.succeed(send(journal).id)
    second = _late(journal, arrive)
    run(journal, second, "pacs", "share")
    assert _states(journal, second) == [JobState.DONE]
    assert journal.deliveries.claim("pacs") is None
    journal.deliveries.succeed(send(journal, "share").id)
    assert _states(journal, second) == [JobState.DELIVERED]
    third = _late(journal, arrive, "1.10")
    assert journal.jobs.claim() is not None
    journal.jobs.finish(third, "another key", ["pacs"])
    assert send(journal).job_id == third


@pytest.mark.parametrize("set_aside", [False, True])
def test_what_is_not_sent_yet_is_sent_once_for_both(
    journal: Journal, arrive: Arrive, first: int, set_aside: bool
) -> None:
    again_at = None if set_aside else 1e12
    sending = send(journal)
    journal.deliveries.fail_attempt(sending.id, reason="no", code="down", again_at=again_at)
    second = _late(journal, arrive)
    run(journal, second, "pacs", "share")
    journal.deliveries.succeed(send(journal, "share").id)
    assert _states(journal, first, second) == [JobState.DONE] * 2
    journal.deliveries.retry(first)
    journal.deliveries.succeed(send(journal).id)
    assert _states(journal, first, second) == [JobState.DELIVERED] * 2
    assert journal.deliveries.claim("pacs") is None


def test_newer_revision_that_goes_first_is_enough(
    journal: Journal, arrive: Arrive, first: int
) -> None:
    failed = send(journal)
    journal.deliveries.fail_attempt(failed.id, reason="no", code="down", again_at=None)
    second = _late(journal, arrive)
    run(journal, second, "pacs")
    sending = send(journal)
    assert sending.job_id == second
    journal.deliveries.succeed(sending.id)
    assert _states(journal, first, second) == [JobState.DELIVERED] * 2
    (delivery,) = journal.deliveries.of_job(first)
    assert (delivery.state, delivery.code) == (DeliveryState.DELIVERED, "same_as_before")


@pytest.mark.parametrize("which", [0, 1])
def test_retry_by_hand_sends_it_again(
    journal: Journal, arrive: Arrive, first: int, which: int
) -> None:
    journal.deliveries.succeed(send(journal).id)
    second = _late(journal, arrive)
    run(journal, second, "pacs")
    job = (first, second)[which]
    journal.jobs.retry(job)
    run(journal, job, "pacs")
    assert send(journal).job_id == job


def test_equal_result_that_is_begun_anew_is_sent_all_the_same(
    journal: Journal, arrive: Arrive, first: int
) -> None:
    second = _late(journal, arrive)
    run(journal, second, "pacs")
    journal.jobs.retry(first)
    journal.deliveries.succeed(send(journal).id)
    assert _states(journal, first, second) == [JobState.READY, JobState.DELIVERED]
    run(journal, first, "pacs")
    assert send(journal).job_id == first


def test_destination_of_a_former_result_counts_for_that_alone(
    journal: Journal, arrive: Arrive, first: int
) -> None:
    """Sent under one model, then made anew under another while the rule named nobody."""
    journal.deliveries.succeed(send(journal).id)
    journal.jobs.retry(first)
    assert journal.jobs.claim() is not None
    journal.jobs.finish(first, "new model", [])
    second = _late(journal, arrive)
    assert journal.jobs.claim() is not None
    journal.jobs.finish(second, "new model", ["pacs"])
    assert send(journal).job_id == second
