"""What `calciscope models` reads of evaluation.json: its lines, in both schema versions."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from calciscope.models.summary import evaluation_figures


@pytest.mark.parametrize("version", [1, 2])
def test_the_lines_of_both_versions(tmp_path: Path, version: int) -> None:
    record = {"schema_version": version, "summary": ["phantoms (synthetic)", "  network: 0.75"]}
    (tmp_path / "evaluation.json").write_text(json.dumps(record))
    model = SimpleNamespace(folder=tmp_path)
    assert evaluation_figures(model) == record["summary"]  # type: ignore[arg-type]


def test_a_model_without_one(tmp_path: Path) -> None:
    model = SimpleNamespace(folder=tmp_path)
    assert evaluation_figures(model) == ["not evaluated"]  # type: ignore[arg-type]
