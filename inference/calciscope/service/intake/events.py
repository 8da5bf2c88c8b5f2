"""File events: a hint that wakes the loop of a watched folder sooner than its next scan."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import watch

LOGGER = logging.getLogger(__name__)

DEBOUNCE_MS = 1_600
"""Events that come together count as one, so that a stream of files does not scan without end."""

AGAIN_SECONDS = 60.0
"""After events could not be had, as when the folder is away."""


class FolderEvents:
    """Wakes somebody when something changes in a folder.

    Nothing depends on it: without events, scans find everything, only later.

    Args:
        folder: to listen to, with its subfolders.
        wake: called from a thread of its own.
    """

    def __init__(self, folder: Path, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._wake = wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folder events", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a second."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for _ in watch(
                    self._folder,
                    debounce=DEBOUNCE_MS,
                    rust_timeout=500,
                    stop_event=self._stop,
                    watch_filter=None,
                    raise_interrupt=False,
                ):
                    self._wake()
            except (OSError, RuntimeError) as error:
                LOGGER.warning("no file events, scans go on: %s", type(error).__name__)
                self._stop.wait(AGAIN_SECONDS)
