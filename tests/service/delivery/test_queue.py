"""The queue of a destination: what it tries again, when, and what it never forgets."""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from tests.service.conftest import HandClock

from calciscope.service.backoff import LONGEST_REST_SECONDS
from calciscope.service.clock import SystemClock
from calciscope.service.data_folder import DataFolder
from calciscope.service.delivery.parcel import Parcel
from calciscope.service.delivery.queue import DeliveryQueue
from calciscope.service.delivery.sender import DeliveryError, DestinationAwayError, NoteSent
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Delivery
from calciscope.service.journal.states import DeliveryState, JobState
from calciscope.service.loop import Loop
from calciscope.service.observers import SilentMeter
from calciscope.service.settings.destinations import FolderDestination
from calciscope.service.settings.work import Backoff

Done = Callable[..., int]


@dataclass
class Script:
    """A sender that does what it is told: notes so many objects, then fails or not."""

    failures: list[Exception] = field(default_factory=list)
    notes: int = 0
    before_note: Callable[[], object] = lambda: None
    sent: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def start(self) -> None: ...

    def close(self) -> None: ...

    def send(self, parcel: Parcel, already_sent: Mapping[str, str], note_sent: NoteSent) -> None:
        self.sent.append((parcel.job_id, dict(already_sent)))
        for each in parcel.objects[: self.notes]:
            self.before_note()
            note_sent(each.sop_uid, "0000")
        if self.failures:
            raise self.failures.pop(0)


class CountingMeter(SilentMeter):
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def sent(self, destination: str, seconds: float) -> None:
        self.told.append(("sent", destination))

    def failed(self, where: str, code: str) -> None:
        self.told.append((where, code))


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


@pytest.fixture
def make_queue(
    journal: Journal, data: DataFolder, clock: HandClock, meter: CountingMeter
) -> Callable[..., DeliveryQueue]:
    def make(sender: Script, attempts: int = 3, name: str = "archive") -> DeliveryQueue:
        destination = FolderDestination(
            name=name, kind="folder", path=Path("/x"), attempts=attempts,
            backoff=Backoff(first_seconds=10, longest_seconds=40, jitter=0),
        )  # fmt: skip
        return DeliveryQueue(destination, sender, journal, data, clock, meter, Random(0))

    return make


def delivery_of(journal: Journal, job_id: int) -> Delivery:
    (found,) = journal.deliveries.of_job(job_id)
    return found


def test_delivered_when_the_sender_is_content(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue], meter: CountingMeter
) -> None:
    job = done("archive")
    queue = make_queue(Script())
    assert queue.tick()
    assert not queue.tick()
    assert journal.jobs.get(job).state is JobState.DELIVERED
    assert meter.told == [("sent", "archive")]


def test_failed_attempts_wait_longer_each_time_and_end_with_the_last(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue], clock: HandClock
) -> None:
    job = done("archive")
    script = Script([DeliveryError("out of resources", "out_of_resources") for _ in range(3)])
    queue = make_queue(script)
    waits = []
    for attempt in range(1, 3):
        assert queue.tick()
        found = delivery_of(journal, job)
        assert (found.state, found.attempts) == (DeliveryState.PENDING, attempt)
        assert not queue.tick()
        waits.append(found.not_before - clock.now())
        clock.advance(waits[-1])
    assert waits == [10, 20]
    queue.tick()
    found = delivery_of(journal, job)
    assert (found.state, found.reason) == (DeliveryState.FAILED, "out of resources")
    assert journal.jobs.get(job).state is JobState.DONE

    journal.deliveries.retry(job)
    queue.tick()
    assert journal.jobs.get(job).state is JobState.DELIVERED


def test_permanent_failure_is_not_tried_again(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    job = done("archive")
    make_queue(Script([DeliveryError("no", "warning", permanent=True)])).tick()
    assert delivery_of(journal, job).state is DeliveryState.FAILED


def test_one_that_fails_does_not_hold_up_the_next(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    first, second = done("archive"), done("archive", study="1.9")
    queue = make_queue(Script([DeliveryError("no", "refused")]))
    assert queue.tick()
    queue.tick()
    states = [journal.jobs.get(job).state for job in (first, second)]
    assert states == [JobState.DONE, JobState.DELIVERED]


def test_destination_that_is_away_stops_the_queue_and_counts_against_nobody(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue], clock: HandClock
) -> None:
    jobs = [done("archive", study=f"1.{n}") for n in range(3)]
    script = Script([DestinationAwayError("not reached", "unreachable") for _ in range(20)])
    queue = make_queue(script, attempts=2)
    for tries in range(1, 21):
        assert not queue.tick()
        assert not queue.tick()
        assert len(script.sent) == tries
        assert queue.away
        clock.advance(LONGEST_REST_SECONDS)
    deliveries = [delivery_of(journal, job) for job in jobs]
    assert [(each.state, each.attempts) for each in deliveries] == [(DeliveryState.PENDING, 0)] * 3
    assert [each.reason for each in deliveries].count("not reached") >= 1

    while queue.tick():
        pass
    assert {journal.jobs.get(job).state for job in jobs} == {JobState.DELIVERED}
    assert not queue.away


def test_one_for_which_the_archive_always_looks_away_holds_up_no_other_and_is_set_aside(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue], clock: HandClock
) -> None:
    first, *others = [done("archive", study=f"1.{n}") for n in range(3)]

    class Choosy(Script):
        """An archive behind a proxy that runs out of patience with one large study."""

        def send(
            self, parcel: Parcel, already_sent: Mapping[str, str], note_sent: NoteSent
        ) -> None:
            self.sent.append((parcel.job_id, dict(already_sent)))
            if parcel.job_id == first:
                raise DestinationAwayError("busy or down (HTTP 504)", "busy")

    script = Choosy()
    queue = make_queue(script, attempts=2)

    def let_pass() -> None:
        for _ in range(6):
            queue.tick()
            clock.advance(LONGEST_REST_SECONDS)

    let_pass()
    assert {journal.jobs.get(job).state for job in others} == {JobState.DELIVERED}
    # One attempt counts, since others were taken between two; without others none does.
    assert [job for job, _ in script.sent].count(first) > 3
    waiting = delivery_of(journal, first)
    assert (waiting.state, waiting.attempts) == (DeliveryState.PENDING, 1)

    later = done("archive", study="1.9")
    let_pass()
    assert journal.jobs.get(later).state is JobState.DELIVERED
    aside = delivery_of(journal, first)
    assert (aside.state, aside.attempts) == (DeliveryState.FAILED, 2)
    assert aside.reason == "busy or down (HTTP 504)"
    assert not queue.away


@pytest.mark.parametrize("step", ["note_sent", "succeed", "fail_attempt", "postpone"])
def test_journal_that_fails_for_a_moment_leaves_no_delivery_behind(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue], clock: HandClock,
    monkeypatch: pytest.MonkeyPatch, step: str,
) -> None:  # fmt: skip
    job = done("archive")
    failures: dict[str, list[Exception]] = {
        "fail_attempt": [DeliveryError("no", "refused")],
        "postpone": [DestinationAwayError("not reached", "unreachable")],
    }
    queue = make_queue(Script(failures.get(step, []), notes=2))

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(journal.deliveries, step, full)
        with pytest.raises(sqlite3.OperationalError):
            queue.tick()
    clock.advance(LONGEST_REST_SECONDS)
    queue.tick()
    assert delivery_of(journal, job).attempts == 0
    assert journal.jobs.get(job).state is JobState.DELIVERED


def test_what_was_noted_is_given_to_the_next_attempt(
    done: Done, make_queue: Callable[..., DeliveryQueue], clock: HandClock
) -> None:
    done("archive")
    script = Script([DeliveryError("aborted", "no_answer")], notes=2)
    queue = make_queue(script)
    queue.tick()
    clock.advance(60)
    queue.tick()
    before, after = (already for _, already in script.sent)
    assert (len(before), len(after)) == (0, 2)


def test_missing_result_is_told_with_the_cure(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    job = done("archive", result=False)
    script = Script()
    make_queue(script).tick()
    found = delivery_of(journal, job)
    assert (found.state, found.code) == (DeliveryState.FAILED, "no_result")
    assert f"calciscope jobs retry {job}" in found.reason
    assert script.sent == []


@pytest.mark.parametrize("content", [b"nonsense", b"\0" * 128 + b"DICM"])
def test_damaged_result_is_not_sent(
    journal: Journal,
    data: DataFolder,
    done: Done,
    make_queue: Callable[..., DeliveryQueue],
    content: bytes,
) -> None:
    job = done("archive")
    (data.result(job) / "dicom/report.dcm").write_bytes(content)
    make_queue(Script()).tick()
    assert delivery_of(journal, job).code == "damaged"


def test_unexpected_error_fails_the_attempt_and_its_text_is_not_told(
    journal: Journal,
    done: Done,
    make_queue: Callable[..., DeliveryQueue],
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = done("archive")
    make_queue(Script([RuntimeError("Somebody^Secret")])).tick()
    found = delivery_of(journal, job)
    assert (found.state, found.code) == (DeliveryState.PENDING, "unexpected")
    assert "RuntimeError" in found.reason
    assert "Secret" not in found.reason + caplog.text


def test_stop_gives_the_delivery_back_with_what_was_noted(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    job = done("archive")
    script = Script(notes=5)
    queue = make_queue(script)
    script.before_note = queue.stop
    queue.tick()
    found = delivery_of(journal, job)
    assert (found.state, found.attempts) == (DeliveryState.PENDING, 0)
    assert len(journal.deliveries.sent(found.id)) == 1
    assert not queue.tick()


@pytest.mark.parametrize("interference", ["forget", "retry"])
def test_job_forgotten_or_begun_anew_while_it_is_sent_ends_the_attempt(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue], interference: str
) -> None:
    job = done("archive")
    script = Script(notes=5)
    queue = make_queue(script)
    act = journal.removal.forget if interference == "forget" else journal.jobs.retry
    script.before_note = lambda: act(job)
    assert queue.tick()
    if interference == "forget":
        assert journal.deliveries.of_job(job) == []
        return
    assert journal.jobs.get(job).state is JobState.READY
    journal.jobs.claim()
    journal.jobs.finish(job, "other", ["archive"])
    script.before_note = lambda: None
    queue.tick()
    assert journal.jobs.get(job).state is JobState.DELIVERED
    assert script.sent[-1][1] == {}


def test_retry_just_before_the_end_makes_the_delivery_again(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    job = done("archive")

    class RetriedAtTheEnd(Script):
        def send(self, *given: object) -> None:
            journal.jobs.retry(job)

    assert make_queue(RetriedAtTheEnd()).tick()
    assert journal.jobs.get(job).state is JobState.READY


def test_after_a_kill_the_delivery_goes_on(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    job = done("archive")
    claimed = journal.deliveries.claim("archive")
    assert claimed is not None
    journal.deliveries.note_sent(claimed.id, "1.1", "0000")
    script = Script()
    queue = make_queue(script)
    assert not queue.tick()
    journal.deliveries.recover()
    queue.tick()
    assert script.sent == [(job, {"1.1": "0000"})]


def test_destination_that_hangs_delays_no_other(
    journal: Journal, done: Done, make_queue: Callable[..., DeliveryQueue]
) -> None:
    jobs = [done("hangs", "works", study=f"1.{n}") for n in range(3)]
    hanging, release = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        assert release.wait(30)

    script = Script(notes=1, before_note=hang)
    loop = Loop("deliver hangs", make_queue(script, name="hangs").tick, 60.0)
    loop.start()
    try:
        assert hanging.wait(30)
        works = make_queue(Script(), name="works")
        while works.tick():
            pass
        states = {
            (each.destination, each.state)
            for job in jobs
            for each in journal.deliveries.of_job(job)
        }
        assert {state for name, state in states if name == "works"} == {DeliveryState.DELIVERED}
        assert len(script.sent) == 1
    finally:
        release.set()
        loop.stop()
        assert loop.join(30)


def test_deliveries_to_a_destination_taken_out_are_set_aside(journal: Journal, done: Done) -> None:
    job = done("archive", "gone")
    assert journal.deliveries.set_aside_unknown(["archive"]) == 1
    states = {each.destination: each.state for each in journal.deliveries.of_job(job)}
    assert states == {"archive": DeliveryState.PENDING, "gone": DeliveryState.FAILED}


def test_runs_on_the_clock_of_the_machine(
    journal: Journal, data: DataFolder, done: Done, tmp_path: Path
) -> None:
    job = done("archive")
    destination = FolderDestination(name="archive", kind="folder", path=tmp_path)
    queue = DeliveryQueue(destination, Script(), journal, data, SystemClock(), SilentMeter())
    queue.start()
    queue.tick()
    queue.close()
    assert journal.jobs.get(job).state is JobState.DELIVERED
