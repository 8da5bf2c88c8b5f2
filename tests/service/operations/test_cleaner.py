"""Retention and cleaning: what is needed stays, whatever happens at the same time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service.conftest import HandClock

from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.operations import cleaner as module
from calciscope.service.operations.cleaner import DAY_SECONDS, START_SECONDS, Cleaner
from calciscope.service.settings.house import Retention

Arrive = Callable[..., int]
HOUR = 3_600.0


@pytest.fixture
def cleaner(journal: Journal, data: DataFolder, clock: HandClock) -> Iterator[Cleaner]:
    keep = Retention(inputs_days=3, results_days=30, records_days=365)
    yield Cleaner(keep, journal, data, clock, journal.jobs.last_transition)


@pytest.fixture
def store(arrive: Arrive, data: DataFolder) -> Callable[[str], Path]:
    """One instance of a study, on disk and in the journal."""

    def keep(study: str) -> Path:
        path = data.instance(f"ab/{study}.dcm")
        path.parent.mkdir(exist_ok=True)
        path.write_text(study)
        arrive(study=study, instance=f"{study}.1", file=f"ab/{study}.dcm")
        return path

    return keep


def _deliver(journal: Journal, data: DataFolder, job_id: int) -> Path:
    journal.jobs.take(job_id, "legs", 0)
    assert journal.jobs.make_ready(job_id, journal.jobs.get(job_id).instances)
    assert journal.jobs.claim() is not None
    data.result(job_id).mkdir()
    (data.result(job_id) / "report.html").write_text("report")
    journal.jobs.finish(job_id, "key", [])
    return data.result(job_id)


def _rounds(cleaner: Cleaner, clock: HandClock) -> None:
    """Two rounds with more than an hour between them."""
    cleaner.tick()
    clock.advance(HOUR + 1)
    cleaner.tick()


def test_inputs_results_and_records_go_in_their_time(
    cleaner: Cleaner, journal: Journal, data: DataFolder, clock: HandClock,
    store: Callable[[str], Path],
) -> None:  # fmt: skip
    closed, waiting = store("1.1"), store("1.2")
    result = _deliver(journal, data, 1)
    _rounds(cleaner, clock)
    assert closed.exists()
    clock.advance(3 * DAY_SECONDS)
    _rounds(cleaner, clock)
    assert [path.exists() for path in (closed, waiting, result)] == [False, True, True]
    clock.advance(27 * DAY_SECONDS)
    _rounds(cleaner, clock)
    assert not result.exists()
    assert [job.study_uid for job in journal.jobs.listed()] == ["1.2", "1.1"]
    clock.advance(335 * DAY_SECONDS)
    _rounds(cleaner, clock)
    assert [job.study_uid for job in journal.jobs.listed()] == ["1.2"]
    assert waiting.exists()
    assert list(data.work.iterdir()) == []


def test_transitions_stay_until_the_audit_log_has_them(
    journal: Journal, data: DataFolder, clock: HandClock, arrive: Arrive
) -> None:
    audited = [0]
    cleaner = Cleaner(Retention(), journal, data, clock, lambda: audited[0])
    journal.removal.forget(arrive())
    clock.advance(366 * DAY_SECONDS)
    cleaner.tick()
    assert len(journal.jobs.transitions_after(0)) == 2
    audited[0] = journal.jobs.last_transition()
    cleaner.tick()
    assert journal.jobs.transitions_after(0) == []


def test_files_of_a_forgotten_study_go(
    cleaner: Cleaner, journal: Journal, data: DataFolder, clock: HandClock,
    store: Callable[[str], Path],
) -> None:  # fmt: skip
    kept, path = store("1.2"), store("1.1")
    result = _deliver(journal, data, 2)
    journal.removal.forget(2)
    _rounds(cleaner, clock)
    assert [each.exists() for each in (kept, path, result)] == [True, False, False]


def test_what_a_kill_left_behind_goes_and_work_at_hand_stays(
    cleaner: Cleaner, journal: Journal, data: DataFolder, clock: HandClock, arrive: Arrive
) -> None:
    for study in ("1.1", "1.2"):
        job = arrive(study=study, instance=f"{study}.1")
        journal.jobs.take(job, "legs", 0)
        journal.jobs.make_ready(job, 1)
    journal.jobs.claim()
    gone = [data.incoming / "x.part", data.work / "2-1", data.results / "00000009"]
    gone += [data.work / "removed-1", data.instances / "cd"]
    stay = [data.work / "1-1", data.work / "00000001-2", data.results / "00000002"]
    for path in gone[:-1] + stay:
        path.mkdir()
    gone[-1].write_text("a loose file")
    _rounds(cleaner, clock)
    assert [path.exists() for path in gone] == [False] * len(gone)
    assert [path.exists() for path in stay] == [True] * len(stay)


def test_nothing_goes_before_its_hour(cleaner: Cleaner, data: DataFolder, clock: HandClock) -> None:
    path = data.incoming / "x.part"
    path.write_text("")
    cleaner.tick()
    clock.advance(HOUR - 1)
    cleaner.tick()
    assert path.exists()


def test_instance_registered_at_the_last_moment_stays(
    cleaner: Cleaner, data: DataFolder, clock: HandClock, arrive: Arrive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = data.instance("late.dcm")
    path.write_text("late")
    cleaner.tick()
    clock.advance(HOUR + 1)
    look = cleaner._stores.unknown_instances

    def look_then_register() -> set[Path]:
        found = look()
        arrive(file="late.dcm")
        return found

    monkeypatch.setattr(cleaner._stores, "unknown_instances", look_then_register)
    cleaner.tick()
    assert path.exists()


def test_clock_years_ahead_does_not_empty_the_house(
    cleaner: Cleaner, journal: Journal, data: DataFolder, clock: HandClock,
    store: Callable[[str], Path],
) -> None:  # fmt: skip
    path = store("1.1")
    result = _deliver(journal, data, 1)
    right = clock.now()
    clock.set_wall(right + 10 * 365 * DAY_SECONDS)
    _rounds(cleaner, clock)
    clock.set_wall(right + HOUR)
    _rounds(cleaner, clock)
    assert path.exists()
    assert result.exists()
    assert len(journal.jobs.listed()) == 1
    # A day later dates are believed again.
    clock.advance(4 * DAY_SECONDS)
    _rounds(cleaner, clock)
    assert not path.exists()


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("days_ahead", [5, 2 * 365])
def test_clock_that_is_ahead_at_boot_does_not_empty_the_house(
    journal: Journal, data: DataFolder, clock: HandClock, arrive: Arrive,
    store: Callable[[str], Path], days_ahead: int, arrives: bool,
) -> None:  # fmt: skip
    path = store("1.1")
    _deliver(journal, data, 1)
    right = clock.now()
    for _ in range(2):  # started twice before the network tells the time
        clock.set_wall(right + days_ahead * DAY_SECONDS)
        cleaner = Cleaner(Retention(), journal, data, clock, journal.jobs.last_transition)
        if arrives:
            arrive(study="1.2", instance="1.2.1")
        _rounds(cleaner, clock)
    clock.set_wall(right + 2 * HOUR)
    _rounds(cleaner, clock)
    clock.advance(START_SECONDS)
    _rounds(cleaner, clock)
    assert path.exists()
    assert journal.jobs.get(1).study_uid == "1.1"


def test_clock_that_stays_far_ahead_of_the_last_change_is_not_believed_for_a_day(
    journal: Journal, data: DataFolder, clock: HandClock, store: Callable[[str], Path],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    path = store("1.1")
    _deliver(journal, data, 1)
    clock.advance(8 * DAY_SECONDS)
    cleaner = Cleaner(Retention(), journal, data, clock, journal.jobs.last_transition)
    assert "nothing has happened for 8 days" in caplog.text
    clock.advance(START_SECONDS)
    _rounds(cleaner, clock)
    assert path.exists()
    clock.advance(DAY_SECONDS)
    _rounds(cleaner, clock)
    assert not path.exists()


def test_leftover_that_cannot_be_removed_does_not_hold_others(
    cleaner: Cleaner, data: DataFolder, clock: HandClock, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    paths = [data.incoming / name for name in ("a", "b")]
    for path in paths:
        path.write_text("")
    failing = [True]

    def remove(path: Path) -> None:
        if failing.pop() if failing else False:
            raise PermissionError(13, "Permission denied")
        path.unlink()

    monkeypatch.setattr(module, "remove", remove)
    _rounds(cleaner, clock)
    assert "a leftover cannot be removed" in caplog.text
    assert len(list(data.work.iterdir())) == 1
    _rounds(cleaner, clock)
    assert list(data.work.iterdir()) == list(data.incoming.iterdir()) == []
