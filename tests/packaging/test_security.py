"""Each test that inference/SECURITY.md names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "inference" / "SECURITY.md").read_text(encoding="utf-8")


def _named() -> list[tuple[str, str]]:
    """File and function of each test; a function belongs to the file named before it."""
    found, file = [], ""
    for path, function in re.findall(r"([\w./]+\.py)|`(test_\w+)`", TEXT):
        file = path or file
        found.append((file, function))
    return found


@pytest.mark.parametrize(("file", "function"), _named())
def test_named_test_is_there(file: str, function: str) -> None:
    text = (ROOT / "tests" / "service" / file).read_text(encoding="utf-8")
    assert not function or f"def {function}(" in text


def test_every_threat_names_a_test() -> None:
    rows = TEXT.split("## Threats, measures, tests")[1].split("## What is left")[0]
    threats = [line for line in rows.splitlines() if line.startswith("| ")][1:]
    assert len(threats) > 25
    assert [line for line in threats if ".py" not in line] == []
