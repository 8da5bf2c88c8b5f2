"""scripts/audit says what it found, and never that all is well when nobody was asked."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "audit"
SKIPPED = "idna  Dependency not found on PyPI and could not be audited: idna (3.20)"


def _run(tmp_path: Path, says: str, status: int, *options: str) -> subprocess.CompletedProcess[str]:
    """The script with a pip-audit that says what we want."""
    fake = tmp_path / "pip-audit"
    fake.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\nexit {status}\n")
    fake.chmod(0o755)
    return subprocess.run(
        [SCRIPT, *options],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("says", "status", "loose", "strict", "told"),
    [
        ("No known vulnerabilities found", 0, 0, 0, "versions were looked up"),
        ("Found 2 known vulnerabilities in 1 package", 1, 1, 1, "Found 2 known"),
        (f"No known vulnerabilities found\n{SKIPPED}", 0, 0, 2, "NOT DONE for 1 of "),
        (f"Found 1 known vulnerability in 1 package\n{SKIPPED}", 1, 1, 1, "Found 1 known"),
        ("ERROR: connection refused", 1, 0, 2, "NOT DONE, the advisory service gave no answer"),
    ],
)
def test_verdict(
    tmp_path: Path, says: str, status: int, loose: int, strict: int, told: str
) -> None:
    done = _run(tmp_path, says, status)
    assert done.returncode == loose
    assert told in done.stdout + done.stderr
    assert _run(tmp_path, says, status, "--strict").returncode == strict


def test_missing_tool_is_told_with_the_cure(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/bash", SCRIPT], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install" in done.stderr
