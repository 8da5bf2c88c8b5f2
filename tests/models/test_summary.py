"""What `calciscope models` reads of evaluation.json: its lines, in both schema versions."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from calciscope.errors import ModelError
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


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"summary": 1}', b"\xff", b"[" * 10**5])
def test_one_that_is_not_whole_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "evaluation.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"evaluation\.json .*; install the model again"):
        evaluation_figures(SimpleNamespace(folder=tmp_path))  # type: ignore[arg-type]
