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
