"""File events are a hint: they wake the loop, and nothing depends on them."""

import threading
from pathlib import Path

from calciscope.service.intake.events import FolderEvents


def test_new_file_wakes_the_loop(tmp_path: Path) -> None:
    woken = threading.Event()
    events = FolderEvents(tmp_path, woken.set)
    events.start()
    for number in range(100):
        # Listening begins a moment after the thread.
        (tmp_path / f"{number}.dcm").write_bytes(b"x")
        if woken.wait(0.2):
            break
    events.stop()
    assert woken.is_set()


def test_folder_that_is_away_ends_nothing(tmp_path: Path) -> None:
    events = FolderEvents(tmp_path / "away", lambda: None)
    events.start()
    events.stop()
