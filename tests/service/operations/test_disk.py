"""The intake stops before the disk is full, and goes on with room to spare."""

from pathlib import Path

import pytest

from calciscope.service.operations.disk import GIB, DiskGate, Space, space
from calciscope.service.settings.house import Disk

MARKS = Disk(stop_gib=5, resume_gib=10)


class Meter:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def stage(self, name: str, seconds: float) -> None: ...
    def received(self, way: str, instances: int, duplicates: int) -> None: ...
    def sent(self, destination: str, seconds: float) -> None: ...
    def failed(self, where: str, code: str) -> None:
        self.told.append((where, code))


def _free_gib(*values: float) -> list[Space]:
    return [Space(int(value * GIB), None) for value in values]


def test_marks_have_room_between_them() -> None:
    meter = Meter()
    values = iter(_free_gib(5, 4.99, 7, 9.99, 10, 7, 4))
    gate = DiskGate(MARKS, Path(), meter, lambda _: next(values))
    closed = [bool(gate.closed)]
    for _ in range(6):
        gate.tick()
        closed.append(bool(gate.closed))
    assert closed == [False, True, True, True, False, False, True]
    assert meter.told == [("disk", "low")] * 2
    assert gate.closed.startswith("4.0 GiB are free")
    assert "until there are 10" in gate.closed


def test_no_more_files_stops_the_intake_too() -> None:
    gate = DiskGate(MARKS, Path(), look=lambda _: Space(100 * GIB, 9_999))
    assert "only 9999 more files" in gate.closed


def test_disk_that_cannot_be_looked_at_stops_the_intake(tmp_path: Path) -> None:
    meter = Meter()
    gate = DiskGate(MARKS, tmp_path / "absent", meter)
    assert "ENOENT" in gate.closed
    assert meter.told == [("disk", "unreadable")]


def test_space_of_this_disk(tmp_path: Path) -> None:
    assert space(tmp_path).free_bytes > 0
    assert DiskGate(Disk(stop_gib=0, resume_gib=0), tmp_path).closed == ""


def test_marks_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="resume_gib must not be below"):
        Disk(stop_gib=5, resume_gib=4)
