"""One worker process as the service holds it: lines in, lines out, its memory, its end."""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from calciscope.errors import ServiceError
from calciscope.service.work.request import RunOptions
from calciscope.service.work.worker import READY

WORKER = "calciscope.service.work.worker"
CHUNK = 1 << 16
LOG_BYTES = 1 << 20
BYTES_PER_MIB = float(1 << 20)
CLOSE_SECONDS = 5.0


class ChildGone(Exception):
    """The process has ended, or does not listen."""


class Child:
    """A worker process that this thread started.

    It lives no longer than the thread that made it, see `worker`.

    Args:
        runner: factory of its runner, see `runners.make_runner`.
        options: to warm up.
        log: file for what libraries print in it; may hold anything of a study.

    Raises:
        OSError: it cannot be started.
        ChildGone: it ended at once.
    """

    def __init__(self, runner: str, options: Sequence[RunOptions], log: Path) -> None:
        self._log = log.open("ab")
        self._reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", WORKER, runner, str(writing), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(writing,),
            )
        except OSError:
            os.close(self._reading)
            self._log.close()
            raise
        finally:
            os.close(writing)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._reading, selectors.EVENT_READ)
        self._rest = b""
        try:
            self.send(json.dumps([asdict(each) for each in options]))
        except ChildGone:
            self.close(CLOSE_SECONDS)
            raise

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, line: str) -> None:
        """Hand a line over; raises ChildGone where nobody takes it."""
        if os.fstat(self._log.fileno()).st_size > LOG_BYTES:
            self._log.truncate(0)
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pipe.write(line.encode() + b"\n")
                pipe.flush()
        except OSError as error:
            raise ChildGone from error

    def answer(self, seconds: float) -> str | None:
        """The next line, or None when it does not come in time.

        Raises:
            ChildGone: the process has ended.
        """
        while b"\n" not in self._rest:
            if not self._selector.select(seconds):
                return None
            read = os.read(self._reading, CHUNK)
            if not read:
                raise ChildGone
            self._rest += read
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def ready(self, seconds: float) -> bool:
        """Wait for its models to be loaded; False when that takes longer.

        Raises:
            ServiceError: they cannot be.
            ChildGone: the process has ended.
        """
        line = self.answer(seconds)
        if line is None:
            return False
        said = json.loads(line)
        if said != READY:
            raise ServiceError(said["broken"])
        return True

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def memory_mib(self) -> float:
        """Resident size; 0 when it is gone, or cannot be told just now."""
        try:
            return float(psutil.Process(self.pid).memory_info().rss) / BYTES_PER_MIB
        except (psutil.Error, OSError):
            # The second where the service has no file descriptors left.
            return 0.0

    def wait(self, seconds: float) -> None:
        """Give it time to end by itself, so that its status is its own."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def close(self, seconds: float = 0.0) -> int:
        """End the process, by force after a while, and give its status; negative for a signal."""
        # An idle worker goes by itself when its input ends.
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        os.close(self._reading)
        self._log.close()
        return self._process.returncode

    def kill(self) -> None:
        """End the process at once, with whatever it started."""
        with suppress(psutil.Error):
            for each in psutil.Process(self.pid).children(recursive=True):
                with suppress(psutil.Error):
                    each.kill()
        self._process.kill()
        self.close(CLOSE_SECONDS)


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status == -signal.SIGKILL:
        return "was killed, most likely by the system for want of memory"
    if status < 0:
        with suppress(ValueError):
            return f"crashed ({signal.Signals(-status).name})"
    return f"ended by itself (status {status})"
