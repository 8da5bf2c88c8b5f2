"""docs/input.md points at tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "input.md").read_text(encoding="utf-8")


def test_every_row_names_tests_that_exist() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and "**" not in line]
    assert len(rows) > 35
    for row in rows[1:]:
        names = re.findall(r"`([\w/]+\.py)`", row.split("|")[-2])
        assert names, row
        for name in names:
            place = ROOT / name if "/" in name else ROOT / "tests" / "readers" / name
            assert place.is_file(), name
