"""What `calciscope watch --check` finds missing before the service is started."""

import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from calciscope.cli import app


@pytest.fixture
def record(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "in").mkdir()
    return {
        "data": "data",
        "intake": {"folders": [{"path": "in"}]},
        "rules": [{"name": "all"}],
    }


def _checked(tmp_path: Path, record: dict[str, object]) -> tuple[int, str]:
    path = tmp_path / "watch.yaml"
    path.write_text(yaml.safe_dump(record))
    result = CliRunner().invoke(app, ["watch", "--check", "--config", str(path)])
    return result.exit_code, result.output


def test_what_is_all_there(tmp_path: Path, record: dict[str, object]) -> None:
    assert _checked(tmp_path, record) == (0, f"{tmp_path / 'watch.yaml'}: sound\n")
    assert not (tmp_path / "data").exists()


def test_folders_that_cannot_be_written_to(
    tmp_path: Path, record: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("out", "house"):
        (tmp_path / name).mkdir()
    # root, as whom tests may run, can write everywhere.
    closed = {tmp_path / "out", tmp_path / "house"}
    monkeypatch.setattr(os, "access", lambda path, mode: path not in closed)
    record["destinations"] = [{"name": "share", "kind": "folder", "path": "out"}]
    record["data"] = "house/data"
    status, told = _checked(tmp_path, record)
    assert status == 1
    assert told.count("but missing here: ") == 2
    assert "house; give it to" in told
    assert "let the service write there" in told


def test_everything_that_is_missing_is_told_at_once(
    tmp_path: Path, record: dict[str, object]
) -> None:
    (tmp_path / "in").rmdir()
    (tmp_path / "salt").write_text("x" * 64)
    (tmp_path / "salt").chmod(0o644)
    absent = {"certificate": "absent.pem", "key": "absent.key", "authorities": "absent.ca"}
    record["rules"] = [{"name": "all", "model": "9.9.9"}]
    record["intake"] = {
        "folders": [{"path": "in"}],
        "receiver": {"peers": [{"ae_title": "ARCHIVE"}], "tls": absent},
    }
    record["destinations"] = [
        {"name": "web", "kind": "dicomweb", "url": "https://a.example", "token_file": "web.token"},
        {"name": "share", "kind": "folder", "path": "out"},
    ]
    (tmp_path / "file").write_text("")
    record["data"] = "file/data"
    record["notifications"] = [{"url": "https://b.example", "secret_file": "hook.key"}]
    record["status_page"] = {"token_file": "page.token"}
    record["logging"] = {"salt_file": "salt"}
    status, told = _checked(tmp_path, record)
    assert status == 1
    wanted = ["9.9.9 is not in", "watched folder", "folder of results", "data folder",
              "absent.key", "web.token", "hook.key",
              "page.token", "run: chmod 600"]  # fmt: skip
    assert [each for each in wanted if each not in told] == []
    assert told.count("but missing here: ") == len(wanted)
