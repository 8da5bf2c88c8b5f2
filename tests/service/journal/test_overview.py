"""Finding jobs, and counting what was done."""

import pytest
from tests.service.conftest import HandClock
from tests.service.web.hospital import Hospital

from calciscope.service.journal.journal import Journal
from calciscope.service.journal.overview import Overview, Wanted
from calciscope.service.journal.states import JobState

HOUR = 3600.0


@pytest.fixture
def hospital(journal: Journal) -> Hospital:
    return Hospital(journal)


@pytest.fixture
def overview(journal: Journal) -> Overview:
    return Overview(journal.database)


def test_pages_hold_the_newest_first_and_the_total(hospital: Hospital, overview: Overview) -> None:
    jobs = [hospital.send(f"1.{n}") for n in range(5)]
    assert overview.find(Wanted(), 2).job_ids == (jobs[4], jobs[3])
    assert overview.find(Wanted(), 2, 4).job_ids == (jobs[0],)
    assert overview.find(Wanted(), 2, 4).total == 5


def test_states_and_time_narrow_it_down(
    hospital: Hospital, overview: Overview, clock: HandClock
) -> None:
    old = hospital.bring(hospital.send("1.1"), JobState.FAILED)
    clock.advance(HOUR)
    new = hospital.bring(hospital.send("1.2"), JobState.FAILED)
    hospital.send("1.3")
    assert overview.find(Wanted(states=(JobState.FAILED,)), 9).job_ids == (new, old)
    recent = Wanted(states=(JobState.FAILED,), since=clock.now())
    assert overview.find(recent, 9).job_ids == (new,)


def test_attention_is_failed_jobs_and_given_up_deliveries(
    hospital: Hospital, overview: Overview
) -> None:
    failed = hospital.bring(hospital.send("1.1"), JobState.FAILED)
    hospital.bring(hospital.send("1.2"), JobState.REFUSED)
    stuck, delayed = (hospital.bring(hospital.send(f"1.{n}"), JobState.DONE) for n in (3, 4))
    for job, again in ((stuck, None), (delayed, 5.0)):
        hospital.trouble(job, again_at=again)
    assert overview.find(Wanted(attention=True), 9).job_ids == (stuck, failed)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.2.840.7", [1]),
        (".840.", [1]),
        ("THIGH", [2]),
        ("2", [2]),
        ("#1", [1]),
        ("840", []),
        ("memory", [1]),
        ("%", []),
        ("'; DROP TABLE jobs; --", []),
        ("9" * 15, []),
    ],
)
def test_text_is_found_in_what_may_be_seen(
    hospital: Hospital, overview: Overview, text: str, found: list[int]
) -> None:
    hospital.bring(hospital.send("1.2.840.7"), JobState.FAILED)
    hospital.send("1.3", description="CT thigh", name="Muster^Maria")
    assert list(overview.find(Wanted(text=text), 9).job_ids) == found


def test_patients_are_searched_only_where_that_is_allowed(
    hospital: Hospital, overview: Overview
) -> None:
    job = hospital.send("1.1", name="Rossi^Giulia")
    assert overview.find(Wanted(text="rossi"), 9).total == 0
    assert overview.find(Wanted(text="rossi", patients=True), 9).job_ids == (job,)


def test_outcomes_are_counted_by_step(
    hospital: Hospital, overview: Overview, clock: HandClock
) -> None:
    start = clock.now()
    hospital.bring(hospital.send("1.1"), JobState.DELIVERED)
    hospital.bring(hospital.send("1.2"), JobState.REFUSED)
    clock.advance(2.5 * HOUR)
    hospital.bring(hospital.send("1.3"), JobState.DONE)
    assert overview.outcomes(start, HOUR) == {
        (0, JobState.DONE): 1,
        (0, JobState.REFUSED): 1,
        (2, JobState.DONE): 1,
    }


def test_turnaround_is_from_arrival_to_delivery(
    hospital: Hospital, overview: Overview, clock: HandClock
) -> None:
    start = clock.now()
    job = hospital.bring(hospital.send("1.1"), JobState.DONE)
    clock.advance(90)
    hospital.deliver(job)
    assert overview.turnaround(start) == [90.0]
    assert overview.turnaround(start + 91) == []


def test_several_jobs_and_their_deliveries_come_at_once(
    hospital: Hospital, journal: Journal
) -> None:
    first = hospital.bring(hospital.send("1.1"), JobState.DONE, ("PACS", "ARCHIVE"))
    second = hospital.send("1.2")
    assert [job.id for job in journal.jobs.several([first, second, 99])] == [second, first]
    found = journal.deliveries.of_jobs([first, second])
    assert [each.destination for each in found[first]] == ["ARCHIVE", "PACS"]
    assert second not in found


def test_duplicates_are_told(hospital: Hospital, overview: Overview, journal: Journal) -> None:
    job = journal.jobs.get(hospital.send("1.1"))
    hospital.send("1.1")
    assert overview.duplicates(job.study_id) == 3
    assert overview.duplicates(99) == 0
