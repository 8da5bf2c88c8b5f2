"""When a study is taken to be whole, and what becomes of it when it is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.service.conftest import HandClock
from tests.service.intake.conftest import TellingMeter

from calciscope.service.intake.completeness import Assembler
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job, SlicePlace
from calciscope.service.journal.states import JobState
from calciscope.service.settings.service import ServiceSettings

Arrive = Callable[..., int]
Make = Callable[..., Assembler]


@pytest.fixture
def meter() -> TellingMeter:
    return TellingMeter()


@pytest.fixture
def make(journal: Journal, clock: HandClock, meter: TellingMeter, tmp_path: Path) -> Make:
    def assembler(rules: list[dict[str, object]] | None = None, **times: object) -> Assembler:
        settings = ServiceSettings.model_validate(
            {
                "data": tmp_path / "data",
                "intake": {"folders": [{"path": tmp_path / "in"}], "study_instances": 8},
                "completeness": {"quiet_seconds": 60, "limit_seconds": 600, **times},
                "rules": rules or [{"name": "ct", "take": {"Modality": "CT"}, "priority": 3}],
            }
        )
        return Assembler(journal, settings, clock, meter)

    return assembler


@pytest.fixture
def slices(arrive: Arrive) -> Callable[..., int]:
    def send(*numbers: int, **values: object) -> int:
        for number in numbers:
            place = SlicePlace("axial", 5.0 * number)
            job = arrive(instance=f"1.2.3.1.{number}", place=place, **values)
        return job

    return send


def after(assembler: Assembler, clock: HandClock, seconds: float, journal: Journal) -> Job:
    """Time goes by, seen by the assembler before and after."""
    assembler.tick()
    clock.advance(seconds)
    assembler.tick()
    return journal.jobs.listed()[0]


def test_rule_takes_a_study_at_once_and_quiet_makes_it_ready(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1, 2, 3)
    assembler = make()
    job = after(assembler, clock, 59, journal)
    assert (job.state, job.rule, job.priority) == (JobState.WAITING, "ct", 3)
    assert after(assembler, clock, 1, journal).state is JobState.READY


def test_every_new_instance_begins_the_quiet_anew(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    assembler = make()
    slices(1)
    after(assembler, clock, 50, journal)
    slices(2)
    assert after(assembler, clock, 50, journal).state is JobState.WAITING
    assert after(assembler, clock, 10, journal).state is JobState.READY


def test_quiet_begins_anew_with_the_service_and_ignores_the_wall_clock(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1)
    after(make(), clock, 59, journal)
    clock.set_wall(clock.now() + 1e7)
    again = make()
    assert after(again, clock, 59, journal).state is JobState.WAITING
    assert after(again, clock, 1, journal).state is JobState.READY


def test_expected_number_makes_it_quicker(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    assembler = make()
    slices(1, 2, expected_in_study=3)
    assert after(assembler, clock, 3, journal).state is JobState.WAITING
    slices(3)
    assert after(assembler, clock, 2, journal).state is JobState.READY


def test_missing_instances_are_waited_for_with_a_reason_then_refused(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal, meter: TellingMeter
) -> None:
    assembler = make()
    slices(1, 2, expected_in_study=5)
    job = after(assembler, clock, 599, journal)
    assert job.state is JobState.WAITING
    assert job.reason == "waits for more: 2 of the 5 instances of the study have come"
    assembler.tick()
    changes = journal.jobs.transitions(job.id)
    assert [each.code for each in changes].count("waits") == 1
    job = after(assembler, clock, 1, journal)
    assert (job.state, job.code) == (JobState.REFUSED, "incomplete")
    assert "2 of the 5 instances of the study have come, and no more after 10 minutes" in job.reason
    assert meter.codes == ["incomplete"]


def test_gap_is_waited_for_and_closed_by_the_late_slice(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    assembler = make()
    slices(1, 2, 4, 5, 6)
    job = after(assembler, clock, 100, journal)
    assert "1 slice is missing in a series without number" in job.reason
    slices(3)
    assert after(assembler, clock, 60, journal).state is JobState.READY


def test_at_the_limit_a_rule_may_have_what_is_there_analyzed(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1, 2, 4, 5, 6)
    assert after(make(at_limit="process"), clock, 600, journal).state is JobState.READY


def test_retry_of_an_incomplete_study_analyzes_what_is_there(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1, 2, 4, 5, 6)
    assembler = make()
    job = after(assembler, clock, 600, journal)
    assert job.state is JobState.REFUSED
    journal.jobs.retry(job.id)
    assert after(assembler, clock, 2, journal).state is JobState.READY


def test_gap_in_a_counted_study_is_its_own(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1, 2, 4, 5, 6, expected_in_study=5)
    assert after(make(), clock, 2, journal).state is JobState.READY


def test_gap_in_a_series_that_is_not_analyzed_is_no_obstacle(
    make: Make, slices: Arrive, arrive: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1, 2, 4, 5, 6)
    journal.database.connection().execute(
        """UPDATE series SET attributes = '{"Modality": "CT", "SeriesDescription": "thick"}'"""
    )
    arrive(instance="7", series_uid="1.2.3.2", expected_in_series=1)
    rules: list[dict[str, object]] = [{"name": "ct", "series": {"SeriesDescription": "^$"}}]
    assert after(make(rules), clock, 60, journal).state is JobState.READY


def test_sender_that_never_rests_is_decided_on_at_the_limit(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    assembler = make(limit_seconds=100)
    for number in (1, 2, 3):
        slices(number)
        job = after(assembler, clock, 50, journal)
    assert job.state is JobState.READY


@pytest.mark.parametrize(
    ("rule", "code", "words", "told"),
    [
        ({"name": "mr", "take": {"Modality": "MR"}}, "no_rule", "no rule of the settings", True),
        ({"name": "none", "ignore": True}, "ignored", "rule none ignores", False),
        ({"name": "x", "series": {"Modality": "NM"}}, "no_series", "none of the 1 series", True),
    ],
)
def test_refused_once_it_is_quiet(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal, meter: TellingMeter,
    rule: dict[str, object], code: str, words: str, told: bool,
) -> None:  # fmt: skip
    slices(1)
    assembler = make([rule])
    assert after(assembler, clock, 59, journal).state in (JobState.INTAKE, JobState.WAITING)
    job = after(assembler, clock, 1, journal)
    assert (job.state, job.code) == (JobState.REFUSED, code)
    assert words in job.reason
    assert meter.codes == ([code] if told else [])


def test_too_many_instances(make: Make, slices: Arrive, clock: HandClock, journal: Journal) -> None:
    slices(*range(9))
    job = after(make(), clock, 60, journal)
    assert (job.state, job.code) == (JobState.REFUSED, "too_many")
    assert "9 instances, more than the 8" in job.reason


def test_what_comes_last_may_fit_a_rule_that_stands_first(
    make: Make, arrive: Arrive, clock: HandClock, journal: Journal
) -> None:
    rules: list[dict[str, object]] = [
        {"name": "thin", "take": {"SeriesDescription": "thin"}, "priority": 9},
        {"name": "rest"},
    ]
    assembler = make(rules)
    arrive(instance="1")
    assembler.tick()
    assert journal.jobs.listed()[0].rule == "rest"
    job = arrive(instance="2", series_uid="2")
    journal.database.connection().execute(
        """UPDATE series SET attributes = '{"SeriesDescription": "Thin"}' WHERE series_uid = '2'"""
    )
    found = after(assembler, clock, 60, journal)
    assert (found.id, found.state, found.rule, found.priority) == (job, JobState.READY, "thin", 9)


def test_study_without_a_rule_is_taken_after_the_settings_changed(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal
) -> None:
    slices(1)
    job = after(make([{"name": "mr", "take": {"Modality": "MR"}}]), clock, 60, journal)
    assert job.code == "no_rule"
    journal.jobs.retry(job.id)
    job = after(make(), clock, 2, journal)
    assert (job.state, job.rule) == (JobState.READY, "ct")


def test_instance_between_looking_and_deciding_is_not_left_out(
    make: Make, slices: Arrive, clock: HandClock, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices(1)
    assembler = make()
    assembler.tick()
    clock.advance(60)
    really = journal.jobs.make_ready

    def late(job_id: int, instances: int) -> bool:
        slices(2)
        return really(job_id, instances)

    with monkeypatch.context() as patched:
        patched.setattr(journal.jobs, "make_ready", late)
        assembler.tick()
    assert journal.jobs.listed()[0].state is JobState.WAITING
    job = after(assembler, clock, 60, journal)
    assert (job.state, job.instances, job.revision) == (JobState.READY, 2, 1)


def test_job_that_is_forgotten_meanwhile_stops_nobody(
    make: Make, arrive: Arrive, clock: HandClock, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = arrive(study="9", instance="9.1")
    kept = arrive(study="8", instance="8.1")
    assembler = make()
    really = journal.jobs.take

    def forget(job_id: int, rule: str, priority: int) -> None:
        if job_id == gone:
            journal.removal.forget(gone)
        really(job_id, rule, priority)

    monkeypatch.setattr(journal.jobs, "take", forget)
    assembler.tick()
    clock.advance(60)
    assembler.tick()
    assert [(job.id, job.state) for job in journal.jobs.listed()] == [(kept, JobState.READY)]


def test_many_open_studies_are_all_looked_at(
    make: Make, arrive: Arrive, clock: HandClock, journal: Journal
) -> None:
    for number in range(450):
        arrive(study=f"1.{number}", instance=f"1.{number}.1")
    assembler = make()
    assembler.tick()
    clock.advance(60)
    assembler.tick()
    assert journal.jobs.counts()[JobState.READY] == 450
