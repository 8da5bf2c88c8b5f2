"""What `calciscope watch --check` finds missing before the service is started."""

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
        {"name": "web", "kind": "dicomweb", "url": "https://a.example", "token_file": "web.token"}
    ]
    record["notifications"] = [{"url": "https://b.example", "secret_file": "hook.key"}]
    record["status_page"] = {"token_file": "page.token"}
    record["logging"] = {"salt_file": "salt"}
    status, told = _checked(tmp_path, record)
    assert status == 1
    wanted = ["9.9.9 is not in", "make or mount it", "absent.key", "web.token", "hook.key",
              "page.token", "run: chmod 600"]  # fmt: skip
    assert [each for each in wanted if each not in told] == []
    assert told.count("but missing here: ") == len(wanted)
