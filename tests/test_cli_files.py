"""What the file system refuses: one clear sentence, status 1, and nothing half-written."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from calciscope.cli import main
from calciscope.phantom.dicom import write_ct_series
from calciscope.volume import Volume


@pytest.fixture
def limb() -> Volume:
    """Soft tissue, bone and noise that no compression shrinks."""
    rng = np.random.default_rng(0)
    array = rng.integers(-150, 150, (64, 64, 8)).astype(np.int16)
    array[:8] = -1000
    array[28:36, 28:36] = 900
    array[44:50, 30:36, 2:6] = 500
    return Volume.from_spacing(array, (1, 1, 2.5))


@pytest.fixture
def ct(tmp_path: Path, limb: Volume) -> Path:
    write_ct_series(limb, tmp_path / "ct", uid_seed="files")
    return tmp_path / "ct"


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """run(ARGUMENTS) is status and what went to the terminal as an error."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["calciscope", "run", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), capsys.readouterr().err.strip()

    return call


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, which the results do not fit on."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(run: Callable[..., tuple[int, str]], ct: Path, small_disk: Path) -> None:
    out = small_disk / "results" / "out"
    status, message = run(ct, "-o", out)
    assert status == 1
    reason = "(No space left on device); choose another folder with -o"
    assert message == f"calciscope: cannot write to {out} {reason}"
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("failing", [1, 2, 3, 4, 5])
def test_a_disk_that_fills_up_at_any_file(
    run: Callable[..., tuple[int, str]],
    ct: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
) -> None:
    """Three masks, the DICOM SEG, the report: each in turn is the one that does not fit."""
    opened: list[Path] = []
    plainly = Path.open

    def full(path: Path, mode: str = "r", *rest: object, **more: object) -> object:
        if "w" in mode and ".partial" in str(path):
            opened.append(path)
            if len(opened) == failing:
                raise OSError(28, os.strerror(28), str(path))
        return plainly(path, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", full)
    status, message = run(ct, "-o", tmp_path / "out")
    assert (status, len(opened)) == (1, failing)
    assert f"cannot write to {tmp_path / 'out'} (No space left on device)" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ct"]


def test_a_link_to_itself_as_output(
    run: Callable[..., tuple[int, str]], ct: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "out")
    status, message = run(ct, "-o", tmp_path / "out")
    assert status == 1
    assert message.endswith("out is a link that leads to itself; choose another folder with -o")


def test_memory_that_does_not_suffice(
    run: Callable[..., tuple[int, str]], ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("calciscope.pipeline.measure_study", full)
    status, message = run(ct, "-o", tmp_path / "out")
    assert (status, message.count("\n")) == (1, 0)
    assert "memory does not suffice; give a part of the study" in message
    assert not (tmp_path / "out").exists()


def test_an_unknown_series_is_told_those_that_are_there(
    run: Callable[..., tuple[int, str]], ct: Path, tmp_path: Path
) -> None:
    status, message = run(ct, "-o", tmp_path / "out", "--series", "1.2.3")
    uid = dcmread(next(ct.iterdir())).SeriesInstanceUID
    assert status == 1
    assert (
        f"does not hold the series 1.2.3; it holds {uid} (series 1 ('CT'), CT, 8 files)" in message
    )


def test_the_series_asked_for_is_analyzed(
    ct: Path, limb: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_ct_series(limb, ct / "sharp", uid_seed="files", series_number=2, kernel="BONE")
    uid = dcmread(paths[0]).SeriesInstanceUID
    arguments = ["calciscope", "run", str(ct), "-o", str(tmp_path / "out"), "--series", uid]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    findings = (tmp_path / "out" / "findings.json").read_text(encoding="utf-8")
    assert f'"series": "series 2 \'CT\' (CT, 8 files, {uid})"' in findings
    assert "another series was asked for" in findings
    assert gzip.decompress((tmp_path / "out" / "tissues.nii.gz").read_bytes())[:4] == b"\x5c\1\0\0"
