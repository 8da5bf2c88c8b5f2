"""States and reasons in plain words."""

import pytest
from tests.service.conftest import HandClock
from tests.service.web.hospital import Hospital

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.web.words import (
    DELIVERIES,
    EXPLAINED,
    STATES,
    code_words,
    delivery_look,
    job_look,
    job_sentence,
)


def test_every_state_has_words_and_a_tone() -> None:
    assert set(STATES) == set(EXPLAINED) == set(JobState)
    assert set(DELIVERIES) == set(DeliveryState)
    assert len({look.text for look in STATES.values()}) == len(JobState)


def test_a_job_that_is_tried_again_says_why_and_when(
    hospital: Hospital, journal: Journal, clock: HandClock
) -> None:
    job_id = hospital.bring(hospital.send("1.1"), JobState.RUNNING)
    journal.jobs.fail_attempt(
        job_id, reason="the worker crashed", code="crash", again_at=clock.now() + 180
    )
    job = journal.jobs.get(job_id)
    assert job_look(job, ()).text == "Trying again"
    assert job_sentence(job, (), clock.now()) == "The worker crashed. Attempt 2 in 3 min."


@pytest.mark.parametrize(
    ("waits", "text", "tone", "sentence"),
    [
        (60.0, "Delivery delayed", "warn", "PACS: no answer. Attempt 2 in 1 min."),
        (None, "Not delivered", "bad", "PACS: no answer. Given up after 1 attempt."),
    ],
)
def test_trouble_of_a_delivery_shows_in_its_job(
    hospital: Hospital, journal: Journal, clock: HandClock,
    waits: float | None, text: str, tone: str, sentence: str,
) -> None:  # fmt: skip
    job_id = hospital.bring(hospital.send("1.1"), JobState.DONE, ("ARCHIVE", "PACS"))
    hospital.trouble(job_id, again_at=None if waits is None else clock.now() + waits)
    job, deliveries = journal.jobs.get(job_id), journal.deliveries.of_job(job_id)
    assert (job_look(job, deliveries).text, job_look(job, deliveries).tone) == (text, tone)
    assert job_sentence(job, deliveries, clock.now()) == sentence
    assert [delivery_look(each).tone for each in deliveries] == ["idle", tone]


def test_a_destination_that_is_away_delays_without_an_attempt(
    hospital: Hospital, journal: Journal, clock: HandClock
) -> None:
    job_id = hospital.bring(hospital.send("1.1"), JobState.DONE)
    delivery = journal.deliveries.claim("PACS")
    assert delivery is not None
    journal.deliveries.postpone(
        delivery.id, reason="the archive is away", code="away", again_at=clock.now() + 120
    )
    job, deliveries = journal.jobs.get(job_id), journal.deliveries.of_job(job_id)
    assert job_look(job, deliveries).text == "Delivery delayed"
    told = "PACS: the archive is away. Tried again in 2 min."
    assert job_sentence(job, deliveries, clock.now()) == told


def test_a_job_without_destinations_is_done(hospital: Hospital, journal: Journal) -> None:
    job = journal.jobs.get(hospital.bring(hospital.send("1.1"), JobState.DONE, ()))
    assert job_look(job, ()).text == "Done"
    assert "no destination" in job_sentence(job, (), 0.0)


def test_codes_that_nobody_has_put_into_words_are_shown() -> None:
    assert code_words("more_came") == "more images came"
    assert code_words("sun_spots") == "sun spots"
