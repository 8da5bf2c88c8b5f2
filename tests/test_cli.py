"""The command line: help, refusals with one line and status 1, usage with status 2."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import calciscope
from calciscope.cli import app, main
from calciscope.phantom.dicom import write_ct_series
from calciscope.volume import Volume

RUNNER = CliRunner()


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit status of `calciscope ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["calciscope", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def one_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line]
    assert len(lines) == 1, text
    return lines[0]


def test_help_names_every_command() -> None:
    result = RUNNER.invoke(app, ["--help"])
    assert result.exit_code == 0
    for word in ("run", "demo", "models", "not a diagnosis"):
        assert word in result.output


def test_version() -> None:
    result = RUNNER.invoke(app, ["--version"])
    assert result.output.strip() == calciscope.__version__


def test_python_dash_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "calciscope", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == calciscope.__version__


def test_usage_errors_have_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "run") == 2
    assert call(monkeypatch, "run", "x", "-o", "y", "--no-such-option") == 2


def test_a_missing_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status = call(monkeypatch, "run", str(tmp_path / "nothing"), "-o", str(tmp_path / "out"))
    assert status == 1
    assert "does not exist" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_text_file_named_dcm_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fake = tmp_path / "fake.dcm"
    fake.write_text("not an image")
    assert call(monkeypatch, "run", str(fake), "-o", str(tmp_path / "out")) == 1
    message = one_line(capsys.readouterr().err)
    assert "fake.dcm" in message
    assert "not a DICOM file" in message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fake.dcm"]


def test_an_unknown_engine_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status = call(monkeypatch, "run", str(tmp_path), "-o", str(tmp_path / "o"), "--engine", "gpu")
    assert status == 1
    assert "choose auto, openvino, onnxruntime" in one_line(capsys.readouterr().err)


def test_a_one_slice_series_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = Volume.from_spacing(np.full((32, 32, 1), 40, np.int16), (1, 1, 2.5))
    write_ct_series(one, tmp_path / "study", uid_seed="one slice")
    assert call(monkeypatch, "run", str(tmp_path / "study"), "-o", str(tmp_path / "out")) == 1
    assert "slice" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_models_lists_the_shipped_one() -> None:
    result = RUNNER.invoke(app, ["models"])
    assert result.exit_code == 0
    assert "ct-calcification" in result.output
