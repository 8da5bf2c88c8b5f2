"""The case report's phantom, analyzed once for all tests of a process."""

import json
from pathlib import Path
from typing import Any

import pytest

import calciscope
from calciscope.demo import write_twin_study
from calciscope.phantom.twin_dicom import LABS


@pytest.fixture(scope="session")
def twin_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The twin's study, analyzed once; the output folder and findings.json."""
    folder = tmp_path_factory.mktemp("twin")
    write_twin_study(folder / "study")
    calciscope.analyze(folder / "study", folder / "out", labs=folder / "study" / LABS)
    return folder, json.loads((folder / "out" / "findings.json").read_text())


def in_bf16(findings: dict[str, Any]) -> bool:
    """Whether the CT network computed in bf16; in 32 bits some rows of the twin have wider limits.

    Hot spots of the twin's plates are of 0.7 to 1.4 mL, around the least volume of 1 mL, and half
    in fat, half in muscle: a background or an outline a little different decides. Of the rods, one
    more that is named vascular tips the balance of the sides.
    """
    return str(findings["provenance"]["engine"]).endswith("bf16")
