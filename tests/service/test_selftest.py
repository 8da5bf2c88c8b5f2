"""The self-test: it goes well where all is well, and says what is wrong where it is not."""

import json
from pathlib import Path

import pytest
from tests.service.work.stand_in import OBEDIENT

from calciscope.errors import CalciscopeError, OutputError, ServiceError
from calciscope.service import selftest
from calciscope.service.selftest import run_selftest
from calciscope.service.selftest_phantom import DEPOSIT_VOLUME_MM3, limb

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes find the stand-ins."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'inference'}")


def result_of(folder: Path, *volumes_mm3: float) -> Path:
    """Findings with lesions of these volumes."""
    (folder / "dicom").mkdir(parents=True)
    lesions = [{"volume_mm3": volume} for volume in volumes_mm3]
    (folder / "findings.json").write_text(json.dumps({"ct": {"lesions": lesions}}))
    return folder


def test_a_phantom_comes_through_the_whole_path(tmp_path: Path) -> None:
    lines = run_selftest(None, tmp_path / "out", OBEDIENT)
    assert "40 instances were taken in, found whole, analyzed and delivered." in lines
    assert "went well" in lines[-1]
    assert json.loads((tmp_path / "out" / "findings.json").read_text())["files"] == 40


def test_what_is_there_already_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(OutputError, match="is not empty"):
        run_selftest(None, tmp_path, OBEDIENT)


def test_a_worker_that_cannot_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(CalciscopeError, match="is not here; install it"):
        run_selftest(None, None, "tests.service.work.stand_in:Broken")


def test_a_full_disk_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="the disk is full"):
        run_selftest(None, None, "tests.service.work.stand_in:NoRoom")


def test_the_deposit_must_be_found_as_large_as_it_is(tmp_path: Path) -> None:
    right = result_of(tmp_path / "right", DEPOSIT_VOLUME_MM3 * 1.05)
    assert "was measured" in selftest._judged(right)
    for number, volumes in enumerate(([], [DEPOSIT_VOLUME_MM3 * 1.2], [DEPOSIT_VOLUME_MM3] * 2)):
        with pytest.raises(ServiceError, match="do not use this installation"):
            selftest._judged(result_of(tmp_path / str(number), *volumes))


def test_the_phantom_holds_what_it_says() -> None:
    volume = limb()
    voxel_mm3 = float(volume.voxel_volume_mm3)
    dense = (volume.array == 500).sum() * voxel_mm3
    assert dense == pytest.approx(DEPOSIT_VOLUME_MM3, rel=0.03)


@pytest.mark.slow
def test_the_real_analysis_finds_the_deposit() -> None:
    lines = run_selftest()
    assert any("was measured" in line for line in lines)
