"""What a person may do with jobs, beyond what the journal offers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.service.conftest import HandClock
from tests.service.journal.conftest import Arrive, run_through, send

from calciscope.errors import StaleStateError
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.operator import Operator
from calciscope.service.settings.service import ServiceSettings

OperatorOf = Callable[..., Operator]


@pytest.fixture
def operator_of(tmp_path: Path, journal: Journal, clock: HandClock) -> OperatorOf:
    """An operator under settings that name these destinations, all of them in the one rule."""

    def make(*destinations: str) -> Operator:
        folders = [
            {"name": name, "kind": "folder", "path": tmp_path / name} for name in destinations
        ]
        settings = ServiceSettings.model_validate(
            {
                "data": tmp_path / "data",
                "intake": {"folders": [{"path": tmp_path / "in"}]},
                "rules": [{"name": "legs", "destinations": list(destinations)}],
                "destinations": folders,
            }
        )
        return Operator(journal, DataFolder(settings.data), settings, clock)

    return make


@pytest.fixture
def stranded(journal: Journal, arrive: Arrive) -> int:
    """A job whose only destination was taken out of the settings."""
    job = arrive()
    run_through(journal, job, "gone")
    journal.deliveries.set_aside_unknown([])
    return job


def retry(operator: Operator, job: int, way: str) -> None:
    if way == "job":
        operator.retry(job, "somebody")
    else:
        operator.retry_delivery(job, "gone", "somebody")


def states(journal: Journal, job: int) -> dict[str, DeliveryState]:
    return {each.destination: each.state for each in journal.deliveries.of_job(job)}


@pytest.mark.parametrize("way", ["job", "delivery"])
def test_retry_sends_where_the_rule_says_now_and_nothing_twice(
    journal: Journal, arrive: Arrive, operator_of: OperatorOf, way: str
) -> None:
    job = arrive()
    run_through(journal, job, "share", "gone")
    journal.deliveries.succeed(send(journal, "share").id)
    journal.deliveries.set_aside_unknown(["share", "archive"])
    retry(operator_of("share", "archive"), job, way)
    assert states(journal, job) == {
        "share": DeliveryState.DELIVERED,
        "archive": DeliveryState.PENDING,
    }
    journal.deliveries.succeed(send(journal, "archive").id)
    assert journal.jobs.get(job).state is JobState.DELIVERED


@pytest.mark.parametrize("way", ["job", "delivery"])
def test_retry_of_what_waits_for_nobody_else_ends_the_job(
    journal: Journal, stranded: int, operator_of: OperatorOf, way: str
) -> None:
    retry(operator_of(), stranded, way)
    assert (journal.jobs.get(stranded).state, states(journal, stranded)) == (JobState.DELIVERED, {})
    assert journal.deliveries.open_count() == {}


@pytest.mark.parametrize("way", ["job", "delivery"])
def test_result_is_not_called_delivered_where_no_rule_says_where_it_goes(
    journal: Journal, stranded: int, operator_of: OperatorOf, way: str
) -> None:
    operator = operator_of("share")
    rules = [each.model_copy(update={"name": "renamed"}) for each in operator.settings.rules]
    renamed = operator.settings.model_copy(update={"rules": rules})
    with pytest.raises(StaleStateError, match="put the rule or the destination back"):
        retry(replace(operator, settings=renamed), stranded, way)
    assert journal.jobs.get(stranded).state is JobState.DONE
    assert states(journal, stranded) == {"gone": DeliveryState.FAILED}


def test_retry_does_not_send_what_another_revision_has_brought(
    journal: Journal, arrive: Arrive, operator_of: OperatorOf
) -> None:
    first = arrive(instance="1.1")
    run_through(journal, first, "gone")
    second = arrive(instance="1.9")
    run_through(journal, second, "gone")
    journal.deliveries.set_aside_unknown([])
    operator = operator_of("archive")
    operator.retry(first, "somebody")
    journal.deliveries.succeed(send(journal, "archive").id)
    operator.retry(second, "somebody")
    assert states(journal, second) == {"archive": DeliveryState.DELIVERED}
    assert journal.jobs.get(second).state is JobState.DELIVERED


def test_retry_sends_only_what_failed(
    journal: Journal, arrive: Arrive, operator_of: OperatorOf
) -> None:
    job = arrive()
    run_through(journal, job, "share", "archive")
    journal.deliveries.succeed(send(journal, "share").id)
    failed = send(journal, "archive").id
    journal.deliveries.fail_attempt(failed, reason="down", code="down", again_at=None)
    operator_of("share", "archive").retry(job, "somebody")
    assert states(journal, job) == {
        "share": DeliveryState.DELIVERED,
        "archive": DeliveryState.PENDING,
    }


def test_nothing_goes_to_a_destination_that_the_job_does_not_have(
    journal: Journal, arrive: Arrive, operator_of: OperatorOf
) -> None:
    job = arrive()
    run_through(journal, job, "share")
    for name in ("archive", "gone"):
        with pytest.raises(StaleStateError, match=f"nothing of job {job} waits for {name}"):
            operator_of("share", "archive").retry_delivery(job, name, "somebody")
