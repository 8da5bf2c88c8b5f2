"""Stand-ins for the analysis: what a study does is said by the content of its first file.

Workers import this module by name, so the root of the checkout must be on their path.
"""

import errno
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from calciscope.errors import ModelError
from calciscope.service.work.outcome import (
    Outcome,
    OutcomeKind,
    failed,
    outcome_of,
    refused,
)
from calciscope.service.work.places import publish_once
from calciscope.service.work.request import RunOptions, WorkRequest

OBEDIENT = "tests.service.work.stand_in:Obedient"
BROKEN = "tests.service.work.stand_in:Broken"
MEBIBYTE = 1 << 20


class Obedient:
    """Does what the first file says: nothing special, exit, kill, hang, eat, refuse or fail."""

    def warm_up(self, options: Sequence[RunOptions]) -> None:
        """There is nothing to load."""

    def run(self, request: WorkRequest) -> Outcome:
        """Write a small result, unless told otherwise."""
        order = Path(request.files[0][1]).read_bytes().decode("latin-1")
        note_of_start(request)
        if order == "exit":
            os._exit(3)
        if order == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "hang":
            time.sleep(600)
        if order == "eat":
            hoard = [bytearray(b"x" * MEBIBYTE) for _ in range(400)]
            time.sleep(600.0 * len(hoard))
        if order == "raise":
            raise ValueError("Doe^Jane")
        if order == "garble":
            return Garbled(OutcomeKind.DONE)
        if order == "refuse":
            return refused("there is no CT in the study", "no_ct")
        if order == "fail":
            return failed("the analysis broke off", "error")
        if order.startswith("wait for "):
            waiting = Path(order.removeprefix("wait for "))
            while not waiting.exists():
                time.sleep(0.01)
        write_result(request)
        return Outcome(OutcomeKind.DONE, times_s={"read": 0.1}, peak_ram_mb=12.0)


class Garbled(Outcome):
    """An answer that nobody understands."""

    def to_json(self) -> str:
        return '{"kind": "perhaps"}'


class NoRoom(Obedient):
    """Finds the disk full."""

    def run(self, request: WorkRequest) -> Outcome:
        """As an analysis does that cannot write."""
        return outcome_of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


class Broken:
    """Has no model."""

    def warm_up(self, options: Sequence[RunOptions]) -> None:
        """Fails as a missing model does."""
        raise ModelError("model ct-calcification 9 is not here; install it")

    def run(self, request: WorkRequest) -> Outcome:
        """Never called."""
        raise NotImplementedError


def note_of_start(request: WorkRequest) -> None:
    """Leave a file that says which process began."""
    folder = request.output_folder.parent
    (folder / f"begun-{os.getpid()}").touch()


def write_result(request: WorkRequest) -> None:
    """A result like the real one, only smaller."""
    draft = request.output_folder.parent / f"draft-{os.getpid()}"
    draft.mkdir()
    said = {"job": request.job_id, "files": len(request.files)}
    (draft / "findings.json").write_text(json.dumps(said))
    (draft / "report.html").write_text(request.content_key)
    publish_once(draft, request.output_folder)
