"""Files that were left in place are remembered while they are there, even if the share is away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service.conftest import HandClock

from calciscope.service.journal.journal import Journal
from calciscope.service.operations import seen_files as module
from calciscope.service.operations.seen_files import SeenFiles

Remember = Callable[..., list[Path]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


@pytest.fixture
def remember(journal: Journal, folder: Path) -> Remember:
    """Makes files in the watched folder and remembers them."""

    def make(*names: str) -> list[Path]:
        paths = [folder / name for name in names]
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.write_text("x")
        journal.arrivals.remember_files([(str(path), 1, 2, "copied") for path in paths])
        return paths

    return make


def _known(journal: Journal, paths: list[Path]) -> list[bool]:
    return [journal.arrivals.knows_file(str(path), 1, 2) for path in paths]


def _round(folder: Path, journal: Journal, clock: HandClock) -> int:
    seen, ticks = SeenFiles([folder], journal, clock), 1
    while seen.tick():
        ticks += 1
    return ticks


def test_only_what_is_gone_is_forgotten(
    journal: Journal, clock: HandClock, folder: Path, remember: Remember,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, "AT_ONCE", 2)
    paths = remember("a", "b", "c", "d", "study/e")
    paths[1].unlink()
    paths[4].unlink()
    paths[4].parent.rmdir()
    assert _round(folder, journal, clock) == 1
    assert _known(journal, paths) == [True] * 5
    clock.advance(2 * 86_400)
    assert _round(folder, journal, clock) == 3
    assert _known(journal, paths) == [True, False, True, True, False]


def test_share_that_is_away_has_lost_nothing(
    journal: Journal, clock: HandClock, folder: Path, remember: Remember
) -> None:
    paths = remember("a", "study/b")
    clock.advance(2 * 86_400)
    away = folder.rename(folder.with_name("away"))
    _round(folder, journal, clock)
    folder.mkdir()
    _round(folder, journal, clock)
    assert _known(journal, paths) == [True, True]
    folder.rmdir()
    away.rename(folder)
    # A share mounted further down.
    paths[1].unlink()
    _round(folder, journal, clock)
    assert _known(journal, paths) == [True, True]


def test_files_of_other_folders_and_odd_names_are_left_alone(
    journal: Journal, clock: HandClock, folder: Path, remember: Remember
) -> None:
    remember("a")
    odd = [Path("/elsewhere/a"), folder / "\\udcff.dcm"]
    journal.arrivals.remember_files([(str(path), 1, 2, "copied") for path in odd])
    clock.advance(2 * 86_400)
    _round(folder, journal, clock)
    assert _known(journal, odd) == [True, True]


def test_folder_that_cannot_be_listed_does_not_end_the_round(
    journal: Journal, clock: HandClock, folder: Path, remember: Remember,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    hidden, gone = remember("closed/a", "b")
    hidden.unlink()
    gone.unlink()
    (folder / "c").write_text("x")
    clock.advance(2 * 86_400)
    real = Path.iterdir

    def listed(place: Path) -> Iterator[Path]:
        if place.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(Path, "iterdir", listed)
    _round(folder, journal, clock)
    assert _known(journal, [hidden, gone]) == [True, False]
