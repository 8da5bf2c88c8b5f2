"""A clock of our own, a journal that runs by it, and a data folder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from calciscope.service.data_folder import DataFolder
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import NewInstance


@dataclass
class HandClock:
    """Stands still until it is moved."""

    wall: float = 1_800_000_000.0
    steady: float = 1_000.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        """Let time go by on both clocks."""
        self.wall += seconds
        self.steady += seconds

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.wall = seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


@pytest.fixture
def journal(tmp_path: Path, clock: HandClock) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite", clock)
    yield opened
    opened.close()


@pytest.fixture
def arrive(journal: Journal) -> Callable[..., int]:
    """Writes one instance down and gives its job."""

    def register(study: str = "1.2.3", instance: str = "1.2.3.1.1", **values: object) -> int:
        new = NewInstance(
            sop_uid=instance,
            series_uid=str(values.pop("series_uid", f"{study}.1")),
            study_uid=study,
            file=str(values.pop("file", f"{instance}.dcm")),
            size=10,
            digest=str(values.pop("digest", instance)),
            source="folder 0",
            attributes={"Modality": "CT"},
            **values,  # type: ignore[arg-type]
        )
        return journal.arrivals.register([new])[0].job_id

    return register
