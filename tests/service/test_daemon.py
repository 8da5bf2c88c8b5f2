"""The service as a process, with a stand-in for the analysis."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from tests.service.kills.studies import SmallStudy, small_study
from tests.service.start import start_service
from typer.testing import CliRunner

from calciscope.cli import app, main
from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.operations.audit import verify
from calciscope.service.operator import Operator

SECONDS = 180.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings of a quick service with an inbox and a share."""
    for name in ("inbox", "share"):
        (tmp_path / name).mkdir()
    path = tmp_path / "watch.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "data": "data",
                "intake": {
                    "folders": [{"path": "inbox", "scan_seconds": 0.2, "stable_seconds": 0.1}]
                },
                "completeness": {"quiet_seconds": 0.5, "counted_seconds": 0.1},
                "rules": [{"name": "all", "destinations": ["share"]}],
                "destinations": [{"name": "share", "kind": "folder", "path": "share"}],
                "disk": {"stop_gib": 0, "resume_gib": 0},
                "status_page": None,
            }
        )
    )
    return path


@contextmanager
def _running(config: Path) -> Iterator[subprocess.Popen[str]]:
    """A service that is stopped in the end, and must stop in order."""
    service = start_service(config, stderr=subprocess.PIPE)
    try:
        yield service
    finally:
        service.send_signal(signal.SIGTERM)
        told = service.communicate(timeout=SECONDS)[1]
    assert service.returncode == 0, told


def _wait(fits: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not fits():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def _states(config: Path) -> list[str]:
    journal = DataFolder(config.parent / "data").journal
    if not journal.exists():
        return []
    look = sqlite3.connect(journal, timeout=10)
    try:
        return [row[0] for row in look.execute("SELECT state FROM jobs ORDER BY id")]
    except sqlite3.OperationalError:
        return []
    finally:
        look.close()


def _send(config: Path, study: SmallStudy) -> None:
    study.write(config.parent / "inbox" / "study")


def _slices(folder: Path) -> list[str]:
    """Names of DICOM files below a folder; rglob does not bear that folders go away meanwhile."""
    return [n for _, _, names in os.walk(folder) for n in names if n.endswith(".dcm")]


def _told(*words: str) -> str:
    result = CliRunner().invoke(app, ["jobs", *words])
    assert result.exit_code == 0, (result.output, result.exception)
    return " ".join(result.output.split())


@pytest.mark.slow
def test_study_goes_through_the_service_and_people_see_it(config: Path) -> None:
    study = small_study(4)
    with _running(config):
        _send(config, study)
        _wait(lambda: _states(config) == ["delivered"])
        assert "delivered" in _told("list", "--config", str(config))
        shown = _told("show", "1", "--config", str(config))
        assert "revision 1 of study" in shown
        assert "To share: delivered" in shown
        assert "Kill" not in shown
        (result,) = (config.parent / "share").iterdir()
        assert (result / "findings.json").is_file()
        # The same study again changes nothing; sent again by hand, it is there once all the same.
        _send(config, study)
        _wait(lambda: not _slices(config.parent / "inbox"))
        _told("retry", "1", "--config", str(config))
        _wait(lambda: _states(config) == ["delivered"])
        assert _states(config) == ["delivered"]
        assert list((config.parent / "share").iterdir()) == [result]
        _told("forget", "1", "--yes", "--config", str(config))
        assert _states(config) == []
    data = DataFolder(config.parent / "data")
    verdict = verify(data.audit)
    assert verdict.problem == ""
    lines = data.audit.read_text()
    assert '"forgotten"' in lines
    assert lines.rstrip().splitlines()[-1].count("service_stopped") == 1
    assert study.uid not in lines


@pytest.mark.slow
def test_refused_study_says_why_and_can_be_retried(config: Path) -> None:
    with _running(config):
        _send(config, small_study(3, poison=True))
        _wait(lambda: _states(config) == ["refused"])
        assert "this is what the test wants" in _told("show", "1", "--config", str(config))
        _told("retry", "1", "--config", str(config))
        journal = DataFolder(config.parent / "data").journal
        look = sqlite3.connect(journal, timeout=10)
        refusals = "SELECT count(*) FROM transitions WHERE after = 'refused'"
        _wait(lambda: look.execute(refusals).fetchone()[0] == 2)
        look.close()


@pytest.mark.slow
def test_second_service_on_the_folder_refuses(config: Path) -> None:
    with _running(config):
        _wait(lambda: DataFolder(config.parent / "data").journal.exists())
        second = start_service(config, stderr=subprocess.PIPE)
        told = second.communicate(timeout=SECONDS)[1]
        assert second.returncode == 1
        assert "another service (process" in told
        assert "give this one a data folder of its own" in told


def test_damaged_journal_is_refused_with_the_cure(config: Path) -> None:
    data = DataFolder(config.parent / "data")
    data.make()
    data.journal.write_bytes(b"\x00\xff" * 5000)
    service = start_service(config, stderr=subprocess.PIPE)
    told = service.communicate(timeout=SECONDS)[1]
    assert service.returncode == 1
    assert "is damaged" in told
    assert "move it away" in told
    assert "former-..." in told


@pytest.mark.parametrize("part", ["status_page", "receiver"])
def test_port_that_is_taken_is_told_and_nothing_goes_on(config: Path, part: str) -> None:
    settings = yaml.safe_load(config.read_text())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        if part == "receiver":
            settings["intake"]["receiver"] = {"port": port, "peers": [{"ae_title": "ARCHIVE"}]}
        else:
            settings["status_page"] = {"port": port}
        config.write_text(yaml.safe_dump(settings))
        service = start_service(config, stderr=subprocess.PIPE)
        try:
            told = service.communicate(timeout=SECONDS)[1]
        finally:
            service.kill()
    assert service.returncode == 1
    assert f"port {port} (Address already in use" in told


def test_journal_that_cannot_be_written_is_told_in_one_line(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = DataFolder(config.parent / "data")
    data.make()
    Journal(data.journal).close()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Operator, "retry", full)
    monkeypatch.setattr(sys, "argv", ["calciscope", "jobs", "retry", "1", "--config", str(config)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "(database or disk is full); look at the disk" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["show", "9" * 20], ["list", "--limit", "9" * 20]])
def test_number_beyond_all_counting_is_told(config: Path, words: list[str]) -> None:
    result = CliRunner().invoke(app, ["jobs", *words, "--config", str(config)])
    assert result.exit_code == 2
    assert "Invalid value for" in result.output


def test_jobs_of_a_service_that_never_ran(config: Path) -> None:
    result = CliRunner().invoke(app, ["jobs", "list", "--config", str(config)])
    assert result.exit_code == 1
    assert "start calciscope watch first" in str(result.exception)
    assert not (config.parent / "data").exists()


def test_unknown_state_lists_the_known_ones(config: Path) -> None:
    with _running(config):
        _wait(lambda: DataFolder(config.parent / "data").journal.exists())
        result = CliRunner().invoke(
            app, ["jobs", "list", "--state", "lost", "--config", str(config)]
        )
    assert "choose of intake, waiting, ready" in str(result.exception)
