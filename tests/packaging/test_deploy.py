"""The systemd unit and the Dockerfile: as far as they can be checked without installing them."""

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from calciscope.service.daemon import WATCHDOG_SECONDS
from calciscope.service.parts import GRACE_SECONDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "inference" / "deploy"
UNIT = DEPLOY / "calciscope.service"


def _unit() -> RawConfigParser:
    # A key may come twice, as SystemCallFilter does.
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    path = tmp_path / "calciscope.service"
    path.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_unit_starts_what_the_program_offers() -> None:
    service = _unit()["Service"]
    assert service["ExecStart"].endswith("calciscope watch --config /etc/calciscope/watch.yaml")
    assert service["Restart"] == "always"
    assert service["NoNewPrivileges"] == "yes"
    # The program notifies (see daemon.py); systemd waits for longer than the service needs.
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > GRACE_SECONDS + 3 * WATCHDOG_SECONDS
    assert int(service["TimeoutStopSec"]) >= 2 * GRACE_SECONDS


def test_unit_and_settings_name_the_same_folders() -> None:
    text = UNIT.read_text(encoding="utf-8")
    settings = (ROOT / "configs" / "watch.yaml").read_text(encoding="utf-8")
    assert "data: /var/lib/calciscope\n" in settings
    assert "StateDirectory=calciscope\n" in text
    assert "path: /srv/calciscope/in\n" in settings
    assert "ReadWritePaths=-/srv/calciscope\n" in text


def test_image_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    admitted = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert len(copied) >= 6
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"\n!{name}\n" in admitted, name
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
