"""What a journal that is gone knew is kept: it may be all that is left of a study."""

from pathlib import Path

import pytest
from tests.service.conftest import HandClock

from calciscope.errors import ServiceError
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance
from calciscope.service.operations.audit import AuditLog
from calciscope.service.operations.cleaner import Cleaner
from calciscope.service.operations.stores import Stores
from calciscope.service.parts import Parts
from calciscope.service.settings.house import Retention
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.work.runners import STUDY_RUNNER


def _settings(data: DataFolder) -> ServiceSettings:
    return ServiceSettings.model_validate(
        {
            "data": data.root,
            "intake": {"folders": [{"path": data.root.parent / "in"}]},
            "rules": [{"name": "legs", "ignore": True}],
            "status_page": None,
        }
    )


def _begin(data: DataFolder, clock: HandClock) -> None:
    """The service is made, its audit log follows the journal, and it ends before it starts."""
    parts = Parts(_settings(data), data, clock, STUDY_RUNNER)
    parts._trail.tick()
    parts.stop()


def _fill(data: DataFolder, clock: HandClock, study: str) -> tuple[Path, Path]:
    """A study arrives and has a result."""
    journal = Journal(data.journal, clock)
    file = data.instance(f"ab/{study}.dcm")
    file.parent.mkdir(exist_ok=True)
    file.write_text(study)
    new = NewInstance(f"{study}.1", f"{study}.0", study, f"ab/{study}.dcm", 10, study, "folder 0")
    (registered,) = journal.arrivals.register([new])
    result = data.result(registered.job_id)
    result.mkdir()
    (result / "report.html").write_text(study)
    journal.close()
    return file, result


def _former(data: DataFolder) -> list[Path]:
    return [path for path in data.root.iterdir() if path.name.startswith("former-")]


@pytest.mark.parametrize("emptied", [False, True])
def test_house_of_a_journal_that_is_gone_is_set_aside_and_never_cleaned(
    data: DataFolder, clock: HandClock, emptied: bool
) -> None:
    _begin(data, clock)
    file, result = _fill(data, clock, "1.1")
    _begin(data, clock)
    assert file.exists() and result.exists() and not _former(data)
    data.journal.unlink()
    if emptied:
        data.journal.touch()
    _begin(data, clock)
    (former,) = _former(data)
    assert former.name.startswith("former-20270115-080000-")
    assert former.stat().st_mode & 0o777 == 0o700
    assert not file.exists() and not result.exists()
    journal = Journal(data.journal, clock)
    cleaner = Cleaner(Retention(), journal, data, clock, lambda: 0)
    for _ in range(3):
        cleaner.tick()
        clock.advance(5_000)
    assert (former / "instances/ab/1.1.dcm").read_text() == "1.1"
    assert (former / "results/00000001/report.html").read_text() == "1.1"
    journal.close()
    log = AuditLog(data.audit)
    assert "stores_set_aside" in data.audit.read_text()
    log.close()
    _begin(data, clock)
    assert _former(data) == [former]


def test_only_what_a_journal_put_back_does_not_know_is_set_aside(
    data: DataFolder, clock: HandClock
) -> None:
    known = _fill(data, clock, "1.1")
    copy = data.root.parent / "copy.sqlite"
    journal = Journal(data.journal, clock)
    journal.database.connection().execute(f"VACUUM INTO '{copy}'")
    journal.close()
    lost = _fill(data, clock, "1.2")
    _begin(data, clock)
    copy.replace(data.journal)
    _begin(data, clock)
    (former,) = _former(data)
    assert [path.exists() for path in (*known, *lost)] == [True, True, False, False]
    assert (former / "instances/ab/1.2.dcm").exists()
    assert (former / "results/00000002").exists()


def test_killed_before_the_log_follows_the_journal_is_done_at_the_next_start(
    data: DataFolder, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _begin(data, clock)
    file, _ = _fill(data, clock, "1.1")
    data.journal.unlink()

    def killed(self: Stores, now: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Stores, "set_aside", killed)
        _begin(data, clock)
    assert file.exists()
    _begin(data, clock)
    assert not file.exists()
    assert len(_former(data)) == 1


def test_empty_stores_make_no_folder(data: DataFolder, clock: HandClock) -> None:
    data.instance("ab").mkdir()
    _begin(data, clock)
    data.journal.unlink()
    _begin(data, clock)
    assert _former(data) == []


def test_stores_that_cannot_be_moved_are_told(
    data: DataFolder, journal: Journal, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.instance("loose.dcm").write_text("")

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("calciscope.service.data_folder.tempfile.mkdtemp", full)
    with pytest.raises(ServiceError, match=r"cannot be moved from .* \(No space left on device\)"):
        Stores(data, journal).set_aside(clock.now())
    assert data.instance("loose.dcm").exists()
