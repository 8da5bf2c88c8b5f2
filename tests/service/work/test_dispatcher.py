"""The dispatcher: every job that is claimed comes to an end, whatever breaks on the way."""

import errno
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from tests.service.conftest import HandClock
from tests.service.work.stand_in import write_result

from calciscope.errors import ModelError, ServiceError
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Job, SeriesRecord
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.observers import SilentMeter
from calciscope.service.settings.rules import Rule
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.dispatcher import Dispatcher
from calciscope.service.work.executor import no_listener
from calciscope.service.work.models_used import ModelsUsed
from calciscope.service.work.outcome import Outcome, OutcomeKind, failed, outcome_of, refused
from calciscope.service.work.publishing import record_of
from calciscope.service.work.request import WorkRequest

Arrive = Callable[..., int]

DONE = Outcome(OutcomeKind.DONE, times_s={"segment": 1.5}, peak_ram_mb=100.0)


@dataclass
class HandExecutor:
    """Does nothing until it is told what comes of a request."""

    places: int = 1
    requests: dict[int, WorkRequest] = field(default_factory=dict)
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)
    submitted: int = 0
    at_stop: Outcome | None = None
    broken: bool = False

    def start(self) -> None:
        """Nothing to start."""

    def listen(self, tell: Callable[[], None] = no_listener) -> None:
        """Nobody is told."""

    def free(self) -> int:
        return self.places - len(self.requests)

    def trouble(self) -> str:
        return ""

    def submit(self, request: WorkRequest) -> None:
        if self.broken:
            raise ServiceError("the cluster is away")
        self.requests[request.job_id] = request
        self.submitted += 1

    def end(self, job_id: int, outcome: Outcome = DONE) -> None:
        """A request comes to its end."""
        request = self.requests.pop(job_id)
        if outcome.kind is OutcomeKind.DONE:
            write_result(request)
        self.outcomes.append((job_id, outcome))

    def collect(self) -> list[tuple[int, Outcome]]:
        found, self.outcomes = self.outcomes, []
        return found

    def stop(self, grace_seconds: float) -> None:
        if self.at_stop is not None:
            for job_id in list(self.requests):
                self.end(job_id, self.at_stop)


@dataclass
class Catalog:
    """Says which models are used."""

    text: str = "model 1"
    missing: bool = False

    def __call__(self, version: str | None) -> ModelsUsed:
        if self.missing:
            raise ModelError("model ct-calcification 1 is altered; install it again")
        return ModelsUsed(version or "1", self.text)


def all_series(rule: Rule, series: Sequence[SeriesRecord]) -> Sequence[SeriesRecord]:
    return series


@dataclass
class House:
    """A journal, a data folder, and the dispatcher between them."""

    journal: Journal
    arrive: Arrive
    clock: HandClock
    data: DataFolder
    executor: HandExecutor = field(default_factory=HandExecutor)
    catalog: Catalog = field(default_factory=Catalog)
    work: dict[str, object] = field(default_factory=dict)
    rule: dict[str, object] = field(default_factory=dict)

    def dispatcher(self, choose: object = all_series) -> Dispatcher:
        """A service that has just started."""
        backoff = {"first_seconds": 10, "jitter": 0}
        settings = ServiceSettings.model_validate(
            {
                "data": self.data.root,
                "intake": {"folders": [{"path": "in"}]},
                "rules": [{"name": "legs", "destinations": ["share"], **self.rule}],
                "destinations": [{"name": "share", "kind": "folder", "path": "out"}],
                "work": {"attempts": 3, "backoff": backoff, **self.work},
            }
        )
        made = Dispatcher(
            self.journal, self.executor, settings, self.data, self.clock, SilentMeter(),
            choose, self.catalog, Random(0),  # type: ignore[arg-type]
        )  # fmt: skip
        made.recover()
        return made

    def ready(self, study: str = "1.2.3", number: int = 1, priority: int = 0) -> int:
        """A study that is whole."""
        for each in range(number):
            uid = f"{study}.1.{each}"
            (self.data.instances / f"{uid}.dcm").write_bytes(b"instance")
            job = self.arrive(study=study, instance=uid)
        self.make_ready(job, priority)
        return job

    def make_ready(self, job: int, priority: int = 0) -> None:
        self.journal.jobs.take(job, "legs", priority)
        assert self.journal.jobs.make_ready(job, self.journal.jobs.get(job).instances)

    def job(self, job_id: int) -> Job:
        return self.journal.jobs.get(job_id)


@pytest.fixture
def house(journal: Journal, arrive: Arrive, clock: HandClock, tmp_path: Path) -> House:
    data = DataFolder(tmp_path / "data")
    data.make()
    return House(journal, arrive, clock, data)


def test_a_ready_study_is_analyzed_published_and_given_to_its_destinations(house: House) -> None:
    job = house.ready(number=3)
    dispatcher = house.dispatcher()
    assert dispatcher.tick()
    assert house.job(job).state is JobState.RUNNING
    request = house.executor.requests[job]
    assert [name for name, _ in request.files] == ["000001.dcm", "000002.dcm", "000003.dcm"]
    assert all(Path(path).is_file() for _, path in request.files)
    house.executor.end(job)
    assert dispatcher.tick()
    done = house.job(job)
    assert (done.state, done.has_result) == (JobState.DONE, True)
    assert done.content_key == request.content_key
    record = record_of(house.data, job)
    assert record is not None
    assert (record.content_key, record.times_s) == (request.content_key, {"segment": 1.5})
    [delivery] = house.journal.deliveries.of_job(job)
    assert (delivery.destination, delivery.state) == ("share", DeliveryState.PENDING)
    assert list(house.data.work.iterdir()) == []
    assert not dispatcher.tick()


def test_no_more_is_claimed_than_there_is_room_for(house: House) -> None:
    low, high = house.ready("1.1"), house.ready("1.2", priority=5)
    house.dispatcher().tick()
    assert list(house.executor.requests) == [high]
    assert house.job(low).state is JobState.READY


def test_a_refusal_is_the_end_and_keeps_its_reason(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.end(job, refused("there is no CT in the study", "no_ct"))
    dispatcher.tick()
    ended = house.job(job)
    assert (ended.state, ended.code) == (JobState.REFUSED, "no_ct")
    assert ended.reason == "there is no CT in the study"


def test_failures_wait_longer_each_time_and_end_with_the_study_set_aside(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    for attempt, wait in ((1, 10.0), (2, 20.0)):
        dispatcher.tick()
        house.executor.end(job, failed("the worker was killed", "crash"))
        dispatcher.tick()
        again = house.job(job)
        assert (again.state, again.attempts) == (JobState.READY, attempt)
        assert again.not_before == house.clock.now() + wait
        assert house.executor.requests == {}
        house.clock.advance(wait)
    dispatcher.tick()
    house.executor.end(job, failed("the worker was killed", "crash"))
    dispatcher.tick()
    ended = house.job(job)
    assert (ended.state, ended.attempts, ended.code) == (JobState.FAILED, 3, "crash")
    house.clock.advance(86_000)
    assert not dispatcher.tick()


def test_a_poison_study_never_holds_up_others(house: House) -> None:
    poison = house.ready("1.1", priority=9)
    others = [house.ready(f"1.2.{number}") for number in range(5)]
    dispatcher = house.dispatcher()
    for _ in range(20):
        dispatcher.tick()
        for job in list(house.executor.requests):
            house.executor.end(job, failed("boom", "crash") if job == poison else DONE)
    dispatcher.tick()
    assert {house.job(job).state for job in others} == {JobState.DONE}
    assert house.job(poison).state is JobState.READY


def test_what_breaks_the_preparation_of_one_study_holds_up_no_other(house: House) -> None:
    def choose(rule: Rule, series: Sequence[SeriesRecord]) -> Sequence[SeriesRecord]:
        if series[0].series_uid.startswith("1.1"):
            raise KeyError("odd")
        return series

    odd, plain = house.ready("1.1"), house.ready("1.2")
    house.dispatcher(choose).tick()
    assert (house.job(odd).state, house.job(odd).code) == (JobState.READY, "error")
    assert list(house.executor.requests) == [plain]


def test_results_noted_too_late_are_used_after_the_next_start(house: House) -> None:
    """Killed between giving the results their name and writing that down."""
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.end(job)
    finish = house.journal.jobs.finish
    house.journal.jobs.finish = _out_of_order  # type: ignore[method-assign]
    with pytest.raises(sqlite3.OperationalError):
        dispatcher.tick()
    house.journal.jobs.finish = finish  # type: ignore[method-assign]
    assert house.job(job).state is JobState.RUNNING
    house.executor = HandExecutor()
    house.dispatcher().tick()
    assert house.executor.submitted == 0
    assert house.job(job).state is JobState.DONE


def test_an_outcome_survives_an_error_of_the_journal(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.end(job)
    finish = house.journal.jobs.finish
    house.journal.jobs.finish = _out_of_order  # type: ignore[method-assign]
    with pytest.raises(sqlite3.OperationalError):
        dispatcher.tick()
    house.journal.jobs.finish = finish  # type: ignore[method-assign]
    dispatcher.tick()
    assert house.job(job).state is JobState.DONE


def _out_of_order(*anything: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


def test_a_half_result_under_the_name_of_the_job_is_made_again(house: House) -> None:
    job = house.ready()
    (house.data.result(job) / "dicom").mkdir(parents=True)
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.end(job)
    dispatcher.tick()
    assert (house.data.result(job) / "findings.json").is_file()
    assert list(house.data.work.iterdir()) == []


def test_a_done_study_that_is_retried_keeps_its_result_unless_the_model_is_another(
    house: House,
) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.end(job)
    dispatcher.tick()
    house.journal.jobs.retry(job)
    dispatcher.tick()
    assert (house.job(job).state, house.executor.submitted) == (JobState.DONE, 1)
    house.catalog.text = "model 2"
    house.journal.jobs.retry(job)
    dispatcher.tick()
    assert house.executor.submitted == 2
    house.executor.end(job)
    dispatcher.tick()
    record = record_of(house.data, job)
    assert record is not None
    assert record.content_key == house.job(job).content_key


def _retaken(house: House) -> tuple[int, int]:
    """A study whose second revision adds a series that is not analyzed."""
    first = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.end(first)
    dispatcher.tick()
    second = house.arrive(study="1.2.3", instance="1.2.3.9.1", series_uid="1.2.3.9")
    house.make_ready(second)
    return first, second


def _first_series(rule: Rule, series: Sequence[SeriesRecord]) -> Sequence[SeriesRecord]:
    return series[:1]


def test_the_result_of_another_job_with_the_same_content_is_used(house: House) -> None:
    first, second = _retaken(house)
    house.dispatcher(_first_series).tick()
    assert (house.job(second).state, house.executor.submitted) == (JobState.DONE, 1)
    report = "report.html"
    taken = (house.data.result(second) / report).read_bytes()
    assert taken == (house.data.result(first) / report).read_bytes()
    record = record_of(house.data, second)
    assert record is not None
    assert (record.job_id, record.revision) == (second, 2)


def test_a_destination_that_has_a_result_does_not_get_it_for_the_next_revision(
    house: House,
) -> None:
    first, second = _retaken(house)
    delivery = house.journal.deliveries.claim("share")
    assert delivery is not None
    house.journal.deliveries.succeed(delivery.id)
    house.dispatcher(_first_series).tick()
    assert [house.job(job).state for job in (first, second)] == [JobState.DELIVERED] * 2
    assert house.journal.deliveries.claim("share") is None


def test_a_revision_with_other_content_has_another_key(house: House) -> None:
    first, second = _retaken(house)
    house.dispatcher().tick()
    assert house.executor.requests[second].content_key != house.job(first).content_key
    assert len(house.executor.requests[second].files) == 2


def test_results_of_another_job_that_are_gone_are_made_anew(house: House) -> None:
    first, second = _retaken(house)
    (house.data.result(first) / "job.json").unlink()
    house.dispatcher(_first_series).tick()
    assert list(house.executor.requests) == [second]


def test_instances_that_retention_removed_are_told(house: House) -> None:
    job = house.ready()
    with house.journal.database.writing() as connection:
        connection.execute("UPDATE instances SET file = ''")
    house.dispatcher().tick()
    ended = house.job(job)
    assert (ended.state, ended.code) == (JobState.FAILED, "inputs_gone")
    assert "send the study again" in ended.reason


def test_a_rule_that_is_gone_refuses_with_the_cure(house: House) -> None:
    job = house.arrive()
    house.journal.jobs.take(job, "arms", 0)
    assert house.journal.jobs.make_ready(job, 1)
    house.dispatcher().tick()
    assert (house.job(job).state, house.job(job).code) == (JobState.REFUSED, "no_rule")
    assert "put it back" in house.job(job).reason


def test_a_study_without_a_wanted_series_is_refused(house: House) -> None:
    job = house.ready()
    house.dispatcher(lambda rule, series: []).tick()
    assert (house.job(job).state, house.job(job).code) == (JobState.REFUSED, "no_series")


def test_a_model_that_breaks_while_the_service_runs_fails_the_attempt(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    house.catalog.missing = True
    dispatcher.tick()
    assert (house.job(job).state, house.job(job).code) == (JobState.READY, "model")


def test_an_executor_that_cannot_take_it_fails_the_attempt(house: House) -> None:
    job = house.ready()
    house.executor.broken = True
    house.dispatcher().tick()
    assert (house.job(job).state, house.job(job).code) == (JobState.READY, "service")
    assert list(house.data.work.iterdir()) == []


def test_results_that_cannot_be_written_fail_the_attempt(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.requests.clear()
    house.executor.outcomes.append((job, DONE))
    dispatcher.tick()
    assert (house.job(job).state, house.job(job).code) == (JobState.READY, "disk")


FULL = outcome_of(OSError(errno.ENOSPC, "No space left on device"))


def test_a_full_disk_sets_nothing_aside_and_all_goes_on_once_there_is_room(house: House) -> None:
    house.executor.places = 2
    jobs = [house.ready(f"1.{number}") for number in range(5)]
    dispatcher = house.dispatcher()
    for _ in range(60):
        dispatcher.tick()
        for job in list(house.executor.requests):
            house.executor.end(job, FULL)
        dispatcher.tick()
        assert house.executor.requests == {}
        house.clock.advance(60)
    assert {house.job(job).state for job in jobs} == {JobState.READY}
    assert {house.job(job).attempts for job in jobs} == {0}
    assert "make room" in house.job(jobs[0]).reason
    house.clock.advance(400)
    for _ in jobs:
        dispatcher.tick()
        for job in list(house.executor.requests):
            house.executor.end(job)
    dispatcher.tick()
    assert {house.job(job).state for job in jobs} == {JobState.DONE}


def test_nothing_is_begun_while_the_disk_is_full(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [house.ready(f"1.{number}") for number in range(3)]
    dispatcher = house.dispatcher()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", full)
        dispatcher.tick()
    codes = [house.job(job).code for job in jobs]
    assert codes == ["disk_full", "", ""]
    dispatcher.tick()
    assert house.executor.requests == {}
    house.clock.advance(10)
    dispatcher.tick()
    # The others first: they may need less.
    assert list(house.executor.requests) == [jobs[1]]


def test_stopping_settles_what_ended_in_time(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    house.executor.at_stop = DONE
    dispatcher.stop(1.0)
    assert house.job(job).state is JobState.DONE


def test_stopping_gives_the_rest_back_without_counting_an_attempt(house: House) -> None:
    job = house.ready()
    dispatcher = house.dispatcher()
    dispatcher.tick()
    dispatcher.stop(0.0)
    back = house.job(job)
    assert (back.state, back.attempts, back.interruptions) == (JobState.READY, 0, 0)
    assert list(house.data.work.iterdir()) == []


def test_after_a_kill_the_study_is_analyzed_again_in_a_folder_of_its_own(house: House) -> None:
    job = house.ready()
    house.dispatcher().tick()
    before = house.executor.requests[job].output
    house.executor = HandExecutor()
    dispatcher = house.dispatcher()
    assert house.job(job).interruptions == 1
    dispatcher.tick()
    assert house.executor.requests[job].output != before
    assert not Path(before).parent.exists()


def test_a_study_that_ends_the_service_again_and_again_is_set_aside(house: House) -> None:
    house.work = {"interruptions": 3}
    job = house.ready()
    for _ in range(3):
        house.executor = HandExecutor()
        house.dispatcher().tick()
    house.dispatcher()
    assert house.job(job).state is JobState.FAILED
    assert "stopped 3 times" in house.job(job).reason


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_a_pet_is_asked_for_only_where_there_is_one(house: House, modality: str) -> None:
    def choose(rule: Rule, series: Sequence[SeriesRecord]) -> Sequence[SeriesRecord]:
        return [replace(each, attributes={"Modality": modality}) for each in series]

    house.rule = {"accept_pet": True}
    job = house.ready()
    house.dispatcher(choose).tick()
    assert house.executor.requests[job].options.accept_pet is (modality == "PT")
