"""`calciscope compare` and `calciscope.compare`: files, refusals, exit status."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import calciscope
from calciscope.cli import main
from calciscope.errors import InputError, OutputError
from calciscope.followup.time_point import TimePoint
from calciscope.locations import Laterality
from calciscope.phantom.dicom import write_ct_series
from calciscope.volume import Volume

LEFT = Laterality.LEFT
Dates = tuple[Path, Path]


@pytest.fixture
def dates(
    make_point: Callable[..., TimePoint],
    ball: Callable[..., Any],
    write_results: Callable[[TimePoint, Path], Path],
    tmp_path: Path,
) -> Dates:
    """Results of two dates, 40 mg and 60 mg."""
    earlier = make_point([ball(LEFT, (10, 30, 120), 40.0)], date="2025-01-01")
    later = make_point([ball(LEFT, (10, 30, 120), 60.0)], date="2026-01-01")
    return write_results(earlier, tmp_path / "jan"), write_results(later, tmp_path / "feb")


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit status of `calciscope ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["calciscope", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_the_command_writes_both_files(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dates: Dates,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    assert call(monkeypatch, "compare", str(dates[0]), str(dates[1]), "-o", str(out)) == 0
    assert sorted(path.name for path in out.iterdir()) == ["comparison.html", "comparison.json"]
    document = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert document["counts"]["grown"] == 1
    assert document["days_between"] == 365
    said = capsys.readouterr().out
    assert "40 mg, then 60 mg (+50 %, progression, beyond the measurement error" in said
    assert "Research use, not a diagnosis." in said
    before = (out / "comparison.json").read_bytes()
    assert call(monkeypatch, "compare", str(dates[0]), str(dates[1]), "-o", str(out)) == 1
    assert "--force" in capsys.readouterr().err
    assert (
        call(monkeypatch, "compare", str(dates[0]), str(dates[0]), "-o", str(out), "--force") == 0
    )
    assert (out / "comparison.json").read_bytes() != before


def test_the_wrong_order_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dates: Dates,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    assert call(monkeypatch, "compare", str(dates[1]), str(dates[0]), "-o", str(out)) == 1
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert "2026-01-01" in error
    assert "2025-01-01" in error
    assert not out.exists()


def test_from_python_nothing_is_written_without_an_output(dates: Dates, tmp_path: Path) -> None:
    comparison = calciscope.compare(*dates)
    assert comparison.totals[0].change_percent == pytest.approx(50.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feb", "jan"]


def test_what_is_compared_is_never_replaced(dates: Dates, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"jan lies in .* choose another folder"):
        calciscope.compare(*dates, tmp_path, force=True)
    with pytest.raises(OutputError, match="choose another folder"):
        calciscope.compare(*dates, dates[0], force=True)
    assert (dates[0] / "findings.json").is_file()


def test_results_of_a_run_are_never_mixed_with_a_comparison(dates: Dates, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "findings.json").write_text("{}")
    with pytest.raises(OutputError, match="results of other work"):
        calciscope.compare(*dates, other, force=True)


def test_what_does_not_exist_is_refused_before_the_work(dates: Dates, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist; give a study, or a folder"):
        calciscope.compare(dates[0], tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_study_beside_results_of_another_model_is_refused_before_the_work(
    make_point: Callable[..., TimePoint],
    write_results: Callable[[TimePoint, Path], Path],
    tmp_path: Path,
) -> None:
    folder = write_results(make_point(z_mm=(90.0, 150.0), version="0.0.9"), tmp_path / "old")
    study = tmp_path / "study"
    ct = Volume.from_spacing(np.full((16, 16, 4), 40, np.int16), (2, 2, 3))
    write_ct_series(ct, study, uid_seed="a study")
    with pytest.raises(InputError, match=r"old was analyzed by ct-calcification 0\.0\.9 .*--model"):
        calciscope.compare(folder, study, tmp_path / "out", engine="onnxruntime", precision="fp32")
    assert not (tmp_path / "out").exists()
