"""A thread that does one thing again and again, until it is told to stop."""

import logging
import threading
import time
from collections.abc import Callable

LOGGER = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 60.0


class Loop:
    """Calls `tick` every so often, or sooner when woken.

    An error in a tick is logged and the next one comes later, up to a minute: a full disk or a
    share that is away must not end the service.

    Args:
        name: of the thread, as logs and health show it.
        tick: one turn of the work; gives True when there is more to do at once.
        seconds: between two turns.
    """

    def __init__(self, name: str, tick: Callable[[], bool], seconds: float) -> None:
        self.name = name
        self._tick = tick
        self._seconds = seconds
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._turn_began: float | None = None
        self.failures = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Do not wait for the next turn."""
        self._wake.set()

    def stop(self) -> None:
        """Ask for the end after the turn that runs."""
        self._stopping = True
        self._wake.set()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end; gives whether it came."""
        if self._thread.ident is not None:  # else it was never started
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def turn_seconds(self) -> float:
        """For how long the turn that runs has been running; 0 between turns."""
        began = self._turn_began
        return 0.0 if began is None else time.monotonic() - began

    @property
    def alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    @property
    def healthy(self) -> bool:
        """Whether the thread lives and its last turn went well."""
        return self._thread.is_alive() and self.failures == 0

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self._turn_began = time.monotonic()
            try:
                more = self._tick()
                self.failures = 0
            except Exception:
                # Whatever it is, it is logged in full and tried again: nobody restarts a thread.
                more = False
                self.failures += 1
                LOGGER.exception("%s failed, turn %d in a row", self.name, self.failures)
            finally:
                self._turn_began = None
            if self._stopping or more:
                continue
            pause = self._seconds * 2 ** min(self.failures, 10)
            longest = max(LONGEST_PAUSE_SECONDS, self._seconds)
            self._wake.wait(self._seconds if not self.failures else min(pause, longest))


def end_loop(loop: Loop, seconds: float) -> None:
    """Stop a loop; one that hangs, as on a share that is away, is left behind after a while."""
    loop.stop()
    if not loop.join(seconds):
        LOGGER.warning("%s still hangs and is left behind", loop.name)
