"""Leftovers go only after they were seen unchanged for long enough."""

import os
from pathlib import Path

from tests.service.conftest import HandClock

from calciscope.service.operations.leftovers import (
    Watch,
    files_in,
    remove,
    signature_of,
    take_aside,
)


def _due(watch: Watch, *paths: Path) -> list[Path]:
    return [path for path, _ in watch.due(paths)]


def test_file_comes_of_age(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "a"
    path.write_text("a")
    # An old date, as of a file that was moved here, says nothing.
    os.utime(path, (0, 0))
    watch = Watch(clock, 3_600)
    assert _due(watch, path) == []
    clock.advance(3_599)
    assert _due(watch, path) == []
    clock.advance(1)
    assert _due(watch, path) == [path]


def test_clock_that_is_set_ages_nothing(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "a"
    path.write_text("a")
    watch = Watch(clock, 3_600)
    watch.due([path])
    clock.set_wall(clock.now() + 10 * 365 * 86_400)
    assert _due(watch, path) == []


def test_file_that_changes_or_is_needed_meanwhile_begins_anew(
    tmp_path: Path, clock: HandClock
) -> None:
    written, needed = tmp_path / "a", tmp_path / "b"
    written.write_text("a")
    needed.write_text("b")
    watch = Watch(clock, 3_600)
    watch.due([written, needed])
    clock.advance(1_800)
    written.write_text("more")
    assert _due(watch, written) == []
    clock.advance(1_800)
    assert _due(watch, written, needed) == []
    clock.advance(1_800)
    assert _due(watch, written, needed, tmp_path / "absent") == [written]


def test_what_took_its_place_is_put_back(tmp_path: Path) -> None:
    path, aside = tmp_path / "a", tmp_path / "aside"
    path.write_text("orphan")
    seen = signature_of(path)
    assert seen is not None
    (tmp_path / "new").write_text("just received")
    (tmp_path / "new").rename(path)
    assert not take_aside(path, seen, aside)
    assert path.read_text() == "just received"
    assert not aside.exists()


def test_folder_that_took_its_place_is_put_back(tmp_path: Path) -> None:
    path, aside = tmp_path / "a", tmp_path / "aside"
    path.mkdir()
    seen = signature_of(path)
    assert seen is not None
    path.rename(tmp_path / "former")
    path.mkdir()
    (path / "report.html").write_text("new")
    assert not take_aside(path, seen, aside)
    assert (path / "report.html").read_text() == "new"


def test_same_file_and_folder_go(tmp_path: Path) -> None:
    file, folder = tmp_path / "a", tmp_path / "b"
    file.write_text("a")
    folder.mkdir()
    (folder / "c").write_text("c")
    for path in (file, folder):
        seen = signature_of(path)
        assert seen is not None
        assert take_aside(path, seen, tmp_path / "aside")
        remove(tmp_path / "aside")
    assert files_in(tmp_path) == []


def test_what_is_gone_already_does_no_harm(tmp_path: Path) -> None:
    assert not take_aside(tmp_path / "absent", (1, 1, 1, 1), tmp_path / "aside")
    assert files_in(tmp_path / "absent") == []


def test_link_is_removed_and_not_what_it_points_to(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    link.symlink_to(target)
    remove(link)
    assert files_in(tmp_path) == [target]
